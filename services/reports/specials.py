"""Special reports: drafted once per trigger and day, kept frozen, completed and signed by the office."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import msgspec
import structlog
from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from services.reports.domain.alerts import Alert
from services.reports.domain.case_facts import CaseFact
from services.reports.domain.special import (
    Counts,
    Remarks,
    Selection,
    Special,
    count,
    distinct,
    examples,
    selection_of,
)
from services.reports.issues import next_number
from services.reports.office import PAST_DAYS, Office
from services.reports.store import Store
from shared.away import AWAY
from shared.clock import CHINA, Clock
from shared.ids import derive
from shared.mongo import reachable
from shared.tasks import repeating

log = structlog.get_logger()
MOST_CASES = 20_000
"""Of a selection; further ones are not counted, and a selection of so many is refused."""
LOOK_S = 20.0
PAGE = 200
POLICY = "service:reports"


class Signed(Exception):
    """A signed report does not change."""


class TooMany(Exception):
    """The selection holds more cases than one report can be about."""


class Kept(NamedTuple):
    special: Special
    rev: int


class Specials(Protocol):
    """Where they are kept. Every method raises StoreAway while the database is away."""

    async def get(self, special: str) -> Kept | None: ...

    async def listed(self) -> list[Special]:
        """The newest first."""
        ...

    async def add(self, special: Special) -> Special:
        """Keep it with the next number; one that is there already stays as it is and is returned."""
        ...

    async def change(self, special: Special, rev: int) -> bool:
        """Write over that revision; False where somebody else was faster."""
        ...


class MongoSpecials:
    """In MongoDB: `_id`, `number` unique, `rev`, `special` (JSON text, so that it comes back to the byte)."""

    def __init__(self, database: Any) -> None:
        self._specials = database.specials

    async def prepare(self) -> None:
        with reachable():
            await self._specials.create_index("number", unique=True)

    async def get(self, special: str) -> Kept | None:
        with reachable():
            row = await self._specials.find_one({"_id": special})
        return None if row is None else Kept(_read(row), row["rev"])

    async def listed(self) -> list[Special]:
        with reachable():
            rows = await self._specials.find().sort("number", DESCENDING).limit(PAGE).to_list(None)
        return [_read(row) for row in rows]

    async def add(self, special: Special) -> Special:
        while True:
            known = await self.get(special.id)
            if known is not None:
                return known.special
            made = msgspec.structs.replace(special, number=await next_number(self._specials))
            try:
                with reachable():
                    await self._specials.insert_one({"_id": made.id, "rev": 1, **_fields(made)})
            except DuplicateKeyError:
                continue  # somebody else made it or took this number
            return made

    async def change(self, special: Special, rev: int) -> bool:
        with reachable():
            done = await self._specials.update_one(
                {"_id": special.id, "rev": rev}, {"$set": _fields(special), "$inc": {"rev": 1}}
            )
        return bool(done.modified_count)


class MemorySpecials:
    """In memory, for tests."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}

    async def get(self, special: str) -> Kept | None:
        return self._kept.get(special)

    async def listed(self) -> list[Special]:
        return [kept.special for kept in reversed(self._kept.values())]

    async def add(self, special: Special) -> Special:
        made = msgspec.structs.replace(special, number=len(self._kept) + 1)
        return self._kept.setdefault(special.id, Kept(made, 1)).special

    async def change(self, special: Special, rev: int) -> bool:
        if self._kept[special.id].rev != rev:
            return False
        self._kept[special.id] = Kept(special, rev + 1)
        return True


