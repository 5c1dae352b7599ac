"""Reading from Kafka: the only file that knows FastStream's knobs.

Batches, manual commits after the handler, one batch in flight per consumer, a gate that holds a rebalance until that
batch is committed, and a watchdog. FastStream's defaults lose messages (ack first, `latest`, automatic topics): all
are set here.
"""

import asyncio
import os
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.annotations import KafkaMessage as KafkaMessageInContext

from shared import names
from shared.away import Abandoned
from shared.batches import BatchRunner, Handle, Poison
from shared.clock import Clock
from shared.health import Check
from shared.settings import Settings
from shared.tasks import end, within

log = structlog.get_logger()
MAX_RECORDS = 500
FIRST_RECORD_WAIT_MS = 50  # how long a poll waits for the first record, then sleeps as long again: keep small
IDLE_FETCH_MS = 1_000
GATHER_BYTES = 64 * 1024
BUSY = 100
"""A poll that brings so many records says that there is a surge; the fuller it is, the longer the reader waits."""
SURGE_RECORDS = 10_000
STUCK = 70
LEAVE_S = 5.0
"""How long to wait for the broker when leaving; aiokafka's own bound is 40 s a request."""


class Gather(NamedTuple):
    """How long a reader lets records gather: each batch costs a write and a commit, a fuller one hardly more.

    `ms`: the broker keeps a first record so long for others to join it, unless there is plenty. `surge_s`: in a surge
    the reader itself waits up to so long, so that several events of a case become one write (docs/decisions/0020).
    """

    ms: int = 0
    surge_s: float = 0.0

    def wait_s(self, records: int, most: int) -> float:
        """How long a reader waits that has so many in hand, of `most` that a poll brings."""
        return self.surge_s * min(1.0, records / most) if records >= BUSY else 0.0


AT_ONCE = Gather()
SOON = Gather(ms=200, surge_s=1.0)
"""Somebody waits, but a second is little beside the lag of a surge."""
LATER = Gather(ms=500, surge_s=4.0)
"""For readers of facts that nobody waits for at once."""
AT_LEISURE = Gather(ms=500, surge_s=8.0)
"""For readers of which nobody asks what happened in these seconds: figures of days, the record of a contact."""


class Gate(ConsumerRebalanceListener):
    """One batch in flight; a rebalance waits for it, and what was read under the old assignment is dropped."""

    def __init__(self, group: str, drain_s: float, changed: Callable[[], None]) -> None:
        self.group = group
        self.revoking = False
        self.stopping = False
        self._drain_s = drain_s
        self._changed = changed
        self._closing = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def closed(self) -> bool:
        return self.revoking or self.stopping

    def stop(self) -> None:
        self.stopping = True
        self._closing.set()

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until the gate closes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    def enter(self) -> None:
        self._idle.clear()

    def leave(self) -> None:
        self._idle.set()

    async def drained(self) -> bool:
        """Wait for the batch in flight, at most the drain time."""
        try:
            async with asyncio.timeout(self._drain_s):
                await self._idle.wait()
        except TimeoutError:
            log.warning("batch still in flight", group=self.group)
            return False
        return True

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        self._closing.set()
        self.revoking = True
        await self.drained()

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        self.revoking = False
        if not self.stopping:
            self._closing.clear()
        self._changed()


