"""Where asks to see who reported misconduct are kept; a step is taken once, however many press at the same time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec
from pymongo import ASCENDING, DESCENDING

from services.desk.domain.reveals import Reveal
from shared.mongo import reachable

SHOWN = 10


class Reveals(Protocol):
    """Every method raises StoreAway while the database is away."""

    async def add(self, reveal: Reveal) -> None: ...

    async def of_case(self, case: str) -> list[Reveal]:
        """The newest first."""
        ...

    async def step(self, reveal: Reveal, now: datetime, **fields: Any) -> bool:
        """Set the fields, if it still is in the state in which it was read and its time is not over."""
        ...


class MongoReveals:
    """In MongoDB; kept, as what somebody saw is."""

    def __init__(self, database: Any) -> None:
        self._collection = database.reveals

    async def prepare(self) -> None:
        await self._collection.create_index([("case", ASCENDING), ("until", DESCENDING)])

    async def add(self, reveal: Reveal) -> None:
        with reachable():
            await self._collection.insert_one({**msgspec.structs.asdict(reveal), "_id": reveal.id})

    async def of_case(self, case: str) -> list[Reveal]:
        with reachable():
            cursor = self._collection.find({"case": case}, {"_id": 0}).sort("until", DESCENDING)
            found = await cursor.limit(SHOWN).to_list(None)
        return [msgspec.convert(one, Reveal) for one in found]

    async def step(self, reveal: Reveal, now: datetime, **fields: Any) -> bool:
        query = {"_id": reveal.id, "state": reveal.state, "until": {"$gt": now}}
        with reachable():
            done = await self._collection.update_one(query, {"$set": fields})
        return bool(done.modified_count)


class MemoryReveals:
    """The same in memory, for tests and for the desk on its own."""

    def __init__(self) -> None:
        self._kept: dict[str, Mapping[str, Any]] = {}

    async def add(self, reveal: Reveal) -> None:
        self._kept[reveal.id] = msgspec.structs.asdict(reveal)

    async def of_case(self, case: str) -> list[Reveal]:
        found = [Reveal(**one) for one in self._kept.values() if one["case"] == case]
        return sorted(found, key=lambda one: one.until, reverse=True)[:SHOWN]

    async def step(self, reveal: Reveal, now: datetime, **fields: Any) -> bool:
        known = self._kept[reveal.id]
        if known["state"] != reveal.state or known["until"] <= now:
            return False
        self._kept[reveal.id] = {**known, **fields}
        return True
