"""The accept path: a request is taken when Kafka has acknowledged its records, or when the spool has them on disk.

MongoDB is not on this way. Requests that arrive together are sent together, one batch per partition at a time.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence

import structlog
from msgspec import MsgspecError

from services.intake.spool import Entry, Spool, SpoolFull
from shared import names
from shared.away import Away, BrokerAway, Refused
from shared.clock import Clock
from shared.events.topics import LANES, Lane
from shared.producer import OrderedPublisher, Transport, partition_of
from shared.records import Record
from shared.service import Problem
from shared.tasks import end

log = structlog.get_logger()
ACK_S = 1.0
"""A request without acknowledgement so long after its arrival goes into the spool."""
LINGER_S = 0.01
"""Requests that arrive within this go together: at 1,000 requests/s a third fewer batches than within 4 ms."""
REPLAY = 200
RETRY_AFTER_S = (2, 8)
_LOG, _SPOOL = names.ACCEPTED.labels("log"), names.ACCEPTED.labels("spool")


class Ticket:
    """A request under way: done when all its records are acknowledged, or one has failed."""

    def __init__(self, records: int) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = records

    def acknowledged(self) -> None:
        self._left -= 1
        if self._left == 0 and not self.done.done():
            self.done.set_result(None)

    def failed(self) -> None:
        if not self.done.done():
            self.done.set_exception(BrokerAway("not acknowledged"))
            self.done.exception()


class OneAtATime:
    """A transport that never has two batches of one partition in flight, whoever sends."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._locks: dict[tuple[str, int], asyncio.Lock] = {}

    async def partitions(self, topic: str) -> int:
        return await self._transport.partitions(topic)

    async def send(self, topic: str, partition: int, records: Sequence[Record]) -> int:
        async with self._locks.setdefault((topic, partition), asyncio.Lock()):
            return await self._transport.send(topic, partition, records)


class Pipe:
    """What waits for one partition. A batch that fails is not repeated: its requests go into the spool."""

    def __init__(self, transport: Transport, topic: str, partition: int) -> None:
        self._transport = transport
        self._topic = topic
        self._partition = partition
        self._queue: list[tuple[Record, Ticket]] = []
        self.sending: asyncio.Task[None] | None = None

    def put(self, record: Record, ticket: Ticket) -> None:
        self._queue.append((record, ticket))

    def flush(self) -> None:
        if self._queue and self.sending is None:
            self.sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        try:
            while batch := [(record, ticket) for record, ticket in self._queue if not ticket.done.done()]:
                self._queue = []
                await self._batch(batch)
        finally:
            self._queue.clear()
            self.sending = None

    async def _batch(self, batch: list[tuple[Record, Ticket]]) -> None:
        """One batch, as often as it takes to send all of it; those that fail are told."""
        while batch:
            try:
                count = await self._transport.send(self._topic, self._partition, [record for record, _ in batch])
            except (Away, Refused) as error:
                log.warning("batch not acknowledged", topic=self._topic, requests=len(batch), error=repr(error))
                for _, ticket in batch:
                    ticket.failed()
                return
            for _, ticket in batch[:count]:
                ticket.acknowledged()
            batch = batch[count:]


class Pipes:
    """The direct way to the log."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._pipes: dict[tuple[str, int], Pipe] = {}
        self._flush_set = False

    async def publish(self, records: Sequence[Record]) -> None:
        """Return when all are acknowledged; raises BrokerAway as soon as one is not."""
        counts = [await self._transport.partitions(record.topic) for record in records]
        ticket = Ticket(len(records))
        for record, count in zip(records, counts, strict=True):
            self._pipe(record.topic, partition_of(record.key, count)).put(record, ticket)
        if not self._flush_set:
            self._flush_set = True
            asyncio.get_running_loop().call_later(LINGER_S, self._flush)
        await ticket.done

    def _pipe(self, topic: str, partition: int) -> Pipe:
        pipe = self._pipes.get((topic, partition))
        if pipe is None:
            pipe = self._pipes[topic, partition] = Pipe(self._transport, topic, partition)
        return pipe

    def _flush(self) -> None:
        self._flush_set = False
        for pipe in self._pipes.values():
            pipe.flush()

    async def drained(self, seconds: float) -> None:
        """Wait for the batches in flight, at most so long."""
        tasks = [pipe.sending for pipe in self._pipes.values() if pipe.sending is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)


class Replayer:
    """Brings a spool back into the log, in order: acknowledged before deleted."""

    def __init__(self, spool: Spool, publisher: OrderedPublisher, clock: Clock) -> None:
        self._spool = spool
        self._publisher = publisher
        self._clock = clock

    async def run(self) -> None:
        while True:
            await self._spool.filled()
            try:
                await self.once()
            except Exception:
                log.exception("replay failed; it goes on", lane=self._spool.lane)
                await self._clock.sleep(1.0)

    async def once(self) -> None:
        """The oldest entries. Where one of them is refused, each goes alone, and only that one is put aside."""
        entries = await self._spool.head(REPLAY)
        try:
            await self._publisher.publish([record for entry in entries for record in entry.records()])
        except (Refused, MsgspecError):
            for entry in entries:
                await self._alone(entry)
        else:
            await self._spool.delete(entries)

    async def _alone(self, entry: Entry) -> None:
        try:
            await self._publisher.publish(entry.records())
        except (Refused, MsgspecError) as error:
            await self._spool.refuse(entry, repr(error))
        else:
            await self._spool.delete([entry])


class Acceptor:
    """Takes requests of both lanes."""

    def __init__(self, transport: Transport, spools: Mapping[Lane, Spool], clock: Clock, ack_s: float = ACK_S) -> None:
        self.spools = spools
        self._ack_s = ack_s
        single = OneAtATime(transport)
        self._pipes: dict[Lane, Pipes] = {lane: Pipes(single) for lane in LANES}
        self._replayers = [Replayer(spool, OrderedPublisher(single, clock), clock) for spool in spools.values()]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        for spool in self.spools.values():
            await spool.open()
        self._tasks = [asyncio.create_task(replayer.run()) for replayer in self._replayers]

    async def stop(self) -> None:
        """Finish what is in flight; what is in the spool stays there."""
        await asyncio.gather(*(pipes.drained(2 * self._ack_s) for pipes in self._pipes.values()))
        await end(self._tasks)
        for spool in self.spools.values():
            await spool.close()

    def ready(self) -> bool:
        """Whether a request would be taken: nothing goes past a full spool, so its state alone decides."""
        return not any(spool.full for spool in self.spools.values())

    async def accept(self, lane: Lane, records: Sequence[Record]) -> None:
        """Return when the records are safe, all of them together; raises Problem (503) when there is no room."""
        spool = self.spools[lane]
        if not spool.entries:
            try:
                async with asyncio.timeout(self._ack_s):
                    await self._pipes[lane].publish(records)
            except (TimeoutError, Away):
                if not spool.entries:  # one line for all that follow: a line each costs more than the spool
                    log.warning("not acknowledged in time; into the spool", lane=lane)
            else:
                _LOG.inc()
                return
        await self._behind(spool, records)

    async def _behind(self, spool: Spool, records: Sequence[Record]) -> None:
        try:
            await spool.append(records)
        except SpoolFull as full:
            wait = str(random.randint(*RETRY_AFTER_S))
            detail = f"no room for more requests; repeat the same one in {wait} seconds"
            raise Problem(503, "spool_full", detail, {"Retry-After": wait}) from full
        _SPOOL.inc()