class Subscription:
    """One consumer of one group over some topics."""

    def __init__(
        self,
        group: str,
        topics: Sequence[str],
        handle: Handle,
        poison: Poison,
        *,
        settings: Settings,
        clock: Clock,
        changed: Callable[[], None],
        most: int = MAX_RECORDS,
        gather: Gather = AT_ONCE,
    ) -> None:
        self.group = group
        self._most = most
        self._gather = gather
        self.behind = False
        """A whole poll was left when a batch was full: a reader that waited again might never catch up."""
        self.topics = tuple(topics)
        self._changed = changed
        self.gate = Gate(group, settings.drain_s, self.assigned)
        self.runner = BatchRunner(group, handle, poison, clock, self.gate.closed)
        self.consumer: AIOKafkaConsumer | None = None
        self.handled: dict[TopicPartition, int] = {}
        """Next offset per partition, and below: append time (unix s) of the last record handled."""
        self.handled_at: dict[TopicPartition, float] = {}
        self._found: dict[TopicPartition, int] = {}
        """Next offset as committed before this assignment."""
        self._in_hand: frozenset[TopicPartition] = frozenset()
        self._shown: set[TopicPartition] = set()
        """Whose lag is exported."""
        self._records = names.RECORDS.labels(group)

    async def consume(self, message: KafkaMessage) -> None:
        """One batch: handle, commit, only then let go."""
        records = message.raw_message
        self.consumer = message.consumer
        if self.gate.closed() or not isinstance(records, tuple):
            return
        self.gate.enter()
        self._take(records)
        try:
            if wait_s := self._gather.wait_s(len(records), self._most):
                records = await self._gathered(records, 0.0 if self.behind else wait_s)
                self.behind = await self._left() >= self._most
            with names.BATCH_SECONDS.labels(self.group).time():
                await self.runner.run(records)
                await self._commit(records)
        except Abandoned as error:
            log.warning("batch given up uncommitted", group=self.group, why=str(error))
        finally:
            self._in_hand = frozenset()
            self.gate.leave()

    def _take(self, records: Sequence[Any]) -> None:
        self._in_hand |= _last(records).keys()

    async def _gathered(self, records: Sequence[Any], wait_s: float) -> Sequence[Any]:
        """These, and what comes while the reader waits; a partition's order is that of the log."""
        assert self.consumer is not None
        found = list(records)
        await self.gate.pause(wait_s)
        # Once for what the client had fetched before, once for what the broker has now.
        for _ in range(2):
            room = SURGE_RECORDS - len(found)
            if self.gate.closed() or room <= 0:
                break
            try:
                more = await self.consumer.getmany(timeout_ms=FIRST_RECORD_WAIT_MS, max_records=room)
            except (KafkaError, IllegalStateError):
                break
            fresh = [record for batch in more.values() for record in batch]
            self._take(fresh)
            found += fresh
        return found

    async def _left(self) -> int:
        """Records beyond those in hand, as far as the broker has told the client of them."""
        reached = [await self._reached(place) for place in self._in_hand]
        return sum(max(0, end - position) for position, end in filter(None, reached) if end is not None)

    async def _reached(self, partition: TopicPartition) -> tuple[int, int | None] | None:
        """The next offset to be fetched, and the partition's end if told; nothing while it cannot be known."""
        assert self.consumer is not None
        try:
            async with asyncio.timeout(2):
                return await self.consumer.position(partition), self.consumer.highwater(partition)
        except (KafkaError, IllegalStateError, TimeoutError, AssertionError):
            return None

    async def _commit(self, records: Sequence[Any]) -> None:
        """Commit what this batch holds, not the consumer's positions; a failure only means that it comes again."""
        last = _last(records)
        offsets = {tp: record.offset + 1 for tp, record in last.items()}
        self.handled |= offsets
        self.handled_at |= {tp: record.timestamp / 1000 for tp, record in last.items()}
        self._records.inc(len(records))
        assert self.consumer is not None
        try:
            await self.consumer.commit(offsets)
        except (KafkaError, IllegalStateError) as error:
            log.warning("commit failed; the batch will come again", group=self.group, error=repr(error))

    def owned(self) -> frozenset[TopicPartition]:
        """The partitions this process reads now."""
        if self.consumer is None or self.gate.revoking:
            return frozenset()
        return frozenset(self.consumer.assignment())

    def assigned(self) -> None:
        """Forget what was handled under the old assignment."""
        self.handled.clear()
        self._found.clear()
        self.handled_at.clear()
        self.hide_lag(but=self.owned())
        self._changed()

    async def next_offset(self, partition: TopicPartition) -> int:
        """The first record of the partition that is not handled; the broker is asked once per assignment."""
        if partition not in self.handled and partition not in self._found:
            assert self.consumer is not None
            self._found[partition] = await self.consumer.committed(partition) or 0
        return self.handled.get(partition, self._found.get(partition, 0))

    async def lag(self) -> int:
        """Records behind the ends of the owned partitions, as the broker says; 0 where it does not answer."""
        consumer, partitions = self.consumer, list(self.owned())
        if consumer is None or not partitions:
            return 0
        try:
            async with asyncio.timeout(5):
                ends = await consumer.end_offsets(partitions)
                behind = {tp: max(0, ends[tp] - await self.next_offset(tp)) for tp in partitions}
        except (KafkaError, IllegalStateError, TimeoutError, OSError):
            return 0
        self._show_lag(behind)
        return sum(behind.values())

    def _show_lag(self, behind: dict[TopicPartition, int]) -> None:
        """Of what is still owned: a rebalance may have come while the broker was asked."""
        kept = frozenset() if self.gate.closed() else self.owned() & behind.keys()
        for place in kept:
            names.LAG.labels(self.group, place.topic, str(place.partition)).set(behind[place])
        self._shown |= kept

    def hide_lag(self, but: Collection[TopicPartition] = ()) -> None:
        """Export the lag of these alone: of what was given away the new owner tells, and here it would stand still."""
        for gone in self._shown.difference(but):
            names.LAG.remove(self.group, gone.topic, str(gone.partition))
        self._shown.intersection_update(but)

    async def read_up_to(self, partition: TopicPartition, now: float) -> float:
        """Unix seconds: the append time of the last record handled, or `now` at the partition's end."""
        if partition not in self.owned() or (reached := await self._reached(partition)) is None:
            return 0.0
        position, end = reached
        # The position runs ahead of a batch in hand, also of the first one, which nothing was handled before.
        if end is not None and position >= end and partition not in self._in_hand:
            return now
        return self.handled_at.get(partition, 0.0)


