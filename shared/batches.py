"""What happens to a batch that fails: wait where something is away, dead-letter only what is wrong in itself."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from shared import names
from shared.away import AWAY, Abandoned
from shared.clock import Clock
from shared.producer import backoff
from shared.records import Received, origin
from shared.tasks import being_cancelled

log = structlog.get_logger()
ALONE = 3
"""A record that raises so many times alone is dead-lettered (design.md §3.13)."""

Handle = Callable[[Sequence[Received]], Awaitable[None]]
Poison = Callable[[Received, Exception], Awaitable[None]]


class BatchRunner:
    """Runs a handler over a batch until every record is handled or dead-lettered; then the offsets may be committed."""

    def __init__(self, group: str, handle: Handle, poison: Poison, clock: Clock, abandoned: Callable[[], bool]) -> None:
        self.group = group
        self._handle = handle
        self._poison = poison
        self._clock = clock
        self._abandoned = abandoned
        self._waits = names.RETRIES.labels(group, "away")

    async def run(self, records: Sequence[Received]) -> None:
        """Raises Abandoned when the batch must be given up uncommitted."""
        try:
            await self._until_back(lambda: self._handle(records))
        except Abandoned:
            raise
        except Exception as error:
            log.exception("batch failed; its records go alone", group=self.group, records=len(records))
            names.RETRIES.labels(self.group, type(error).__name__).inc()
            for record in records:
                await self._alone(record)

    async def _alone(self, record: Received) -> None:
        last: Exception = RuntimeError("never tried")
        for _ in range(ALONE):
            try:
                await self._until_back(lambda: self._handle([record]))
                return
            except Abandoned:
                raise
            except Exception as error:
                last = error
        log.error("record is dead-lettered", group=self.group, origin=origin(record), error=repr(last))
        await self._lay_aside(record, last)

    async def _lay_aside(self, record: Received, error: Exception) -> None:
        """Until it is a dead letter: a batch that ends without it would commit past it."""
        attempt = 0
        while True:
            try:
                return await self._until_back(lambda: self._poison(record, error))
            except Abandoned:
                raise
            except Exception as again:
                if self._abandoned():
                    raise Abandoned(str(again)) from again
                log.exception("no dead letter can be written; the partition waits", origin=origin(record))
                await self._clock.sleep(backoff(attempt))
                attempt += 1

    async def _until_back(self, step: Callable[[], Awaitable[None]]) -> None:
        attempt = 0
        while True:
            try:
                return await step()
            except (*AWAY, asyncio.CancelledError) as error:
                if being_cancelled():
                    raise
                if self._abandoned():
                    raise Abandoned(str(error)) from error
                self._waits.inc()
                log.warning("away; the batch waits", group=self.group, error=repr(error), attempt=attempt)
                await self._clock.sleep(backoff(attempt))
                attempt += 1
