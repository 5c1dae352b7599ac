"""Suggestions of duplicates: every replica of the API has an index of the open cases, filled once and kept by events.

It may be a moment behind, and says nothing that a person does not look at; what it suggests is checked against the
store. Kafka's offsets show whether an event was missed: then it is filled anew.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from operator import itemgetter
from typing import Any

from msgspec import Struct, structs

from services.dispatch.domain.case import Case
from services.dispatch.domain.likeness import DuplicatesPolicy, Likeness, Matter, ranked, sketch_of
from services.dispatch.store import MongoStore, read_case
from shared import names
from shared.documents import Document
from shared.events import cases as e
from shared.events.envelope import Unreadable, decode
from shared.privacy import is_secret
from shared.records import TYPE, Received, header
from shared.states import OVER
from shared.tasks import repeating

KEYS, ASKED = 8, 24
"""Hashes of a sketch that a case is found by, and how many of the asker's own are looked up."""
BUCKET = 400
"""Cases kept under one key, the newest; a key that more share says little."""
CANDIDATES = 100
"""Cases that are compared in full."""
PAGE = 200
PERIOD_S = 1.0
_ENDS = (e.CaseClosed, e.CaseMerged, e.CaseWithdrawn)
_AGAIN = (e.CaseReopened, e.CaseReopenRequested, e.CaseSeparated)
INTERESTS = frozenset(e.CASES.types[one] for one in (e.CaseRegistered, e.ContactAttached, *_ENDS, *_AGAIN))


class Suggestion(Struct, frozen=True, kw_only=True):
    """One open case that may be about the same matter, and why."""

    case: str
    number: str
    title: str
    likeness: Likeness


class Index:
    """Open cases by hashes of their text, by address and by caller. A key holds its newest cases only."""

    def __init__(self) -> None:
        self.matters: dict[str, Matter] = {}
        self._buckets: dict[int | str, list[str]] = {}
        self._fresh: dict[str, tuple[datetime, e.CaseRegistered]] = {}

    def registered(self, case: str, at: datetime, data: e.CaseRegistered) -> None:
        """To be added by `settle`: most cases end with the call that they came by, and need no sketch."""
        self._fresh[case] = at, data

    def settle(self) -> None:
        """Add those that were registered and are still open."""
        fresh, self._fresh = self._fresh, {}
        for case, (at, data) in fresh.items():
            self.add(_registered(case, at, data))

    def add(self, matter: Matter) -> None:
        known = self.matters.get(matter.case)
        self.matters[matter.case] = matter
        fresh = set(_keys(matter, KEYS)) - (set(_keys(known, KEYS)) if known else set())
        for key in fresh:
            bucket = self._buckets.setdefault(key, [])
            bucket.append(matter.case)
            if len(bucket) >= 2 * BUCKET:
                bucket[:] = [case for case in bucket if case in self.matters][-BUCKET:]

    def remove(self, case: str) -> None:
        """The case is forgotten, and so are keys that nobody else has."""
        self._fresh.pop(case, None)
        known = self.matters.pop(case, None)
        for key in _keys(known, KEYS) if known else ():
            bucket = self._buckets.get(key)
            if bucket is not None and not any(other in self.matters for other in bucket):
                del self._buckets[key]

    def matter(self, case: str) -> Matter | None:
        """An open case as it is compared, if it is known here."""
        self.settle()
        return self.matters.get(case)

    def candidates(self, matter: Matter) -> list[Matter]:
        """Those that share most keys, the newest first among equals; what is confidential is compared by itself."""
        self.settle()
        votes: Counter[str] = Counter()
        for key in _keys(matter, ASKED):
            votes.update(islice(reversed(self._buckets.get(key, ())), BUCKET))
        votes.pop(matter.case, None)
        best = sorted(votes.items(), key=itemgetter(1), reverse=True)
        found = (self.matters[case] for case, _ in best if case in self.matters)
        return list(islice((other for other in found if other.secret == matter.secret), CANDIDATES))


def _keys(matter: Matter, hashes: int) -> Iterable[int | str]:
    yield from matter.sketch[:hashes]
    if matter.address:
        yield f"at {matter.address}"
    for caller in matter.callers:
        yield f"by {caller}"


