"""Issues of the daily report: the frozen snapshot of each day, numbered 1, 2, 3 … in the order they are made."""

from typing import Any, Protocol

import msgspec
from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from services.reports.domain.daily import Snapshot
from shared.mongo import reachable

PAGE = 400


class Issues(Protocol):
    """Every method raises StoreAway while the database is away."""

    async def get(self, date: str) -> Snapshot | None: ...

    async def listed(self) -> list[Snapshot]:
        """The newest first."""
        ...

    async def put(self, snapshot: Snapshot) -> Snapshot:
        """Keep it under its day, with the next number where the day is new; returns what is kept.

        What was made after its day was over stays for ever; an earlier state of the day is replaced.
        """
        ...


class MongoIssues:
    """Issues in MongoDB: `_id` the day, `number` unique, `final`, `snapshot`."""

    def __init__(self, database: Any) -> None:
        self._issues = database.issues

    async def prepare(self) -> None:
        with reachable():
            await self._issues.create_index("number", unique=True)

    async def get(self, date: str) -> Snapshot | None:
        with reachable():
            row = await self._issues.find_one({"_id": date})
        return None if row is None else _read(row)

    async def listed(self) -> list[Snapshot]:
        with reachable():
            rows = await self._issues.find().sort("_id", DESCENDING).limit(PAGE).to_list(None)
        return [_read(row) for row in rows]

    async def put(self, snapshot: Snapshot) -> Snapshot:
        while True:
            known = await self.get(snapshot.date)
            if known is not None:
                return await self._replace(msgspec.structs.replace(snapshot, number=known.number))
            number = await next_number(self._issues)
            try:
                with reachable():
                    await self._issues.insert_one(_row(msgspec.structs.replace(snapshot, number=number)))
            except DuplicateKeyError:
                continue  # somebody else made this day or took this number

    async def _replace(self, snapshot: Snapshot) -> Snapshot:
        with reachable():
            await self._issues.replace_one({"_id": snapshot.date, "final": False}, _row(snapshot))
        kept = await self.get(snapshot.date)
        assert kept is not None
        return kept


async def next_number(collection: Any) -> int:
    """Free a moment ago: the unique index says whether it still is."""
    with reachable():
        row = await collection.find_one({}, {"number": 1}, sort=[("number", DESCENDING)])
    return int(row["number"]) + 1 if row else 1


class MemoryIssues:
    """Issues in memory, for tests."""

    def __init__(self) -> None:
        self._kept: dict[str, Snapshot] = {}

    async def get(self, date: str) -> Snapshot | None:
        return self._kept.get(date)

    async def listed(self) -> list[Snapshot]:
        return [self._kept[date] for date in sorted(self._kept, reverse=True)]

    async def put(self, snapshot: Snapshot) -> Snapshot:
        known = self._kept.get(snapshot.date)
        if known is None or not known.final:
            number = known.number if known else len(self._kept) + 1
            self._kept[snapshot.date] = msgspec.structs.replace(snapshot, number=number)
        return self._kept[snapshot.date]


def _row(snapshot: Snapshot) -> dict[str, Any]:
    """As JSON text: what is frozen must come back to the byte."""
    text = msgspec.json.encode(snapshot).decode()
    return {"_id": snapshot.date, "number": snapshot.number, "final": snapshot.final, "snapshot": text}


def _read(row: dict[str, Any]) -> Snapshot:
    return msgspec.json.decode(row["snapshot"], type=Snapshot)
