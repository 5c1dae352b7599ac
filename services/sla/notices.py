"""Storm control: what officers are told, gathered per role, unit, channel and window, never one message for each case.

A notice is one row; a case is in it once, however often a crash repeats its rung. Every partition has rows of its own,
so that no two owners write one row.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from pymongo import ASCENDING, DESCENDING, UpdateOne

from shared.calendars import parsed
from shared.clock import CHINA
from shared.documents import Document
from shared.mongo import reachable

KEPT_S = 90 * 86_400
SHOWN = 20
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}


class Notice(NamedTuple):
    """One line for an officer: the case, what ran out, and when it was told."""

    role: str
    unit: str
    channel: str
    rung: str
    clock: str
    case: str
    at: datetime


class Notices(Protocol):
    """Raises StoreAway while the database is away."""

    async def put(self, partition: str, notices: Sequence[Notice]) -> None: ...

    async def page(self, role: str, unit: str, before: datetime | None, limit: int) -> list[Document]:
        """The newest windows first: role, unit, channel, rung, clock, since, count, and the first cases."""
        ...


class MongoNotices:
    """Rows in MongoDB; gone after ninety days, as the cases' own events tell everything for ever."""

    def __init__(self, collection: Any, every: str) -> None:
        self._collection = collection
        self._every = window_of(every)

    async def prepare(self) -> None:
        await self._collection.create_index([("role", ASCENDING), ("unit", ASCENDING), ("since", DESCENDING)])
        await self._collection.create_index([("since", ASCENDING)], expireAfterSeconds=KEPT_S)

    async def put(self, partition: str, notices: Sequence[Notice]) -> None:
        rows = gathered(partition, notices, self._every)
        if not rows:
            return
        with reachable():
            await self._collection.bulk_write([_operation(one, row) for one, row in rows.items()], ordered=False)

    async def page(self, role: str, unit: str, before: datetime | None, limit: int) -> list[Document]:
        match: Document = {"role": role} | ({"unit": unit} if unit else {})
        if before is not None:
            match["since"] = {"$lt": before}
        with reachable():
            found: list[Document] = await self._collection.aggregate(_summed(match, limit)).to_list(None)
        return found


def _operation(one: str, row: Document) -> UpdateOne:
    cases = row.pop("cases")
    return UpdateOne({"_id": one}, {"$setOnInsert": row, "$addToSet": {"cases": {"$each": list(cases)}}}, upsert=True)


def _summed(match: Document, limit: int) -> list[Document]:
    """Rows of all partitions of one window together; a case lies in one partition, so the counts add up."""
    about = {name: f"${name}" for name in ("role", "unit", "channel", "rung", "clock", "since")}
    few = {"$slice": ["$cases", SHOWN]}
    return [
        {"$match": match},
        {"$group": {"_id": about, "count": {"$sum": {"$size": "$cases"}}, "cases": {"$push": few}}},
        {"$sort": {"_id.since": -1, "count": -1}},
        {"$limit": limit},
        {"$project": {
            "count": 1,
            "cases": {"$slice": [
                {"$reduce": {"input": "$cases", "initialValue": [], "in": {"$concatArrays": ["$$value", "$$this"]}}},
                SHOWN,
            ]},
        }},
    ]  # fmt: skip


def gathered(partition: str, notices: Sequence[Notice], every: timedelta) -> dict[str, Document]:
    """The rows that a page of notices makes, by id; `cases` are keys, each once."""
    rows: dict[str, Document] = {}
    for one in notices:
        since = _window(one.at, every)
        key = "|".join((f"{since:%Y%m%d%H%M}", one.role, one.unit, one.channel, one.rung, one.clock, partition))
        about = {"role": one.role, "unit": one.unit, "channel": one.channel, "rung": one.rung, "clock": one.clock}
        rows.setdefault(key, {**about, "since": since, "cases": {}})["cases"][one.case] = None
    return rows


def window_of(period: str) -> timedelta:
    """The length of a window; natural time only. Raises ValueError."""
    count, unit = parsed(period)
    if unit not in _UNITS or not count:
        raise ValueError(f"{period!r} is no window; examples: 15m, 1h")
    return count * _UNITS[unit]


def _window(at: datetime, every: timedelta) -> datetime:
    midnight = at.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (at - midnight) // every * every


class MemoryNotices:
    """The rows in memory, for tests."""

    def __init__(self, every: str = "15m") -> None:
        self.rows: dict[str, Document] = {}
        self._every = window_of(every)

    async def put(self, partition: str, notices: Sequence[Notice]) -> None:
        for key, row in gathered(partition, notices, self._every).items():
            known = self.rows.setdefault(key, {**row, "cases": []})
            known["cases"] = list(dict.fromkeys([*known["cases"], *row["cases"]]))

    async def page(self, role: str, unit: str, before: datetime | None, limit: int) -> list[Document]:
        names = ("role", "unit", "channel", "rung", "clock", "since")
        found = [
            {"_id": {name: row[name] for name in names}, "count": len(row["cases"]), "cases": row["cases"][:SHOWN]}
            for row in self.rows.values()
            if row["role"] == role and unit in ("", row["unit"]) and (before is None or row["since"] < before)
        ]
        return sorted(found, key=lambda row: row["_id"]["since"], reverse=True)[:limit]
