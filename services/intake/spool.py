"""The spool: requests on disk that the broker has not acknowledged yet, one per lane, in order (design.md §3.1).

SQLite with a write-ahead log and a full fsync per transaction. One row is one request with all its records. Who waits
for the disk at the same time goes into the same transaction. Nothing here blocks the loop: one thread does all of it.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import structlog

from shared import names
from shared.events.topics import Lane
from shared.records import Record

log = structlog.get_logger()
Result = TypeVar("Result")
LOCKED_S = 15.0
"""How long to wait for a former process to let go of the file."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY AUTOINCREMENT, records BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS refused (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, reason TEXT NOT NULL, records BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS settled (
    id INTEGER PRIMARY KEY REFERENCES refused, at REAL NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL);
"""
_OPEN = "FROM refused WHERE id NOT IN (SELECT id FROM settled)"
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Record])


class SpoolFull(Exception):
    """The spool holds all it may, or the disk takes nothing more."""


class Entry(NamedTuple):
    """One request: its place in the order and its records as stored."""

    id: int
    stored: bytes

    def records(self) -> list[Record]:
        return _decoder.decode(self.stored)


class Refusal(NamedTuple):
    """A request that the broker refused for good, `at` unix seconds; its number is never used again by this spool."""

    number: int
    at: float
    reason: str
    stored: bytes

    def records(self) -> list[Record]:
        return _decoder.decode(self.stored)


class Spool:
    """One lane's spool of one process. `max_bytes` bounds the stored requests together."""

    def __init__(self, folder: Path, lane: Lane, max_bytes: int) -> None:
        self.lane = lane
        self.entries = 0
        """Requests on disk, and those on their way to it: while there is one, everything goes behind it."""
        self.refused = 0
        """Requests put aside that nobody has settled."""
        self._path = folder / f"spool.{lane}.sqlite"
        self._max_bytes = max_bytes
        self._bytes = 0
        self._thread = ThreadPoolExecutor(1, f"spool-{lane}")
        self._pending: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._filled = asyncio.Event()

    async def open(self) -> None:
        """Take over what a former process has left; raises sqlite3.Error where the file cannot be used."""
        self._db = await self._in_thread(self._connect)
        self.entries, self._bytes = await self._in_thread(self._count)
        self.refused = await self._in_thread(self._count_refused)
        self._show()

    @property
    def full(self) -> bool:
        return self._bytes >= self._max_bytes

    async def append(self, records: Sequence[Record]) -> None:
        """Return when the request is on disk; raises SpoolFull."""
        stored = _encoder.encode(records)
        if self._bytes + len(stored) > self._max_bytes:
            raise SpoolFull(f"{self.lane}: {self._bytes} bytes wait")
        self.entries += 1
        self._bytes += len(stored)
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append((stored, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await written

    async def _write(self) -> None:
        while group := self._pending:
            self._pending = []
            try:
                await self._in_thread(partial(self._insert, [(stored,) for stored, _ in group]))
                error: Exception | None = None
            except sqlite3.Error as raised:
                log.error("spool cannot be written", lane=self.lane, error=repr(raised))
                error = SpoolFull(repr(raised))
                self._forget(len(group), sum(len(stored) for stored, _ in group))
            for _, written in group:
                if not written.done():
                    written.set_exception(error) if error else written.set_result(None)
            self._show()
        self._writing = None

    async def filled(self) -> None:
        """Wait until there is an entry."""
        await self._filled.wait()

    async def head(self, limit: int) -> list[Entry]:
        """The oldest entries, in order."""
        query = "SELECT id, records FROM entries ORDER BY id LIMIT ?"
        return await self._in_thread(lambda: [Entry(*row) for row in self._db.execute(query, (limit,))])

    async def delete(self, entries: Sequence[Entry]) -> None:
        """The broker has them."""
        await self._in_thread(lambda: self._delete(entries))
        self._forget(len(entries), sum(len(entry.stored) for entry in entries))
        self._show()

    async def refuse(self, entry: Entry, reason: str) -> None:
        """Put an entry aside that can never be sent; a person must look at it."""
        await self._in_thread(lambda: self._refuse(entry, reason))
        self.refused = await self._in_thread(self._count_refused)
        self._forget(1, len(entry.stored))
        self._show()
        log.error("the broker refuses a request for good", lane=self.lane, entry=entry.id, reason=reason)

    async def refusals(self, limit: int) -> list[Refusal]:
        """The oldest requests put aside that nobody has settled, in order."""
        query = f"SELECT id, at, reason, records {_OPEN} ORDER BY id LIMIT ?"
        return await self._in_thread(lambda: [Refusal(*row) for row in self._db.execute(query, (limit,))])

    async def settle(self, number: int, who: str, why: str) -> bool:
        """Somebody has seen to a request put aside: it stays on disk, and counts no more. The first settlement stays.

        False where there is no such request.
        """
        known = await self._in_thread(lambda: self._settle(number, who, why))
        self.refused = await self._in_thread(self._count_refused)
        self._show()
        return known

    async def close(self) -> None:
        """Finish what is being written; the rest stays on disk."""
        if self._writing is not None:
            await self._writing
        await self._in_thread(self._db.close)
        self._thread.shutdown()

    def _forget(self, count: int, size: int) -> None:
        self.entries -= count
        self._bytes -= size

    def _show(self) -> None:
        self._filled.set() if self.entries else self._filled.clear()
        names.SPOOL_ENTRIES.labels(self.lane).set(self.entries)
        names.SPOOL_REFUSED.labels(self.lane).set(self.refused)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _connect(self) -> sqlite3.Connection:
        """The exclusive lock keeps a second process from replaying the same file; it ends with the process."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, timeout=LOCKED_S, isolation_level=None, check_same_thread=False)
        for setting in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
            db.execute(f"PRAGMA {setting}").fetchall()
        db.executescript(_SCHEMA)
        return db

    def _count(self) -> tuple[int, int]:
        row: tuple[int, int] = self._db.execute(
            "SELECT count(*), coalesce(sum(length(records)), 0) FROM entries"
        ).fetchone()
        return row

    def _count_refused(self) -> int:
        row: tuple[int] = self._db.execute(f"SELECT count(*) {_OPEN}").fetchone()
        return row[0]

    def _transaction(self, work: Callable[[], object]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            work()
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _insert(self, rows: list[tuple[bytes]]) -> None:
        self._transaction(lambda: self._db.executemany("INSERT INTO entries (records) VALUES (?)", rows))

    def _delete(self, entries: Sequence[Entry]) -> None:
        rows = [(entry.id,) for entry in entries]
        self._transaction(lambda: self._db.executemany("DELETE FROM entries WHERE id = ?", rows))

    def _refuse(self, entry: Entry, reason: str) -> None:
        def move() -> None:
            self._db.execute("INSERT INTO refused VALUES (?, ?, ?, ?)", (entry.id, time.time(), reason, entry.stored))
            self._db.execute("DELETE FROM entries WHERE id = ?", (entry.id,))

        self._transaction(move)

    def _settle(self, number: int, who: str, why: str) -> bool:
        if self._db.execute("SELECT 1 FROM refused WHERE id = ?", (number,)).fetchone() is None:
            return False
        row = (number, time.time(), who, why)
        self._transaction(lambda: self._db.execute("INSERT OR IGNORE INTO settled VALUES (?, ?, ?, ?)", row))
        return True
