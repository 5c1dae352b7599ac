"""Publishing in order: per partition one record batch is in flight, the next goes after its acknowledgement.

On a failure that partition stops, the producer is replaced, and sending resumes at the first record that nobody
acknowledged. Duplicates are legal; a record before its predecessor is not.
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)
from aiokafka.partitioner import murmur2

from shared import names
from shared.away import Abandoned, BrokerAway, Refused
from shared.clock import Clock
from shared.records import Record
from shared.tasks import being_cancelled, within

log = structlog.get_logger()
BATCH_BYTES = 512 * 1024
REQUEST_TIMEOUT_MS = 8_000
SEND_S = 12.0
"""A batch that nobody acknowledged for so long ends its producer, which is replaced.

An idempotent aiokafka producer never gives a batch up by itself; after a process was frozen, one was seen to wait for
ever.
"""
STOP_S = 2.0
"""aiokafka's stop() flushes without bound while the broker is away."""
_FOR_GOOD = (
    MessageSizeTooLargeError, RecordListTooLargeError, InvalidTopicError, TopicAuthorizationFailedError,
)  # fmt: skip


class Transport(Protocol):
    """One attempt to send one record batch to one partition."""

    async def partitions(self, topic: str) -> int: ...

    async def send(self, topic: str, partition: int, records: Sequence[Record]) -> int:
        """Send as many of the first records as one batch holds and wait for the acknowledgement.

        Returns how many. Raises BrokerAway (unknown whether they arrived) or Refused (for good).
        """
        ...


class Publisher(Protocol):
    """What handlers may know of sending."""

    async def publish(self, records: Sequence[Record]) -> None:
        """Return when every record is acknowledged, each partition's in the given order. Raises Refused."""
        ...


@lru_cache(maxsize=1 << 16)
def partition_of(key: bytes, count: int) -> int:
    """Kafka's own default: murmur2 of the key. Remembered, because it is slow and a case's key comes many times."""
    return int(murmur2(key) & 0x7FFFFFFF) % count


def backoff(attempt: int) -> float:
    """Seconds to wait after the nth failure in a row: 0.1 s doubled up to 3.2 s."""
    return float(0.1 * 2 ** min(attempt, 5))


class OrderedPublisher:
    """Publishes over a transport, retrying until acknowledged."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock

    async def publish(self, records: Sequence[Record]) -> None:
        queues = await self._by_partition(records)
        results = await asyncio.gather(
            *(self._in_order(topic, number, queue) for (topic, number), queue in queues.items()),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _by_partition(self, records: Sequence[Record]) -> dict[tuple[str, int], list[Record]]:
        queues: dict[tuple[str, int], list[Record]] = {}
        for record in records:
            number = record.partition
            if number is None:
                number = partition_of(record.key, await self._patiently(record.topic))
            queues.setdefault((record.topic, number), []).append(record)
        return queues

    async def _patiently(self, topic: str) -> int:
        attempt = 0
        while True:
            try:
                return await self._transport.partitions(topic)
            except BrokerAway:
                await self._clock.sleep(backoff(attempt))
                attempt += 1

    async def _in_order(self, topic: str, number: int, queue: list[Record]) -> None:
        done, attempt = 0, 0
        while done < len(queue):
            try:
                done += await self._transport.send(topic, number, queue[done:])
                attempt = 0
            except BrokerAway:
                await self._clock.sleep(backoff(attempt))
                attempt += 1


class KafkaTransport:
    """An idempotent aiokafka producer that is replaced after a failure (it can die for good: aiokafka #1017)."""

    def __init__(self, bootstrap: str, *, linger_ms: int = 0, send_s: float = SEND_S) -> None:
        self._bootstrap = bootstrap
        self._linger_ms = linger_ms
        self._send_s = send_s
        self._producer: AIOKafkaProducer | None = None
        self._lock = asyncio.Lock()
        self._stopped = False
        self._counts: dict[str, int] = {}

    async def partitions(self, topic: str) -> int:
        if topic not in self._counts:
            try:
                producer = await self._current()
                self._counts[topic] = len(await producer.partitions_for(topic))
            except (KafkaError, OSError, TimeoutError) as error:
                raise BrokerAway(str(error)) from error
        return self._counts[topic]

    async def send(self, topic: str, partition: int, records: Sequence[Record]) -> int:
        try:
            producer = await self._current()
        except (KafkaError, OSError, TimeoutError) as error:
            raise BrokerAway(str(error)) from error
        try:
            return await self._send(producer, topic, partition, records)
        except _FOR_GOOD as error:
            raise Refused(str(error)) from error
        except (KafkaError, OSError, TimeoutError) as error:
            await self._give_up(producer, error)
            raise BrokerAway(str(error)) from error
        except asyncio.CancelledError as error:
            if being_cancelled():
                raise
            raise BrokerAway("the producer was stopped under the batch") from error

    async def _send(self, producer: AIOKafkaProducer, topic: str, partition: int, records: Sequence[Record]) -> int:
        batch, count = producer.create_batch(), 0
        for record in records:
            if batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers)) is None:
                break
            count += 1
        if count == 0:
            raise MessageSizeTooLargeError(f"a record of {len(records[0].value)} bytes")
        async with asyncio.timeout(self._send_s):
            await asyncio.shield(await producer.send_batch(batch, topic, partition=partition))
        return count

    async def _current(self) -> AIOKafkaProducer:
        async with self._lock:
            self._check()
            if self._producer is None:
                producer = self._make()
                try:
                    await producer.start()
                    self._check()
                except BaseException:
                    await within(STOP_S, producer.stop())
                    raise
                self._producer = producer
            return self._producer

    def _make(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=self._linger_ms,
            max_batch_size=BATCH_BYTES,
            max_request_size=4 * BATCH_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )

    def _check(self) -> None:
        if self._stopped:
            raise Abandoned("the transport is stopped")

    async def _give_up(self, producer: AIOKafkaProducer, error: Exception) -> None:
        async with self._lock:
            already = self._producer is not producer
            if not already:
                self._producer = None
        if already:
            return
        names.PRODUCER_REPLACED.inc()
        log.warning("producer replaced", error=repr(error))
        await within(STOP_S, producer.stop())

    async def stop(self) -> None:
        """Whoever still tries to send hears Abandoned, also where its cancellation got lost in the Kafka client."""
        self._stopped = True
        producer = self._producer
        self._producer = None
        if producer is not None:
            await within(STOP_S, producer.stop())


class GroupedPublisher:
    """Callers that arrive while a batch is in flight go together in the next one; who gave up waiting is left out."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._queue: list[tuple[Sequence[Record], asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def publish(self, records: Sequence[Record]) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((records, future))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())
        await future

    async def _flush(self) -> None:
        while group := [(records, future) for records, future in self._queue if not future.done()]:
            self._queue.clear()
            try:
                await self._publisher.publish([record for records, _ in group for record in records])
                error: Exception | None = None
            except Exception as raised:
                error = raised
            for _, future in group:
                if not future.done():
                    future.set_exception(error) if error else future.set_result(None)
        self._flusher = None
