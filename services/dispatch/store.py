"""dispatch's database: cases with their log, commands that wait for their case, and leased blocks of numbers.

A case document: `_id`, `rev`, `case` (domain state), `log` (records in order), and for queries `number`, `state`,
`contact` (contact and matter), `work` (unit and state of each open order), `link` (to which event case), and of open
cases `keeper`, or `unkept`: since when nobody keeps the case.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec
from pymongo import ASCENDING, ReturnDocument, UpdateOne

from services.dispatch.domain.case import Case
from services.dispatch.domain.fold import Entry
from services.dispatch.domain.states import state_of
from shared.documents import Document, Documents, Write
from shared.mongo import MongoDocuments, reachable
from shared.states import ENDED, OVER
from shared.testing import MemoryDocuments, MemoryTable, Process

PAGE = 1000
BLOCK = 200
"""Case numbers leased at once; those unused at the end of a process stay gaps."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A command whose case is unknown: its record, and since when (unix seconds)."""

    id: str
    case_id: str
    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    since: float
    alarmed: bool = False


class Store(Protocol):
    """What the handlers need. Every method raises StoreAway while the database is away."""

    @property
    def cases(self) -> Documents: ...

    async def first_cases(self, contacts: Sequence[str]) -> dict[str, str]:
        """Case id by `contact#matter`, for those that are registered."""
        ...

    async def put_waiting(self, rows: Sequence[Waiting]) -> None: ...

    async def waiting(self, after: str = "") -> list[Waiting]:
        """A page of rows, by id after `after`."""
        ...

    async def one_waiting(self, command: str) -> Waiting | None: ...

    async def known(self, cases: Sequence[str]) -> set[str]: ...

    async def drop_waiting(self, ids: Sequence[str]) -> None: ...

    async def mark_alarmed(self, ids: Sequence[str]) -> None: ...

    async def lease(self, day: str) -> range:
        """A block of numbers of that day, which nobody else will get."""
        ...

    async def unkept(self, since: datetime) -> int:
        """Open cases that nobody has kept since then or longer."""
        ...

    async def page(self, query: Document, after: str, limit: int) -> list[Document]:
        """Cases whose fields are those of the query, by id after `after`, without their logs."""
        ...


def read_case(document: Document) -> Case:
    return msgspec.convert(document["case"], Case)


def write_of(case: Case, rev: int, contact: str, entries: Sequence[Entry]) -> Write:
    """The one write of a case: state, records and the fields of the queries."""
    state = state_of(case)
    still = case.registered and state not in OVER
    fields: Document = {
        "case": msgspec.to_builtins(case),
        "state": state,
        "number": case.number or None,
        "work": [{"unit": order.unit, "state": order.state} for order in case.orders if order.state not in ENDED],
        "keeper": case.keeper if still else None,
        "unkept": case.unkept_since if still else None,
    }
    if contact and case.registered:
        fields["contact"] = contact
    if case.related.link is not None or case.related.links:
        fields["link"] = _link(case)
    log = [{"s": entry.sequence, "t": entry.topic, "v": entry.value} for entry in entries]
    return Write(case.id, rev, fields, {"log": log})


def _link(case: Case) -> Document | None:
    """Which event case it is linked to, whether it waits for it, and the number of the link."""
    link = case.related.link
    return {"to": link.event_case, "waits": state_of(case) == "LINKED", "n": link.number} if link else None


def read_log(document: Document) -> list[Entry]:
    return [Entry(sequence=row["s"], topic=row["t"], value=bytes(row["v"])) for row in document.get("log", ())]


