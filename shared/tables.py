"""A compacted topic as a table in every replica: read from its beginning outside any group, then followed.

Ready once the end of the first look is reached. A failure of the broker goes on where reading had come to.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.deadletters import ORIGIN, READER, Writer
from shared.events.envelope import Unreadable
from shared.producer import Publisher, backoff
from shared.records import Received, header, origin

log = structlog.get_logger()
FAILURES = (KafkaError, OSError, TimeoutError)
POLL_MS = 500
CATCHING_UP_MS = 50
MAX_RECORDS = 200
"""Read at once; others of the loop have their turn in between."""
IDLE_POLLS = 40


async def _nothing() -> None:
    return None


class Letters:
    """Dead letters of one reader. Each replica meets a bad record at each start; one letter is enough."""

    def __init__(self, bootstrap: str, topic: str, reader: str, publisher: Publisher) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._reader = reader
        self._publisher = publisher
        self._written: set[str] = set()
        self._letters = Writer(reader)

    async def write(self, record: Received, reason: str) -> None:
        """A letter, unless this reader has one of that origin. Raises what Kafka raises."""
        if origin(record) not in self._written:
            known = await read_all(self._bootstrap, self._topic)
            self._written |= {header(letter, ORIGIN) for letter in known if header(letter, READER) == self._reader}
        if origin(record) in self._written:
            return
        await self._publisher.publish([self._letters.letter(self._topic, record, reason)])
        self._written.add(origin(record))


class Table:
    """Hands every record of a topic to `read`, which may raise Unreadable; `changed` is awaited after each batch."""

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        read: Callable[[Received], object],
        letters: Letters,
        changed: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self.ready = False
        self._bootstrap = bootstrap
        self._topic = topic
        self._read = read
        self._letters = letters
        self._changed = changed
        self._next: dict[TopicPartition, int] = {}
        self._failures = 0
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        # A cancellation can get lost inside the Kafka client, so the loop looks at this too.
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._follow()
            except FAILURES as error:
                log.warning("reading the table again", topic=self._topic, error=repr(error))
            except Exception:
                log.exception("reading the table again", topic=self._topic)
            await asyncio.sleep(backoff(self._failures))
            self._failures += 1

    async def _follow(self) -> None:
        consumer = _consumer(self._bootstrap, self._topic)
        try:
            await consumer.start()
            for partition, offset in self._next.items():
                consumer.seek(partition, offset)
            ends = await consumer.end_offsets(list(consumer.assignment()))
            self._failures, idle = 0, 0
            while not self._stopping:
                self.ready = self.ready or not await _behind(consumer, ends)
                wait_ms = POLL_MS if self.ready else CATCHING_UP_MS
                batches = await consumer.getmany(timeout_ms=wait_ms, max_records=MAX_RECORDS)
                await self._take(batches)
                idle = 0 if batches else idle + 1
                if idle % IDLE_POLLS == IDLE_POLLS - 1:
                    await _check_moving(consumer)
        finally:
            await consumer.stop()

    async def _take(self, batches: dict[TopicPartition, list[Received]]) -> None:
        for partition, records in batches.items():
            for record in records:
                await self._one(record)
                self._next[partition] = record.offset + 1
        if batches:
            await self._changed()

    async def _one(self, record: Received) -> None:
        try:
            self._read(record)
        except Unreadable as error:
            log.error("unreadable", origin=origin(record), error=str(error))
            await self._letters.write(record, str(error))


async def read_all(bootstrap: str, topic: str) -> list[Received]:
    """Everything that stands on a topic now."""
    consumer = _consumer(bootstrap, topic)
    try:
        await consumer.start()
        ends = await consumer.end_offsets(list(consumer.assignment()))
        found: list[Received] = []
        while await _behind(consumer, ends):
            for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                found += records
        return found
    finally:
        await consumer.stop()


async def _check_moving(consumer: AIOKafkaConsumer) -> None:
    """A consumer can stay alive but stuck after a broker restart (aiokafka #1154). Raises TimeoutError."""
    if await _behind(consumer, await consumer.end_offsets(list(consumer.assignment()))):
        raise TimeoutError("records stand on the topic and do not come")


def _consumer(bootstrap: str, topic: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )  # fmt: skip


async def _behind(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    return any([await consumer.position(partition) < end for partition, end in ends.items()])
