"""sla's database: one document per case with its clocks; `next` is the earliest moment at which one fires."""

from datetime import datetime
from typing import Any, Protocol

from pymongo import ASCENDING

from shared.documents import Document, Documents
from shared.mongo import MongoDocuments, reachable
from shared.parked import index_parked
from shared.testing import MemoryDocuments, MemoryTable, Process


class Store(Protocol):
    """What sla needs. Every method raises StoreAway while the database is away."""

    @property
    def cases(self) -> Documents: ...

    async def due(self, lane: str, partition: int, until: datetime, limit: int) -> list[Document]:
        """Documents of which something fires at or before `until` (domain time), oldest first."""
        ...


class MongoStore:
    """The store on MongoDB."""

    def __init__(self, database: Any) -> None:
        self.collection = database.cases
        self.cases: Documents = MongoDocuments(database.cases)

    async def prepare(self) -> None:
        """Create the index of the timers; a case without a running clock is not in it."""
        await self.collection.create_index(
            [("lane", ASCENDING), ("partition", ASCENDING), ("next", ASCENDING)],
            partialFilterExpression={"next": {"$type": "date"}},
        )
        await index_parked(self.collection)

    async def due(self, lane: str, partition: int, until: datetime, limit: int) -> list[Document]:
        query = {"lane": lane, "partition": partition, "next": {"$lte": until, "$type": "date"}}
        with reachable():
            found: list[Document] = await self.collection.find(query).sort("next", ASCENDING).limit(limit).to_list(None)
        return found


class MemoryStore:
    """The store in memory, for tests."""

    def __init__(self, table: MemoryTable, process: Process | None = None, fails: float = 0.0) -> None:
        self._table = table
        self._process = process or Process()
        self.cases: Documents = MemoryDocuments(table, self._process, fails)

    async def due(self, lane: str, partition: int, until: datetime, limit: int) -> list[Document]:
        rows = await self.cases.load(list(self._table.rows))
        found = [
            row for row in rows.values()
            if (row["lane"], row["partition"]) == (lane, partition) and row.get("next") and row["next"] <= until
        ]  # fmt: skip
        return sorted(found, key=lambda row: row["next"])[:limit]