class SpecialDesk:
    """Makes special reports, by hand and where policy calls for one; `most`: cases of one."""

    def __init__(
        self, store: Callable[[], Store], specials: Specials, office: Office, clock: Clock, most: int = MOST_CASES
    ) -> None:
        self._store = store
        self._specials = specials
        self._office = office
        self._clock = clock
        self._most = most

    async def get(self, special: str) -> Special | None:
        kept = await self._specials.get(special)
        return kept.special if kept else None

    async def listed(self) -> list[Special]:
        return await self._specials.listed()

    async def make(self, selection: Selection, title: str, key: str, by: str) -> Special:
        """By hand; the same person's same key is the same report. Raises TooMany."""
        name = derive("special", by, key)
        code = selection.topic or selection.area
        return await self._made(name, "hand", code, selection, None, by, Remarks(title=title))

    async def watch(self) -> None:
        """For ever: what policy calls for is drafted, once per reason, subject and day."""
        await repeating(self.look, LOOK_S, self._clock.sleep)

    async def look(self) -> list[Special]:
        """Drafts for the alerts of this moment; those of today that are drafted already stay as they are."""
        now = self._office.now()
        made = [await self._drafted(alert, now) for alert in await self._office.alerts(now)]
        return [special for special in made if special is not None]

    async def _drafted(self, alert: Alert, now: datetime) -> Special | None:
        """Nothing where it is there already, or cannot be made: that stops no other subject."""
        name = derive("special", alert.kind, alert.code, now.astimezone(CHINA).date().isoformat())
        about = {"kind": alert.kind, "code": alert.code, "cases": alert.count}
        try:
            return None if await self._specials.get(name) else await self._draft(name, alert, now)
        except AWAY:
            raise
        except TooMany:
            log.warning("the subject is too large for a special report", most=self._most, **about)
        except Exception:
            log.exception("a special report could not be drafted; the others are", **about)
        return None

    async def _draft(self, name: str, alert: Alert, now: datetime) -> Special:
        selection = selection_of(alert, now, self._office.limits, PAST_DAYS)
        usual = None if alert.usual is None else await self._office.usual(alert.code, now)
        return await self._made(name, alert.kind, alert.code, selection, usual, POLICY, Remarks())

    async def _made(
        self, name: str, reason: str, code: str, selection: Selection, usual: float | None, by: str, remarks: Remarks
    ) -> Special:  # fmt: skip
        facts = await self._facts(selection)
        made = Special(
            id=name,
            number=0,
            reason=reason,
            code=code,
            made_at=self._clock.now().astimezone(CHINA).isoformat(timespec="seconds"),
            made_by=by,
            selection=selection,
            usual=usual,
            counts=count(facts, selection),
            examples=examples(distinct(facts)),
            remarks=remarks,
        )
        return await self._specials.add(made)

    async def counted(self, selection: Selection) -> Counts:
        """The selection's figures now. Raises TooMany."""
        return count(await self._facts(selection), selection)

    async def _facts(self, selection: Selection) -> dict[str, CaseFact]:
        found = await self._store().facts(selection, self._most + 1)
        if len(found) > self._most:
            raise TooMany
        return found

    async def differing(self, special: Special) -> list[str]:
        """Names of the figures that have another value when counted again now; what grew too large is so in all."""
        names = Counts.__struct_fields__
        try:
            now = await self.counted(special.selection)
        except TooMany:
            return [*names]
        return [name for name in names if getattr(now, name) != getattr(special.counts, name)]

    async def write(self, special: str, remarks: Remarks) -> Special | None:
        """The office's words, the title only where it gives one; None for no such report. Raises Signed."""

        def written(known: Special) -> Special:
            title = remarks.title or known.remarks.title
            return msgspec.structs.replace(known, remarks=msgspec.structs.replace(remarks, title=title))

        return await self._changed(special, written)

    async def sign(self, special: str, by: str) -> Special | None:
        """From here on it stays as it is; the same person may repeat it. Raises Signed."""
        known = await self.get(special)
        if known is not None and known.signed_by == by:
            return known
        return await self._changed(special, lambda known: msgspec.structs.replace(known, signed_by=by))

    async def _changed(self, special: str, change: Callable[[Special], Special]) -> Special | None:
        while True:
            kept = await self._specials.get(special)
            if kept is None:
                return None
            if kept.special.signed_by:
                raise Signed
            made = change(kept.special)
            if await self._specials.change(made, kept.rev):
                return made
            await asyncio.sleep(0)


def _fields(special: Special) -> dict[str, Any]:
    return {"number": special.number, "special": msgspec.json.encode(special).decode()}


def _read(row: dict[str, Any]) -> Special:
    return msgspec.json.decode(row["special"], type=Special)
