"""transfer's database: one document per case with its transfers, and the nonces that were seen.

A document: `_id`, `rev`, `sequence`, `lane`, `partition`, `parked` (shared/reader.py), `state`, and for queries the
fields of domain/view.py `index`.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import msgspec
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from services.transfer.domain.outgoing import NEVER
from services.transfer.domain.state import Transfers
from shared.documents import Document, Documents
from shared.mongo import MongoDocuments, reachable
from shared.parked import index_parked
from shared.testing import MemoryDocuments, MemoryTable, Process

EVER = datetime(1970, 1, 1, tzinfo=UTC)
NONCES_KEPT_S = 600


class Due(NamedTuple):
    """A request that may be acted on (domain/state.py, `outgoing`), and the partition whose owner acts."""

    case: str
    key: str
    partition: int


class Store(Protocol):
    """What transfer needs. Every method raises StoreAway while the database is away."""

    @property
    def cases(self) -> Documents: ...

    async def due(self, lane: str, partitions: Collection[int], now: float, limit: int) -> list[Due]:
        """Requests of the `limit` cases whose earliest action is oldest; `lane` is the letter of the case ids."""
        ...

    async def late(self, lane: str, partitions: Collection[int], until: datetime, limit: int) -> list[Document]:
        """Cases with a partner's deadline at or before `until` (domain time)."""
        ...

    async def where(self, field: str, value: str) -> list[Document]:
        """Cases by `sent`, `received` or `origin_case`."""
        ...

    async def page(self, listed: str, after: str, limit: int) -> list[Document]:
        """Cases by `<direction>/<state>`, by id after `after`."""
        ...

    async def first(self, nonce: str, at: datetime) -> bool:
        """Keep a nonce; False where it is known (signing.py, Nonces)."""
        ...


def read(document: Document | None) -> Transfers:
    return msgspec.convert((document or {}).get("state") or {}, Transfers)


def due_of(document: Document, now: float) -> list[Due]:
    found = read(document).outgoing()
    return [Due(document["_id"], key, document["partition"]) for key, out in found if NEVER < out.due <= now]


class MongoStore:
    """The store on MongoDB."""

    def __init__(self, database: Any) -> None:
        self.collection = database.cases
        self._nonces = database.nonces
        self.cases: Documents = MongoDocuments(database.cases)

    async def prepare(self) -> None:
        """Create the indexes; cases without a transfer are in none."""
        dates = {"next": {"$gt": EVER}, "deadline": {"$gt": EVER}}
        for field, condition in dates.items():
            keys = [("lane", ASCENDING), ("partition", ASCENDING), (field, ASCENDING)]
            await self.collection.create_index(keys, partialFilterExpression={field: condition})
        for field in ("sent", "received", "origin_case"):
            await self.collection.create_index([(field, ASCENDING)], sparse=True)
        await self.collection.create_index([("listed", ASCENDING), ("_id", ASCENDING)])
        await index_parked(self.collection)
        await self._nonces.create_index([("at", ASCENDING)], expireAfterSeconds=NONCES_KEPT_S)

    async def due(self, lane: str, partitions: Collection[int], now: float, limit: int) -> list[Due]:
        ready = {"$gt": EVER, "$lte": datetime.fromtimestamp(now, UTC)}
        query = {"lane": lane, "partition": {"$in": list(partitions)}, "next": ready}
        with reachable():
            rows = await self.collection.find(query, {"parked": 0}).sort("next").limit(limit).to_list(None)
        return [one for row in rows for one in due_of(row, now)]

    async def late(self, lane: str, partitions: Collection[int], until: datetime, limit: int) -> list[Document]:
        query = {"lane": lane, "partition": {"$in": list(partitions)}, "deadline": {"$gt": EVER, "$lte": until}}
        with reachable():
            rows: list[Document] = await self.collection.find(query).sort("deadline").limit(limit).to_list(None)
        return rows

    async def where(self, field: str, value: str) -> list[Document]:
        with reachable():
            rows: list[Document] = await self.collection.find({field: value}, {"parked": 0}).limit(10).to_list(None)
        return rows

    async def page(self, listed: str, after: str, limit: int) -> list[Document]:
        query = {"listed": listed, "_id": {"$gt": after}}
        with reachable():
            rows: list[Document] = await (
                self.collection.find(query, {"parked": 0}).sort("_id").limit(limit).to_list(None)
            )
        return rows

    async def first(self, nonce: str, at: datetime) -> bool:
        with reachable():
            try:
                await self._nonces.insert_one({"_id": nonce, "at": at})
            except DuplicateKeyError:
                return False
        return True


class MemoryStore:
    """The store in memory, for tests; every method is a scheduling point of its process."""

    def __init__(self, table: MemoryTable, process: Process | None = None, fails: float = 0.0) -> None:
        self._table = table
        self._process = process or Process()
        self.cases: Documents = MemoryDocuments(table, self._process, fails)
        self.nonces: set[str] = set()

    async def _rows(self, fits: Callable[[Document], Any], limit: int) -> list[Document]:
        rows = await self.cases.load(sorted(self._table.rows))
        return [row for row in rows.values() if fits(row)][:limit]

    async def due(self, lane: str, partitions: Collection[int], now: float, limit: int) -> list[Due]:
        rows = await self._rows(lambda row: row["lane"] == lane and row["partition"] in partitions, limit)
        return [one for row in rows for one in due_of(row, now)]

    async def late(self, lane: str, partitions: Collection[int], until: datetime, limit: int) -> list[Document]:
        def fits(row: Document) -> bool:
            mine = row["lane"] == lane and row["partition"] in partitions
            return mine and row["deadline"] is not None and row["deadline"] <= until

        return await self._rows(fits, limit)

    async def where(self, field: str, value: str) -> list[Document]:
        return await self._rows(lambda row: row[field] == value or value in (row[field] or ()), 10)

    async def page(self, listed: str, after: str, limit: int) -> list[Document]:
        return await self._rows(lambda row: listed in row["listed"] and row["_id"] > after, limit)

    async def first(self, nonce: str, at: datetime) -> bool:
        await self._process.point()
        known = nonce in self.nonces
        self.nonces.add(nonce)
        return not known
