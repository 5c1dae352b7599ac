"""Shipped fakes, so that tests patch nothing: a clock, guarded documents, a log with partitions, a random schedule.

With a Schedule every await of a fake is a scheduling point: the test decides who goes on next, who crashes, and
which send fails part way.
"""

import asyncio
import pickle
import random
from collections.abc import Collection, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shared.away import BrokerAway, StoreAway
from shared.clock import CHINA
from shared.documents import Document, Kept, Saved, Write
from shared.producer import partition_of
from shared.records import Record


class Dead(Exception):
    """A crashed process touches nothing any more."""


class Schedule:
    """Lets waiting tasks go on one at a time, in an order drawn from the seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._waiting: list[asyncio.Future[None]] = []

    async def point(self) -> None:
        """Wait until drawn."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    async def run(self, task: asyncio.Task[Any]) -> None:
        """Drive until the task is done. Turns are bare callbacks, since there are thousands in a schedule."""
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()

        def turn() -> None:
            if task.done():
                over.set_result(None)
                return
            self._let_one_go_on()
            loop.call_soon(turn)

        loop.call_soon(turn)
        await over

    def _let_one_go_on(self) -> None:
        """Draw until one is found that has not been cancelled meanwhile."""
        waiting = self._waiting
        while waiting:
            drawn = int(self.random.random() * len(waiting))
            waiting[drawn], waiting[-1] = waiting[-1], waiting[drawn]
            future = waiting.pop()
            if not future.done():
                future.set_result(None)
                return


class Process:
    """What a fake belongs to: once crashed, every use of it raises, so nothing happens after the crash."""

    def __init__(self, schedule: Schedule | None = None) -> None:
        self.schedule = schedule
        self.alive = True
        self.tasks: list[asyncio.Task[Any]] = []

    async def point(self) -> None:
        if self.schedule is not None:
            await self.schedule.point()
        if not self.alive:
            raise asyncio.CancelledError

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self.tasks.append(task)
        return task

    def crash(self) -> None:
        self.alive = False
        for task in self.tasks:
            task.cancel()


class FakeClock:
    """Domain time that a test sets; sleeping takes no time but is a scheduling point."""

    def __init__(self, start: datetime | None = None, process: Process | None = None) -> None:
        self.time = start or datetime(2021, 1, 13, 4, 0, tzinfo=CHINA)
        self._process = process or Process()
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def domain(self, unix_s: float) -> datetime:
        return datetime.fromtimestamp(unix_s, CHINA)

    def real(self) -> float:
        return self.time.timestamp()

    def seconds(self, domain: timedelta) -> float:
        return domain.total_seconds()

    def forward(self, **span: float) -> None:
        self.time += timedelta(**span)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self._process.point()
        await asyncio.sleep(0)


def _copy(value: Any) -> Any:
    """A deep copy; several times faster than copy.deepcopy."""
    return pickle.loads(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))


class MemoryTable:
    """The stored documents: what survives a crash. `unique` names fields that no two documents share."""

    def __init__(self, unique: tuple[str, ...] = ()) -> None:
        self.rows: dict[str, Document] = {}
        self.unique = unique

    def taken(self, write: Write) -> bool:
        return any(
            name in write.set and row.get(name) == write.set[name] and row["_id"] != write.id
            for name in self.unique
            for row in self.rows.values()
        )


