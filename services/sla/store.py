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

    async def due(self, lane: str, partitions: list[int], until: datetime, limit: int) -> list[Document]:
        """Documents of these partitions of which something fires at or before `until` (domain time), oldest first."""
        ...

    async def outdated(self, version: str, limit: int) -> list[Document]:
        """Documents with a running clock that were counted under another version of the policy."""
        ...

    async def running(self, after: str, limit: int) -> list[Document]:
        """Documents with a running clock, by id after `after`."""
        ...


class MongoStore:
    """The store on MongoDB."""

    def __init__(self, database: Any) -> None:
        self.collection = database.cases
        self.notices = database.notices
        self.cases: Documents = MongoDocuments(database.cases)

    async def prepare(self) -> None:
        """Create the index of the timers, and that of the running clocks; what is over is in neither."""
        await self.collection.create_index(
            [("lane", ASCENDING), ("partition", ASCENDING), ("next", ASCENDING)],
            partialFilterExpression={"next": {"$type": "date"}},
        )
        await self.collection.create_index(
            [("version", ASCENDING), ("_id", ASCENDING)], partialFilterExpression={"running": True}
        )
        await index_parked(self.collection)

    async def due(self, lane: str, partitions: list[int], until: datetime, limit: int) -> list[Document]:
        """`$type`, for the index holds dates only and is not used without it."""
        query = {"lane": lane, "partition": {"$in": partitions}, "next": {"$lte": until, "$type": "date"}}
        return await self._found(query, "next", limit)

    async def outdated(self, version: str, limit: int) -> list[Document]:
        """On both sides of the version in the index; `$ne` would walk over all that are up to date."""
        older = await self._found({"running": True, "version": {"$lt": version}}, "version", limit)
        return older or await self._found({"running": True, "version": {"$gt": version}}, "version", limit)

    async def running(self, after: str, limit: int) -> list[Document]:
        return await self._found({"running": True, "_id": {"$gt": after}}, "_id", limit)

    async def _found(self, query: Document, order: str, limit: int) -> list[Document]:
        with reachable():
            found: list[Document] = await self.collection.find(query).sort(order, ASCENDING).limit(limit).to_list(None)
        return found


class MemoryStore:
    """The store in memory, for tests."""

    def __init__(self, table: MemoryTable, process: Process | None = None, fails: float = 0.0) -> None:
        self._table = table
        self._process = process or Process()
        self.cases: Documents = MemoryDocuments(table, self._process, fails)

    async def due(self, lane: str, partitions: list[int], until: datetime, limit: int) -> list[Document]:
        found = [
            row for row in await self._rows()
            if row["lane"] == lane and row["partition"] in partitions and row.get("next") and row["next"] <= until
        ]  # fmt: skip
        return sorted(found, key=lambda row: row["next"])[:limit]

    async def outdated(self, version: str, limit: int) -> list[Document]:
        return [row for row in await self._rows() if row.get("running") and row["version"] != version][:limit]

    async def running(self, after: str, limit: int) -> list[Document]:
        found = [row for row in await self._rows() if row.get("running") and row["_id"] > after]
        return sorted(found, key=lambda row: row["_id"])[:limit]

    async def _rows(self) -> list[Document]:
        return [*(await self.cases.load(list(self._table.rows))).values()]
