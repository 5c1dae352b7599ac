"""notify's database: one document per case with its debts.

A document: `_id`, `rev`, `sequence`, `lane`, `partition`, `parked` (shared/reader.py), `state`, and for queries `next`
(date of the earliest action) and `attention` (states that wait for a person).
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import msgspec
from pymongo import ASCENDING

from services.notify.domain.debts import FOR_A_PERSON, NEVER, Debts
from shared.documents import Document, Documents
from shared.mongo import MongoDocuments, reachable
from shared.parked import index_parked
from shared.testing import MemoryDocuments, MemoryTable, Process

EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Due(NamedTuple):
    """A debt that may be acted on, and the partition whose owner acts."""

    case: str
    obligation: str
    partition: int


class Store(Protocol):
    """What notify needs. Every method raises StoreAway while the database is away."""

    @property
    def cases(self) -> Documents: ...

    async def due(self, lane: str, partitions: Collection[int], now: float, limit: int) -> list[Due]:
        """Debts of the `limit` cases whose earliest action is oldest; `lane` is the letter of the case ids."""
        ...

    async def waiting(self, status: str, after: str, limit: int) -> list[Document]:
        """Cases with a debt in a state that waits for a person, by id after `after`."""
        ...

    async def counts(self) -> dict[str, int]:
        """Cases per state: `due` (the machine has still to act) and those that wait for a person."""
        ...


def read_debts(document: Document) -> Debts:
    return msgspec.convert(document.get("state") or {}, Debts)


def _due(document: Document, now: float) -> list[Due]:
    debts = read_debts(document).by_id.values()
    return [Due(document["_id"], d.obligation, document["partition"]) for d in debts if NEVER < d.due <= now]


class MongoStore:
    """The store on MongoDB."""

    def __init__(self, database: Any) -> None:
        self.collection = database.cases
        self.cases: Documents = MongoDocuments(self.collection)

    async def prepare(self) -> None:
        """Create the indexes; settled cases are in neither."""
        await self.collection.create_index(
            [("lane", ASCENDING), ("partition", ASCENDING), ("next", ASCENDING)],
            partialFilterExpression={"next": {"$gt": EVER}},
        )
        await self.collection.create_index(
            [("attention", ASCENDING), ("_id", ASCENDING)], partialFilterExpression={"attention": {"$gt": ""}}
        )
        await index_parked(self.collection)

    async def due(self, lane: str, partitions: Collection[int], now: float, limit: int) -> list[Due]:
        query = {
            "lane": lane,
            "partition": {"$in": list(partitions)},
            "next": {"$gt": EVER, "$lte": datetime.fromtimestamp(now, UTC)},
        }
        with reachable():
            rows = (
                await self.collection.find(query, {"state": 1, "partition": 1}).sort("next").limit(limit).to_list(None)
            )
        return [one for row in rows for one in _due(row, now)]

    async def waiting(self, status: str, after: str, limit: int) -> list[Document]:
        query = {"attention": status, "_id": {"$gt": after}}
        with reachable():
            rows: list[Document] = (
                await self.collection.find(query, {"parked": 0}).sort("_id").limit(limit).to_list(None)
            )
        return rows

    async def counts(self) -> dict[str, int]:
        # With both lanes named the index of the due is read, and not every case there ever was.
        queries: dict[str, Document] = {"due": {"lane": {"$in": ["N", "U"]}, "next": {"$gt": EVER}}}
        queries |= {status: {"attention": status} for status in FOR_A_PERSON}
        with reachable():
            return {name: await self.collection.count_documents(query) for name, query in queries.items()}


class MemoryStore:
    """The store in memory, for tests; every method is a scheduling point of its process."""

    def __init__(self, table: MemoryTable, process: Process | None = None, fails: float = 0.0) -> None:
        self._table = table
        self._process = process or Process()
        self.cases: Documents = MemoryDocuments(table, self._process, fails)

    async def due(self, lane: str, partitions: Collection[int], now: float, limit: int) -> list[Due]:
        await self._process.point()
        ours = [r for r in self._table.rows.values() if r["lane"] == lane and r["partition"] in partitions]
        return [one for row in ours for one in _due(row, now)][:limit]

    async def waiting(self, status: str, after: str, limit: int) -> list[Document]:
        await self._process.point()
        rows = [r for r in self._table.rows.values() if r["_id"] > after and status in (r.get("attention") or ())]
        return sorted(rows, key=lambda row: str(row["_id"]))[:limit]

    async def counts(self) -> dict[str, int]:
        await self._process.point()
        rows = list(self._table.rows.values())
        waiting: dict[str, int] = {
            status: sum(status in (row.get("attention") or ()) for row in rows) for status in FOR_A_PERSON
        }
        return {"due": sum(bool(row.get("next")) for row in rows), **waiting}