class Bus:
    """A service's consumers: subscribe, start, stop. The worker ends itself when one of them is stuck."""

    def __init__(self, settings: Settings, clock: Clock, healthy: Check) -> None:
        self._settings = settings
        self._clock = clock
        self._healthy = healthy
        self._broker = KafkaBroker(
            settings.kafka,
            ack_policy=AckPolicy.MANUAL,
            allow_auto_create_topics=False,
            graceful_timeout=settings.drain_s,
            client_id=settings.name,
            logger=None,
        )
        self.subscriptions: list[Subscription] = []
        self._handlers: list[Any] = []
        self._watchdog: asyncio.Task[None] | None = None

    def subscribe(
        self,
        group: str,
        topics: Sequence[str],
        handle: Handle,
        poison: Poison,
        *,
        changed: Callable[[], None] = lambda: None,
        max_records: int = MAX_RECORDS,
        gather: Gather = AT_ONCE,
    ) -> Subscription:
        """A consumer of `<city>.<group>`; `changed` is called after each assignment."""
        group_id = f"{self._settings.city}.{group}"
        made = Subscription(
            group_id, topics, handle, poison,
            settings=self._settings, clock=self._clock, changed=changed, most=max_records, gather=gather,
        )  # fmt: skip
        self.subscriptions.append(made)
        subscriber = self._broker.subscriber(
            *topics,
            group_id=group_id,
            batch=True,
            max_records=max_records,
            batch_timeout_ms=gather.ms or FIRST_RECORD_WAIT_MS,
            fetch_min_bytes=GATHER_BYTES if gather.ms else 1,
            fetch_max_wait_ms=gather.ms or IDLE_FETCH_MS,
            auto_offset_reset="earliest",
            listener=made.gate,
            session_timeout_ms=self._settings.session_timeout_ms,
            heartbeat_interval_ms=max(300, self._settings.session_timeout_ms // 5),
            rebalance_timeout_ms=int(self._settings.drain_s * 1000) + 7_000,
            max_poll_interval_ms=600_000,
            decoder=_undecoded,
        )
        self._handlers.append((made, subscriber))
        subscriber(_batch_handler(made))
        return made

    async def start(self) -> None:
        await self._broker.start()
        for made, subscriber in self._handlers:
            made.consumer = subscriber.consumer
        self._watchdog = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Let each batch in flight finish and commit, then leave the groups."""
        if self._watchdog is not None:
            await end([self._watchdog])
        for subscription in self.subscriptions:
            subscription.gate.stop()
        await asyncio.gather(*(subscription.gate.drained() for subscription in self.subscriptions))
        try:
            await within(self._settings.drain_s + LEAVE_S, self._broker.stop())
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("the broker does not answer; the groups notice by themselves", error=repr(error))
        for subscription in self.subscriptions:
            subscription.hide_lag()

    async def ping(self) -> bool:
        """Whether the broker answers; for readiness only."""
        return bool(await self._broker.ping(timeout=3.0))

    async def _watch(self) -> None:
        """End the process when there is lag and nothing moves although broker and database answer."""
        since: dict[str, tuple[int, float]] = {}
        while True:
            await asyncio.sleep(5)
            for made in self.subscriptions:
                lag = await made.lag()
                moved, now = sum(made.handled.values()), self._clock.real()
                known, start = since.get(made.group, (-1, now))
                if lag <= 0 or moved != known:
                    since[made.group] = (moved, now)
                elif now - start > self._settings.stuck_after_s and await self._healthy() and await self.ping():
                    log.critical("stuck: lag and no progress", group=made.group, lag=lag)
                    os._exit(STUCK)


def _last(records: Sequence[Any]) -> dict[TopicPartition, Any]:
    """The last record of each partition; a tuple for each record, as its key, costs a fifth of a TopicPartition."""
    last = {(record.topic, record.partition): record for record in records}
    return {TopicPartition(*place): record for place, record in last.items()}


def _batch_handler(made: Subscription) -> Any:
    async def handle(body: Any, message: KafkaMessageInContext) -> None:
        await made.consume(message)

    return handle


async def _undecoded(message: Any) -> Any:
    """Raw bytes: one bad record must not fail a typed batch."""
    return b""
