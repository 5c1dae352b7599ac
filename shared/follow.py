"""Following topics from their end, outside any group: for those who wait for the outcome of what they just sent."""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from aiokafka import AIOKafkaConsumer

from shared.producer import STOP_S, backoff
from shared.records import CAUSE, Received, header
from shared.tasks import being_cancelled, within

log = structlog.get_logger()


class Outcomes:
    """Hands each record of the followed topics to whoever waits for its cause."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[Received]] = {}

    def expect(self, cause: str) -> "asyncio.Future[Received]":
        """The first record caused by this command, once it is seen; call before sending."""
        known = self._waiting.get(cause)
        if known is not None and not known.done():
            return known
        future: asyncio.Future[Received] = asyncio.get_running_loop().create_future()
        self._waiting[cause] = future
        return future

    def forget(self, cause: str) -> None:
        self._waiting.pop(cause, None)

    def see(self, record: Received) -> None:
        future = self._waiting.get(header(record, CAUSE)) if self._waiting else None
        if future is not None and not future.done():
            future.set_result(record)


async def follow(bootstrap: str, topics: Sequence[str], see: Callable[[Received], None]) -> None:
    """Read the topics from their present end until cancelled; starts again after a failure."""
    attempt = 0
    while True:
        # Without a group every partition is assigned, from its present end.
        consumer = AIOKafkaConsumer(
            *topics, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="latest"
        )
        try:
            await consumer.start()
            await _read(consumer, see)
        except (Exception, asyncio.CancelledError) as error:
            if being_cancelled():
                raise
            log.warning("following again", topics=list(topics), error=repr(error))
            await asyncio.sleep(backoff(attempt))
            attempt += 1
        finally:
            await within(STOP_S, consumer.stop())


async def _read(consumer: AIOKafkaConsumer, see: Callable[[Received], None]) -> None:
    while True:
        for records in (await consumer.getmany(timeout_ms=1000)).values():
            for record in records:
                see(record)
