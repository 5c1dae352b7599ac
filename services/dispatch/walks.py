"""What an event case tells all that are linked to it: walks over its linked cases, and how far each has come.

A linked case's document has `link`: `to`, `waits` and `n`; it alone says who belongs to whom.
"""

from datetime import datetime
from typing import Any, NamedTuple, Protocol

import msgspec
from pymongo import ASCENDING, ReturnDocument

from services.dispatch.store import MemoryState
from shared.documents import Document
from shared.mongo import reachable
from shared.testing import Process

LEASE_S = 15.0
"""How long a worker that says nothing keeps a walk; a second walker of the same would only repeat."""


class Walk(msgspec.Struct, kw_only=True):
    """One end of an event case on its way. `id` is the event's, `after` the last linked case that was told."""

    id: str
    event_case: str
    answer: str
    time: datetime
    trace: str = ""
    after: str = ""


class Waiter(NamedTuple):
    """A linked case that waits, and the number of its link."""

    case: str
    link: int


class Walks(Protocol):
    """What the links reader and the walker need. Every method raises StoreAway while the database is away."""

    async def begin(self, walk: Walk) -> None:
        """Write it down, unless it is known."""
        ...

    async def take(self, now: float) -> Walk | None:
        """A walk that nobody is on, leased from `now` (unix seconds)."""
        ...

    async def went(self, walk: Walk, now: float) -> None:
        """Keep how far it has come, and the lease."""
        ...

    async def end(self, walk: Walk) -> None: ...

    async def waiters(self, event_case: str, after: str, limit: int) -> list[Waiter]:
        """Linked cases that wait, by id after `after`."""
        ...

    async def waiting(self, event_case: str, first: str, last: str) -> int:
        """How many between these ids still wait."""
        ...


class MongoWalks:
    """Walks in MongoDB, over the cases of the same database."""

    def __init__(self, database: Any) -> None:
        self._walks = database.walks
        self._cases = database.cases

    async def prepare(self) -> None:
        """Create the index, which holds linked cases only."""
        keys = [("link.to", ASCENDING), ("link.waits", ASCENDING), ("_id", ASCENDING)]
        await self._cases.create_index(keys, partialFilterExpression={"link.to": {"$exists": True}})

    async def begin(self, walk: Walk) -> None:
        row = {**msgspec.structs.asdict(walk), "until": 0.0}
        del row["id"]
        with reachable():
            await self._walks.update_one({"_id": walk.id}, {"$setOnInsert": row}, upsert=True)

    async def take(self, now: float) -> Walk | None:
        with reachable():
            row = await self._walks.find_one_and_update(
                {"until": {"$lt": now}, "ended": {"$exists": False}},
                {"$set": {"until": now + LEASE_S}},
                sort=[("until", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )
        return msgspec.convert({**row, "id": row["_id"]}, Walk) if row else None

    async def went(self, walk: Walk, now: float) -> None:
        with reachable():
            await self._walks.update_one({"_id": walk.id}, {"$set": {"after": walk.after, "until": now + LEASE_S}})

    async def end(self, walk: Walk) -> None:
        """It stays as ended, so that a repeated event does not begin it again."""
        with reachable():
            await self._walks.update_one({"_id": walk.id}, {"$set": {"ended": True, "answer": ""}})

    async def waiters(self, event_case: str, after: str, limit: int) -> list[Waiter]:
        query = {"link.to": event_case, "link.waits": True, "_id": {"$gt": after}}
        with reachable():
            found = self._cases.find(query, {"link.n": 1}).sort("_id", ASCENDING)
            rows = await found.limit(limit).to_list(None)
        return [Waiter(row["_id"], row["link"]["n"]) for row in rows]

    async def waiting(self, event_case: str, first: str, last: str) -> int:
        query = {"link.to": event_case, "link.waits": True, "_id": {"$gte": first, "$lte": last}}
        with reachable():
            return int(await self._cases.count_documents(query))

    async def linked(self, event_case: str, after: str, limit: int) -> list[Document]:
        """Cases that are or were answered with it, without their logs, by id after `after`."""
        query = {"link.to": event_case, "_id": {"$gt": after}}
        with reachable():
            found = self._cases.find(query, {"log": 0}).sort("_id", ASCENDING)
            rows: list[Document] = await found.limit(limit).to_list(None)
        return rows


class MemoryWalks:
    """Walks in memory, for tests; every method is a scheduling point of its process."""

    def __init__(self, state: MemoryState, process: Process | None = None) -> None:
        self._state = state
        self._process = process or Process()

    async def begin(self, walk: Walk) -> None:
        await self._process.point()
        self._state.walks.setdefault(walk.id, {"walk": walk, "until": 0.0, "ended": False})

    async def take(self, now: float) -> Walk | None:
        await self._process.point()
        rows = [row for row in self._state.walks.values() if not row["ended"] and row["until"] < now]
        if not rows:
            return None
        row = min(rows, key=lambda row: float(row["until"]))
        row["until"] = now + LEASE_S
        walk: Walk = row["walk"]
        return msgspec.structs.replace(walk)

    async def went(self, walk: Walk, now: float) -> None:
        await self._process.point()
        self._state.walks[walk.id].update(walk=msgspec.structs.replace(walk), until=now + LEASE_S)

    async def end(self, walk: Walk) -> None:
        await self._process.point()
        self._state.walks[walk.id]["ended"] = True

    async def waiters(self, event_case: str, after: str, limit: int) -> list[Waiter]:
        await self._process.point()
        return [one for one in self._waiting(event_case) if one.case > after][:limit]

    async def waiting(self, event_case: str, first: str, last: str) -> int:
        await self._process.point()
        return sum(first <= one.case <= last for one in self._waiting(event_case))

    def _waiting(self, event_case: str) -> list[Waiter]:
        rows = self._state.cases.rows.values()
        links = [(row["_id"], row["link"]) for row in rows if row.get("link")]
        return sorted(Waiter(case, link["n"]) for case, link in links if link["to"] == event_case and link["waits"])
