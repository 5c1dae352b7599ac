"""Lost calls in intake's database: what a list needs of one lies beside its facts, in the contact's own document.

`missed` of a contact: `stage` (domain/missed.py; the highest one ever written counts), `ref` and `at`, its caller and
its beginning, and `again_from`. All of it follows from facts, so it may be written twice and in any order.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from pymongo import ASCENDING

from services.intake.domain.missed import STAGES, Missed, ref_of
from services.intake.store import MemoryContacts
from shared.documents import Document
from shared.mongo import merge, reachable

OPEN, MADE_UP = STAGES["open"], STAGES["made_up"]
SERVED: list[Document] = [{"answered": {"$exists": True}}, {"ended.served": True}]
ORDER = [("missed.at", ASCENDING), ("_id", ASCENDING)]
REF, TIME = "offered.person.caller_ref", "offered.time"


class Came(NamedTuple):
    """A caller came: which contact, who by his blind reference, when; `served`: and was, else the call was lost."""

    contact: str
    ref: str
    at: datetime
    served: bool

    def makes_up_for(self, lost: "Came") -> bool:
        """Nobody has to be called back who came again since; a call that was answered after all was not lost."""
        later = self.at >= lost.at if self.served else self.at > lost.at
        return self.ref == lost.ref and later


class Mark(NamedTuple):
    """After which row a page of the list begins."""

    at: datetime
    contact: str


def mark_of(contact: Document) -> Mark:
    return Mark(contact["missed"]["at"], contact["_id"])


class MissedStore(Protocol):
    """Every method raises StoreAway while the database is away."""

    async def unanswered(self, contacts: Collection[str]) -> list[Document]:
        """Of these, the calls that are over and that nobody answered, whole."""
        ...

    async def served(self, contacts: Collection[str]) -> list[Came]:
        """Of these, those whose caller was served."""
        ...

    async def put(self, found: Mapping[str, Missed]) -> None:
        """What is known now of these calls; a state is never taken back."""
        ...

    async def make_up(self, contacts: Collection[str]) -> None:
        """These need nobody who calls back any more."""
        ...

    async def any_open(self) -> bool:
        """Whether anybody has to be called back."""
        ...

    async def open_of(self, refs: Collection[str]) -> list[Came]:
        """Lost calls of these callers that are open."""
        ...

    async def came_after(self, lost: Came) -> bool:
        """Whether its caller came again, by what is stored now."""
        ...

    async def lost(self, contact: str) -> Document | None:
        """A call that was lost, whole, whatever became of it; None where there is no such call."""
        ...

    async def page(self, after: Mark | None, limit: int) -> list[Document]:
        """Contacts that somebody has to call back, who waits longest first."""
        ...


class MongoMissed:
    """Over the collection of contacts; a call that was not lost is in none of the lists' indexes."""

    def __init__(self, database: Any) -> None:
        self._contacts = database.contacts

    async def prepare(self) -> None:
        """Create the indexes."""
        still_open = {"partialFilterExpression": {"missed.stage": OPEN}}
        with reachable():
            await self._contacts.create_index(ORDER, **still_open)
            await self._contacts.create_index([("missed.ref", ASCENDING)], **still_open)
            await self._contacts.create_index(
                [(REF, ASCENDING), (TIME, ASCENDING)], partialFilterExpression={REF: {"$gt": ""}}
            )

    async def unanswered(self, contacts: Collection[str]) -> list[Document]:
        over = {"ended": {"$exists": True}, "answered": {"$exists": False}, "offered.channel": "call"}
        return await self._find({"_id": {"$in": list(contacts)}, **over, REF: {"$gt": ""}})

    async def served(self, contacts: Collection[str]) -> list[Came]:
        query = {"_id": {"$in": list(contacts)}, "$or": SERVED, REF: {"$gt": ""}}
        return [_came(one, served=True) for one in await self._find(query, {REF: 1, TIME: 1})]

    async def put(self, found: Mapping[str, Missed]) -> None:
        if found:
            await merge(self._contacts, {contact: _change(missed) for contact, missed in found.items()}, new=())

    async def make_up(self, contacts: Collection[str]) -> None:
        if contacts:
            await merge(self._contacts, {one: {"$max": {"missed.stage": MADE_UP}} for one in contacts}, new=())

    async def any_open(self) -> bool:
        # Without its order the index of the list is not thought of.
        with reachable():
            return await self._contacts.find_one({"missed.stage": OPEN}, {"_id": 1}, sort=ORDER) is not None

    async def open_of(self, refs: Collection[str]) -> list[Came]:
        if not refs:
            return []
        found = await self._find({"missed.stage": OPEN, "missed.ref": {"$in": list(refs)}}, {REF: 1, TIME: 1})
        return [_came(one, served=False) for one in found]

    async def came_after(self, lost: Came) -> bool:
        again = [*SERVED, {"missed.stage": {"$exists": True}, TIME: {"$gt": lost.at}}]
        query = {REF: lost.ref, TIME: {"$gte": lost.at}, "_id": {"$ne": lost.contact}, "$or": again}
        with reachable():
            return await self._contacts.find_one(query, {"_id": 1}) is not None

    async def lost(self, contact: str) -> Document | None:
        found = await self._find({"_id": contact, "missed": {"$exists": True}, "answered": {"$exists": False}})
        return found[0] if found else None

    async def page(self, after: Mark | None, limit: int) -> list[Document]:
        wanted: Document = {"missed.stage": OPEN, "answered": {"$exists": False}}
        if after is not None:
            same = {**wanted, "missed.at": after.at, "_id": {"$gt": after.contact}}
            wanted = {"$or": [{**wanted, "missed.at": {"$gt": after.at}}, same]}
        with reachable():
            found: list[Document] = await self._contacts.find(wanted).sort(ORDER).limit(limit).to_list(None)
        return found

    async def _find(self, query: Document, only: Document | None = None) -> list[Document]:
        with reachable():
            found: list[Document] = await self._contacts.find(query, only).to_list(None)
        return found