class MongoStore:
    """The store on MongoDB."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.cases: Documents = MongoDocuments(database.cases)

    async def prepare(self) -> None:
        """Create the indexes."""
        cases = self._database.cases
        await cases.create_index([("contact", ASCENDING)], unique=True, sparse=True)
        await cases.create_index([("number", ASCENDING)])
        await cases.create_index([("work.unit", ASCENDING), ("work.state", ASCENDING), ("_id", ASCENDING)])
        await cases.create_index([("state", ASCENDING), ("_id", ASCENDING)])
        still = {"partialFilterExpression": {"keeper": {"$gte": ""}}}
        await cases.create_index([("keeper", ASCENDING), ("_id", ASCENDING)], name="open_by_keeper", **still)
        await cases.create_index("unkept", partialFilterExpression={"unkept": {"$type": "date"}})

    async def first_cases(self, contacts: Sequence[str]) -> dict[str, str]:
        with reachable():
            found = await self._database.cases.find({"contact": {"$in": list(contacts)}}, {"contact": 1}).to_list(None)
        return {row["contact"]: row["_id"] for row in found}

    async def put_waiting(self, rows: Sequence[Waiting]) -> None:
        operations = [UpdateOne({"_id": row.id}, {"$setOnInsert": _row(row)}, upsert=True) for row in rows]
        with reachable():
            await self._database.waiting.bulk_write(operations, ordered=False)

    async def waiting(self, after: str = "") -> list[Waiting]:
        with reachable():
            found = self._database.waiting.find({"_id": {"$gt": after}}).sort("_id", ASCENDING)
            rows = await found.limit(PAGE).to_list(None)
        return [_unrow(row) for row in rows]

    async def one_waiting(self, command: str) -> Waiting | None:
        with reachable():
            found = await self._database.waiting.find_one({"_id": command})
        return None if found is None else _unrow(found)

    async def known(self, cases: Sequence[str]) -> set[str]:
        with reachable():
            found = await self._database.cases.find({"_id": {"$in": list(cases)}}, {"_id": 1}).to_list(None)
        return {row["_id"] for row in found}

    async def drop_waiting(self, ids: Sequence[str]) -> None:
        with reachable():
            await self._database.waiting.delete_many({"_id": {"$in": list(ids)}})

    async def mark_alarmed(self, ids: Sequence[str]) -> None:
        with reachable():
            await self._database.waiting.update_many({"_id": {"$in": list(ids)}}, {"$set": {"alarmed": True}})

    async def lease(self, day: str) -> range:
        with reachable():
            row = await self._database.numbers.find_one_and_update(
                {"_id": day}, {"$inc": {"next": BLOCK}}, upsert=True, return_document=ReturnDocument.AFTER
            )
        return range(row["next"] - BLOCK + 1, row["next"] + 1)

    async def in_states(self, cases: Sequence[str], states: Collection[str]) -> set[str]:
        """Those of the cases that are in one of the states now."""
        query = {"_id": {"$in": list(cases)}, "state": {"$in": list(states)}}
        with reachable():
            found = await self._database.cases.find(query, {"_id": 1}).to_list(None) if cases else []
        return {row["_id"] for row in found}

    async def by_number(self, number: str) -> list[Document]:
        """The case with this number, with its log."""
        with reachable():
            found: list[Document] = await self._database.cases.find({"number": number}).to_list(1)
        return found

    async def unkept(self, since: datetime) -> int:
        """Open cases that nobody has kept since then or longer."""
        with reachable():
            return int(await self._database.cases.count_documents({"unkept": {"$lte": since, "$type": "date"}}))

    async def page(self, query: Document, after: str, limit: int) -> list[Document]:
        bounded = {**query, "_id": {"$gt": after}} if after else query
        with reachable():
            found: list[Document] = await (
                self._database.cases.find(bounded, {"log": 0, "case.causes": 0})
                .sort("_id", ASCENDING)
                .limit(limit)
                .to_list(None)
            )
        return found


def _row(row: Waiting) -> Document:
    fields = msgspec.structs.asdict(row)
    del fields["id"]
    return {**fields, "headers": [list(header) for header in row.headers]}


def _unrow(row: Document) -> Waiting:
    headers = tuple((key, bytes(value)) for key, value in row["headers"])
    rest = {name: row[name] for name in ("case_id", "topic", "since", "alarmed")}
    return Waiting(id=row["_id"], key=bytes(row["key"]), value=bytes(row["value"]), headers=headers, **rest)


class MemoryState:
    """What a memory store keeps through a crash."""

    def __init__(self) -> None:
        self.cases = MemoryTable(unique=("contact",))
        self.waiting: dict[str, Waiting] = {}
        self.numbers: dict[str, int] = {}
        self.walks: dict[str, Document] = {}


class MemoryStore:
    """The store in memory, for tests; every method is a scheduling point of its process."""

    def __init__(self, state: MemoryState, process: Process | None = None, fails: float = 0.0) -> None:
        self.state = state
        self._process = process or Process()
        self.cases: Documents = MemoryDocuments(state.cases, self._process, fails)

    async def first_cases(self, contacts: Sequence[str]) -> dict[str, str]:
        await self._process.point()
        rows = self.state.cases.rows.values()
        return {row["contact"]: row["_id"] for row in rows if row.get("contact") in contacts}

    async def put_waiting(self, rows: Sequence[Waiting]) -> None:
        await self._process.point()
        for row in rows:
            self.state.waiting.setdefault(row.id, row)

    async def waiting(self, after: str = "") -> list[Waiting]:
        await self._process.point()
        return sorted((row for row in self.state.waiting.values() if row.id > after), key=lambda row: row.id)[:PAGE]

    async def one_waiting(self, command: str) -> Waiting | None:
        await self._process.point()
        return self.state.waiting.get(command)

    async def known(self, cases: Sequence[str]) -> set[str]:
        await self._process.point()
        return {case for case in cases if case in self.state.cases.rows}

    async def drop_waiting(self, ids: Sequence[str]) -> None:
        await self._process.point()
        for one in ids:
            self.state.waiting.pop(one, None)

    async def mark_alarmed(self, ids: Sequence[str]) -> None:
        await self._process.point()
        for one in ids:
            self.state.waiting[one] = msgspec.structs.replace(self.state.waiting[one], alarmed=True)

    async def lease(self, day: str) -> range:
        await self._process.point()
        start = self.state.numbers.get(day, 0)
        self.state.numbers[day] = start + BLOCK
        return range(start + 1, start + BLOCK + 1)

    async def unkept(self, since: datetime) -> int:
        await self._process.point()
        return sum(bool(row.get("unkept")) and row["unkept"] <= since for row in self.state.cases.rows.values())

    async def page(self, query: Document, after: str, limit: int) -> list[Document]:
        """Of plain equality only."""
        await self._process.point()
        rows = [row for row in self.state.cases.rows.values() if all(row.get(k) == v for k, v in query.items())]
        return sorted((row for row in rows if row["_id"] > after), key=lambda row: str(row["_id"]))[:limit]