class MemoryDocuments:
    """Documents over a MemoryTable, with the behaviour of the real ones; `fails` is the chance of being away."""

    def __init__(self, table: MemoryTable, process: Process | None = None, fails: float = 0.0) -> None:
        self.table = table
        self._process = process or Process()
        self._fails = fails
        self._kept = Kept()

    async def load(self, ids: Collection[str], omit: Sequence[str] = ()) -> dict[str, Document]:
        await self._point()
        found = {one: self.table.rows[one] for one in ids if one in self.table.rows}
        return {one: _copy({k: v for k, v in row.items() if k not in omit}) for one, row in found.items()}

    def recall(self, ids: Collection[str]) -> dict[str, Document]:
        return self._kept.take(ids)

    async def save(self, writes: Sequence[Write], keep: bool = False) -> Saved:
        self._kept.forget(writes)
        saved = await self._save(writes)
        if keep:
            self._kept.put(writes, saved)
        return saved

    async def _save(self, writes: Sequence[Write]) -> Saved:
        await self._point()
        written, clashed = set(), set()
        for write in writes:
            if self.table.rows.get(write.id, {"rev": 0})["rev"] != write.rev:
                continue
            if self.table.taken(write):
                clashed.add(write.id)
                continue
            self._put(write)
            written.add(write.id)
        await self._point()
        return Saved(frozenset(written), frozenset(clashed))

    def _put(self, write: Write) -> None:
        row = self.table.rows.setdefault(write.id, {"_id": write.id})
        row.update(_copy(write.set), rev=write.rev + 1)
        for field, values in write.push.items():
            row.setdefault(field, []).extend(_copy(values))

    async def _point(self) -> None:
        """Before and after the work: a failure may come when the write has already happened."""
        await self._process.point()
        schedule = self._process.schedule
        if schedule is not None and schedule.chance(self._fails):
            raise StoreAway("fake outage")


class Stored(NamedTuple):
    """A record in the memory log."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class MemoryLog:
    """Topics with partitions, and the committed offsets of groups: what survives every crash."""

    def __init__(self, partitions: int = 2) -> None:
        self.partitions = partitions
        self.topics: dict[tuple[str, int], list[Stored]] = {}
        self.committed: dict[tuple[str, str, int], int] = {}
        self.clock_ms = 0
        self._asleep: list[asyncio.Future[None]] = []

    async def news(self) -> None:
        """Sleep until something happens: a record, or a call of `wake`."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asleep.append(future)
        await future

    def wake(self) -> None:
        asleep, self._asleep = self._asleep, []
        for future in asleep:
            if not future.done():
                future.set_result(None)

    def append(self, record: Record, partition: int) -> None:
        queue = self.topics.setdefault((record.topic, partition), [])
        self.clock_ms += 1
        self.wake()
        queue.append(
            Stored(record.topic, partition, len(queue), self.clock_ms, record.key, record.value, record.headers)
        )

    def produce(self, record: Record) -> None:
        """Append as the keyed producer of the outside world."""
        number = record.partition
        self.append(record, partition_of(record.key, self.partitions) if number is None else number)

    def all(self, topic: str) -> list[Stored]:
        """Every record of a topic, partition by partition."""
        return [stored for (name, _), queue in sorted(self.topics.items()) if name == topic for stored in queue]


class MemoryTransport:
    """A transport whose sends may fail before or after the log took the batch."""

    def __init__(self, log: MemoryLog, process: Process | None = None, fails: float = 0.0) -> None:
        self.log = log
        self._process = process or Process()
        self._fails = fails

    async def partitions(self, topic: str) -> int:
        await self._process.point()
        return self.log.partitions

    async def send(self, topic: str, partition: int, records: Sequence[Record]) -> int:
        await self._process.point()
        schedule = self._process.schedule
        count = len(records)
        if schedule is not None:
            count = schedule.random.randint(1, len(records))
            if schedule.chance(self._fails):
                raise BrokerAway("fake failure before the log")
        for record in records[:count]:
            self.log.append(record, partition)
        await self._process.point()
        if schedule is not None and schedule.chance(self._fails):
            raise BrokerAway("fake failure after the log")
        return count


class MemoryPublisher:
    """Publishes at once; for tests in which sending is not the point. `published` keeps everything in order."""

    def __init__(self, log: MemoryLog | None = None) -> None:
        self.log = log or MemoryLog()
        self.published: list[Record] = []

    async def publish(self, records: Sequence[Record]) -> None:
        for record in records:
            self.published.append(record)
            self.log.produce(record)