class MemoryMissed:
    """The same over contacts in memory, for tests."""

    def __init__(self, contacts: MemoryContacts) -> None:
        self._rows = contacts.rows

    async def unanswered(self, contacts: Collection[str]) -> list[Document]:
        return [one for one in self._of(contacts) if "ended" in one and "answered" not in one and _is_call(one)]

    async def served(self, contacts: Collection[str]) -> list[Came]:
        return [_came(one, served=True) for one in self._of(contacts) if _is_served(one)]

    async def put(self, found: Mapping[str, Missed]) -> None:
        for contact, missed in found.items():
            known = self._rows[contact].setdefault("missed", {"stage": 0, "again_from": None})
            known.update(_plain(missed), stage=max(known["stage"], STAGES[missed.state]))

    async def make_up(self, contacts: Collection[str]) -> None:
        for contact in contacts:
            known = self._rows[contact]["missed"]
            known["stage"] = max(known["stage"], MADE_UP)

    async def any_open(self) -> bool:
        return self._open() != []

    async def open_of(self, refs: Collection[str]) -> list[Came]:
        return [_came(one, served=False) for one in self._open() if one["missed"]["ref"] in refs]

    async def came_after(self, lost: Came) -> bool:
        others = [one for one in self._of(self._rows) if one["_id"] != lost.contact]
        came = [_came(one, served=_is_served(one)) for one in others if _is_served(one) or "missed" in one]
        return any(one.makes_up_for(lost) for one in came)

    async def lost(self, contact: str) -> Document | None:
        row = self._rows.get(contact, {})
        return row if "missed" in row and "answered" not in row else None

    async def page(self, after: Mark | None, limit: int) -> list[Document]:
        rows = sorted((one for one in self._open() if "answered" not in one), key=mark_of)
        return [row for row in rows if after is None or mark_of(row) > after][:limit]

    def _open(self) -> list[Document]:
        return [one for one in self._rows.values() if one.get("missed", {}).get("stage") == OPEN]

    def _of(self, contacts: Collection[str]) -> list[Document]:
        """Those of them that a known caller began."""
        return [self._rows[one] for one in contacts if ref_of(self._rows.get(one, {}))]


def _plain(missed: Missed) -> Document:
    return {"ref": missed.ref, "at": missed.at, "again_from": missed.again_from}


def _change(missed: Missed) -> Document:
    return {
        "$max": {"missed.stage": STAGES[missed.state], "missed.again_from": missed.again_from},
        "$set": {"missed.ref": missed.ref, "missed.at": missed.at},
    }


def _came(contact: Document, *, served: bool) -> Came:
    return Came(contact["_id"], ref_of(contact), contact["offered"]["time"], served)


def _is_call(contact: Document) -> bool:
    return bool(contact["offered"]["channel"] == "call")


def _is_served(contact: Document) -> bool:
    return "answered" in contact or bool(contact.get("ended", {}).get("served"))
