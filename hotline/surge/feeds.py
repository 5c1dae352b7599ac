"""The departments that read a feed topic and write an answers topic, with their own consumer and producer."""

import asyncio
import time
from collections.abc import Sequence

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from hotline.surge.desks import Desks, Reply
from hotline.surge.journal import Commanded, Journal
from hotline.surge.rounds import World
from shared.clock import Clock
from shared.events.envelope import Unreadable, decode
from shared.events.topics import Topics
from shared.producer import Publisher
from shared.records import Received
from shared.tasks import closed, within

log = structlog.get_logger()
FETCH_BYTES, FETCH_MS = 64 * 1024, 250
"""Forty feeds are asked for at once: not for each record by itself."""
STUCK_S = 10.0
STOP_S = 3.0


class FeedDepartments:
    """Reads the feeds from their present end and answers until cancelled."""

    def __init__(
        self, world: World, topics: Topics, units: Sequence[str], bootstrap: str, publisher: Publisher, clock: Clock,
        journals: dict[str, Journal],
    ) -> None:  # fmt: skip
        self.acted = 0
        self._desks = Desks(world)
        self._units = {topics.feed(unit): unit for unit in units}
        self._topics = topics
        self._bootstrap = bootstrap
        self._publisher = publisher
        self._clock = clock
        self._journals = journals
        self._positions: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        while self._units:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._bootstrap, enable_auto_commit=False,
                fetch_min_bytes=FETCH_BYTES, fetch_max_wait_ms=FETCH_MS,
            )  # fmt: skip
            try:
                await consumer.start()
                await self._read(consumer)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("departments read their feeds again", error=repr(error))
                await asyncio.sleep(0.5)
            finally:
                await closed(STOP_S, consumer.stop())

    async def find_ends(self) -> None:
        """Where the feeds end now: what comes later is this round's."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            self._positions = await consumer.end_offsets([TopicPartition(topic, 0) for topic in self._units])
        finally:
            await closed(STOP_S, consumer.stop())

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        consumer.assign(list(self._positions))
        for partition, offset in self._positions.items():
            consumer.seek(partition, offset)
        heard = time.monotonic()
        while True:
            batches = await consumer.getmany(timeout_ms=500)
            await self._send(self._desks.due(time.time()))
            if batches:
                heard = time.monotonic()
                await self._answer([record for records in batches.values() for record in records])
                self._positions |= {partition: records[-1].offset + 1 for partition, records in batches.items()}
            elif time.monotonic() - heard > STUCK_S:
                await self._check(consumer)
                heard = time.monotonic()

    async def _check(self, consumer: AIOKafkaConsumer) -> None:
        """A consumer can stay alive but stuck after a broker restart (aiokafka #1154): then start another."""
        ends = await within(STUCK_S, consumer.end_offsets(list(self._positions)))
        if any(ends[partition] > position for partition, position in self._positions.items()):
            raise TimeoutError("feeds have records that do not arrive")

    async def _answer(self, records: Sequence[Received]) -> None:
        await self._send([reply for record in records if (reply := self._decide(record))])

    async def _send(self, replies: Sequence[Reply]) -> None:
        await self._publisher.publish([reply.record(self._topics, self._clock.now()) for reply in replies])
        now = time.time()
        for reply in replies:
            self._journals[reply.unit].write(Commanded(now, reply.case, reply.command, reply.verb, 0))
        self.acted += len(replies)

    def _decide(self, record: Received) -> Reply | None:
        unit = self._units[record.topic]
        try:
            return self._desks.read(unit, decode(record.value), time.time())
        except (Unreadable, msgspec.MsgspecError) as error:
            self._journals[unit].refused("feed record", 0, repr(error))
            return None
