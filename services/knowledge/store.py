"""knowledge's database, the truth: one guarded document per key of the topic, and what agents found wrong.

An entry: `_id` (the topic's key), `rev`, `kind` (the event type), `version`, `actor`, `entry` (the newest version),
and `history` (each version with `at` and `by`). A report: `_id`, `rev`, `article`, `version`, `agent`, `text`, `at`.
"""

from typing import Any, Protocol

from pymongo import ASCENDING

from shared.documents import Document, Documents
from shared.mongo import MongoDocuments, reachable
from shared.testing import MemoryDocuments, MemoryTable

REPORTS = 500


class Store(Protocol):
    """What knowledge needs. Every method raises StoreAway while the database is away."""

    @property
    def entries(self) -> Documents: ...

    @property
    def reports(self) -> Documents: ...

    async def versions(self) -> dict[str, int]:
        """The newest version of every key."""
        ...

    async def latest_reports(self) -> list[Document]:
        """What was found wrong, the newest first, at most REPORTS."""
        ...


class MongoStore:
    """The store on MongoDB."""

    def __init__(self, database: Any) -> None:
        self._entries, self._reports = database.entries, database.reports
        self.entries: Documents = MongoDocuments(self._entries)
        self.reports: Documents = MongoDocuments(self._reports)

    async def prepare(self) -> None:
        """The indexes: versions are read from one alone."""
        await self._entries.create_index([("_id", ASCENDING), ("version", ASCENDING)])
        await self._reports.create_index([("at", ASCENDING)])

    async def versions(self) -> dict[str, int]:
        with reachable():
            rows = await self._entries.find({}, {"version": 1}).hint([("_id", 1), ("version", 1)]).to_list(None)
        return {row["_id"]: row["version"] for row in rows}

    async def latest_reports(self) -> list[Document]:
        with reachable():
            rows: list[Document] = await self._reports.find({}).sort("at", -1).limit(REPORTS).to_list(None)
        return rows


class MemoryStore:
    """The store in memory, for tests."""

    def __init__(self, entries: MemoryTable, reports: MemoryTable) -> None:
        self._entries, self._reports = entries, reports
        self.entries: Documents = MemoryDocuments(entries)
        self.reports: Documents = MemoryDocuments(reports)

    async def versions(self) -> dict[str, int]:
        return {key: row["version"] for key, row in self._entries.rows.items()}

    async def latest_reports(self) -> list[Document]:
        return sorted(self._reports.rows.values(), key=lambda row: str(row["at"]), reverse=True)[:REPORTS]