class Duplicates:
    """Keeps the index of this process, and answers from it."""

    def __init__(self, store: MongoStore, policy: DuplicatesPolicy) -> None:
        self._store = store
        self._policy = policy
        self.index = Index()
        self._filling: Index | None = None
        self._offsets: dict[tuple[str, int], int] = {}
        self._again: set[str] = set()
        self._stale = True

    async def run(self) -> None:
        """Fill, and go on filling what events alone cannot tell."""
        await repeating(self.refresh, PERIOD_S)

    async def refresh(self) -> None:
        if self._stale:
            self._stale = False
            try:
                await self._fill()
            except BaseException:
                self._stale = True
                raise
        self.index.settle()
        again, self._again = self._again, set()
        try:
            found = await self._store.cases.load(again, omit=("log",)) if again else {}
        except BaseException:
            self._again |= again
            raise
        for document in found.values():
            self._put(self.index, document)

    async def _fill(self) -> None:
        """A new index from the store, while events go into both."""
        filling = self._filling = Index()
        after = ""
        while page := await self._store.page({"state": {"$nin": sorted(OVER)}}, after, PAGE):
            for document in page:
                self._put(filling, document)
            after = page[-1]["_id"]
        self.index, self._filling = filling, None
        names.DUPLICATES_INDEXED.inc(len(self.index.matters))

    def _put(self, index: Index, document: Document) -> None:
        case = read_case(document)
        if case.registered and document["state"] not in OVER:
            index.add(matter_of(case))

    def see(self, record: Received) -> None:
        """One record of `cases`, from a follower that may have missed some before it."""
        place = record.topic, record.partition
        before = self._offsets.get(place)
        self._offsets[place] = record.offset
        if before is not None and record.offset > before + 1:
            self._stale = True
        kind = header(record, TYPE)
        if kind in INTERESTS or kind not in e.CASES.models:
            self._apply(record)

    def _apply(self, record: Received) -> None:
        try:
            event = decode(record.value)
            data = e.CASES.data(event)
        except Unreadable:
            return  # the readers of `cases` have told the operator
        for index in (self.index, self._filling) if self._filling is not None else (self.index,):
            self._change(index, event.subject, event.time, data)

    def _change(self, index: Index, case: str, at: datetime, data: Any) -> None:
        if isinstance(data, e.CaseRegistered):
            index.registered(case, at, data)
        elif isinstance(data, _ENDS):
            index.remove(case)
        elif isinstance(data, _AGAIN):
            self._again.add(case)
        elif isinstance(data, e.ContactAttached):
            index.settle()
            if (known := index.matters.get(case)) is not None:
                index.add(_joined(known, data.reporter.person.caller_ref))

    async def of(self, matter: Matter) -> list[Suggestion]:
        """The most alike of the open cases; those that ended in this very moment are left out."""
        found = ranked(matter, self.index.candidates(matter), self._policy)
        over = await self._store.in_states([other.case for _, other in found], OVER)
        return [
            Suggestion(case=other.case, number=other.number, title=other.title, likeness=like)
            for like, other in found
            if other.case not in over
        ]  # fmt: skip


def matter_of(case: Case) -> Matter:
    """A stored case as it is compared."""
    assert case.time is not None
    return Matter(
        case=case.id,
        number=case.number,
        title=case.title,
        sketch=sketch_of(case.title, case.text),
        area=case.area,
        address=case.address,
        callers=frozenset(debt.reporter.person.caller_ref for debt in case.debts) - {""},
        secret=is_secret(case.request_type),
        at=case.time,
    )


def _registered(case: str, at: datetime, data: e.CaseRegistered) -> Matter:
    return Matter(
        case=case,
        number=data.number,
        title=data.title,
        sketch=sketch_of(data.title, data.text),
        area=data.area,
        address=data.address,
        callers=frozenset({data.reporter.person.caller_ref}) - {""},
        secret=is_secret(data.request_type),
        at=at,
    )


def _joined(known: Matter, caller: str) -> Matter:
    callers = known.callers | ({caller} if caller else frozenset())
    return known if callers == known.callers else structs.replace(known, callers=callers)
