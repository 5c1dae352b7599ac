"""reports' database: facts of one generation (a rebuild makes a new one), and the issues of the daily report.

A case document: `_id`, `rev`, `sequence`, `lane`, `partition`, `parked` (shared/reader.py), `state` (CaseFact), and for
queries `days` (domain/marks.py), `opened` (date), `gap`. A contact document: `_id`, `rev`, `state`, `days`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import msgspec
from pymongo import ASCENDING, DESCENDING

from services.reports.domain.alerts import Opened
from services.reports.domain.case_facts import CaseFact
from services.reports.domain.daily import Urgent
from services.reports.domain.marks import Tally
from services.reports.words import Text
from shared.clock import CHINA
from shared.documents import Document, Documents
from shared.mongo import MongoDocuments, reachable
from shared.parked import index_parked
from shared.privacy import redact
from shared.testing import MemoryDocuments, MemoryTable, Process

PAGE = 1000


class Days(NamedTuple):
    """Domain days from first to last, both included."""

    first: str
    last: str


class Store(Protocol):
    """Facts and questions to them. Every method raises StoreAway while the database is away."""

    @property
    def cases(self) -> Documents: ...
    @property
    def contacts(self) -> Documents: ...

    async def tally(self, days: Days | None) -> Tally:
        """Sums over marks of these days, or of all."""
        ...

    async def urgent(self, day: str) -> list[Urgent]:
        """P0 and P1 cases registered on the day."""
        ...

    async def texts(self, since: datetime, until: datetime, limit: int) -> list[Text]:
        """Cases registered in [since, until), the newest `limit`."""
        ...

    async def opened(self, since: datetime, until: datetime) -> list[Opened]:
        """Cases registered in (since, until]."""
        ...

    async def repeated(self, since: datetime, until: datetime) -> list[Opened]:
        """Cases that are open although people contacted the centre about them again."""
        ...

    async def facts(self, since: datetime, until: datetime, where: Mapping[str, str], limit: int) -> list[CaseFact]:
        """Of cases registered in (since, until] with these fields, as they were registered, at most so many."""
        ...

    async def gaps(self) -> list[Document]:
        """Cases with missing sequences (`case`, `number`, `gaps`), at most a thousand."""
        ...


def fact_of(document: Document) -> CaseFact:
    return msgspec.convert(document["state"], CaseFact)


def urgent_case(document: Document) -> Urgent:
    fact = fact_of(document)
    closed = fact.closed_at[-1] if fact.closed and fact.closed_at else None
    moments = (fact.registered_at, fact.dispatched_at, closed)
    times = [at.astimezone(CHINA).isoformat() if at else "" for at in moments]
    return Urgent(
        number=fact.number,
        priority=fact.priority,
        title=redact(fact.title),
        area=fact.area,
        state=fact.state(),
        registered_at=times[0],
        dispatched_at=times[1],
        closed_at=times[2],
    )


def _text(document: Document) -> Text:
    state = document["state"]
    return Text(document["_id"], state["number"], state["area"], state["title"], state["text"])


def _opened(document: Document) -> Opened:
    state = document["state"]
    repeats = len(state.get("attached_at", ()))
    is_open = not state["closed"]
    return Opened(
        state["number"], document["opened"], state["topic"], state["area"], state["priority"], repeats, is_open
    )


def _gap(document: Document) -> Document:
    gaps = [list(gap) for gap in document["state"]["gaps"]]
    return {"case": document["_id"], "number": document["state"]["number"], "gaps": gaps}


def add_up(groups: Iterable[Document]) -> tuple[Counter[str], int]:
    """Groups of equal days (`_id` the marks, `n` facts, `ms`) as counts by mark and milliseconds."""
    counts: Counter[str] = Counter()
    total = 0
    for group in groups:
        total += group["ms"]
        for mark in group["_id"]:
            counts[mark] += group["n"]
    return counts, total


class MongoStore:
    """The store on MongoDB, of one generation of facts."""

    def __init__(self, database: Any, generation: int) -> None:
        self.number = generation
        suffix = f"_{generation}" if generation else ""
        self.collection = database[f"cases{suffix}"]
        self.contact_collection = database[f"contacts{suffix}"]
        self.collections = (self.collection, self.contact_collection)
        self.cases: Documents = MongoDocuments(self.collection)
        self.contacts: Documents = MongoDocuments(self.contact_collection)

    async def prepare(self) -> None:
        """Create the indexes."""
        with reachable():
            for collection in self.collections:
                await collection.create_index([("days.d", ASCENDING)])
            await self.collection.create_index([("opened", ASCENDING)])
            gaps = [("gap", ASCENDING), ("_id", ASCENDING)]
            await self.collection.create_index(gaps, partialFilterExpression={"gap": True})
            await index_parked(self.collection)

    async def tally(self, days: Days | None) -> Tally:
        cases, handled_ms = add_up(await self._groups(self.collection, days))
        contacts, wait_ms = add_up(await self._groups(self.contact_collection, days))
        return Tally(cases + contacts, wait_ms, handled_ms)

    async def _groups(self, collection: Any, days: Days | None) -> list[Document]:
        """Facts with the same marks on a day are one group; there are far fewer groups than facts."""
        span = {"$gte": days.first, "$lte": days.last} if days else {"$exists": True}
        pipeline = [
            {"$match": {"days": {"$elemMatch": {"d": span}}}},
            {"$project": {"days": 1}},
            {"$unwind": "$days"},
            {"$match": {"days.d": span}},
            {"$group": {"_id": "$days.m", "n": {"$sum": 1}, "ms": {"$sum": "$days.ms"}}},
        ]
        with reachable():
            found: list[Document] = await collection.aggregate(pipeline, allowDiskUse=True).to_list(None)
        return found

    async def urgent(self, day: str) -> list[Urgent]:
        marks = ["priority:P0", "priority:P1"]
        query = {"days": {"$elemMatch": {"d": day, "m": {"$in": marks}}}}
        with reachable():
            rows = await self.collection.find(query, {"state": 1}).to_list(None)
        return sorted((urgent_case(row) for row in rows), key=lambda case: (case.priority, case.number))

    async def texts(self, since: datetime, until: datetime, limit: int) -> list[Text]:
        fields = dict.fromkeys(("state.number", "state.area", "state.title", "state.text"), 1)
        query = {"opened": {"$gte": since, "$lt": until}}
        with reachable():
            cursor = self.collection.find(query, fields).sort("opened", DESCENDING).limit(limit)
            return [_text(row) for row in await cursor.to_list(None)]

    async def opened(self, since: datetime, until: datetime) -> list[Opened]:
        return await self._opened({"opened": {"$gt": since, "$lte": until}})

    async def repeated(self, since: datetime, until: datetime) -> list[Opened]:
        window = {"opened": {"$gt": since, "$lte": until}}
        return await self._opened({**window, "state.attached_at.0": {"$exists": True}, "state.closed": False})

    async def facts(self, since: datetime, until: datetime, where: Mapping[str, str], limit: int) -> list[CaseFact]:
        window: Document = {"opened": {"$gt": since, "$lte": until}}
        window |= {f"state.{name}": value for name, value in where.items()}
        with reachable():
            rows = await self.collection.find(window, {"state": 1}).sort("opened").limit(limit).to_list(None)
        return [fact_of(row) for row in rows]

    async def _opened(self, query: Document) -> list[Opened]:
        fields = ("number", "topic", "area", "priority", "attached_at", "closed")
        projection = {"opened": 1, **{f"state.{name}": 1 for name in fields}}
        with reachable():
            return [_opened(row) for row in await self.collection.find(query, projection).to_list(None)]

    async def gaps(self) -> list[Document]:
        with reachable():
            rows = await self.collection.find({"gap": True}, {"state": 1}).sort("_id").limit(PAGE).to_list(None)
        return [_gap(row) for row in rows]


class MemoryStore:
    """The store in memory, for tests."""

    def __init__(self, process: Process | None = None, fails: float = 0.0) -> None:
        self.case_table, self.contact_table = MemoryTable(), MemoryTable()
        self.cases: Documents = MemoryDocuments(self.case_table, process, fails)
        self.contacts: Documents = MemoryDocuments(self.contact_table, process, fails)

    async def tally(self, days: Days | None) -> Tally:
        cases, handled_ms = add_up(_groups(self.case_table, days))
        contacts, wait_ms = add_up(_groups(self.contact_table, days))
        return Tally(cases + contacts, wait_ms, handled_ms)

    async def urgent(self, day: str) -> list[Urgent]:
        wanted = {"priority:P0", "priority:P1"}
        rows = [r for r in self._rows() if any(d["d"] == day and wanted & set(d["m"]) for d in r["days"])]
        return sorted((urgent_case(row) for row in rows), key=lambda case: (case.priority, case.number))

    async def texts(self, since: datetime, until: datetime, limit: int) -> list[Text]:
        rows = sorted(self._between(since, until), key=lambda row: row["opened"], reverse=True)
        return [_text(row) for row in rows[:limit] if row["opened"] < until]

    async def opened(self, since: datetime, until: datetime) -> list[Opened]:
        return [_opened(row) for row in self._between(since, until) if row["opened"] > since]

    async def repeated(self, since: datetime, until: datetime) -> list[Opened]:
        return [row for row in await self.opened(since, until) if row.repeats and row.open]

    async def facts(self, since: datetime, until: datetime, where: Mapping[str, str], limit: int) -> list[CaseFact]:
        rows = sorted(self._between(since, until), key=lambda row: row["opened"])
        fitting = [row for row in rows if all(row["state"][name] == value for name, value in where.items())]
        return [fact_of(row) for row in fitting if row["opened"] > since][:limit]

    async def gaps(self) -> list[Document]:
        return [_gap(row) for row in self._rows() if row["gap"]]

    def _rows(self) -> list[Document]:
        return [row for row in self.case_table.rows.values() if "state" in row]

    def _between(self, since: datetime, until: datetime) -> list[Document]:
        return [row for row in self._rows() if row["opened"] and since <= row["opened"] <= until]


def _groups(table: MemoryTable, days: Days | None) -> Sequence[Document]:
    return [
        {"_id": day["m"], "n": 1, "ms": day["ms"]}
        for row in table.rows.values()
        for day in row.get("days", ())
        if days is None or days.first <= day["d"] <= days.last
    ]
