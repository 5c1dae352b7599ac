"""The lag of every consumer group, asked of the broker while somebody looks, and kept for a moment."""

import asyncio
from typing import Protocol

import structlog
from aiokafka.errors import KafkaError

from services.desk.domain.lag import Lag
from shared.clock import Clock
from shared.groups import Groups

log = structlog.get_logger()
KEPT_S = 3.0
FRESH_S = 20.0
"""Older figures are none."""


class Lags(Protocol):
    """Whoever knows how far the services are behind."""

    def latest(self) -> Lag | None:
        """What is known at once, None where that is nothing; looking has the next one fetched."""
        ...


class BrokerLags:
    """At most one question to the broker is under way, however many look."""

    def __init__(self, groups: Groups, clock: Clock) -> None:
        self._groups = groups
        self._clock = clock
        self._last: Lag | None = None
        self._told_at = self._asked = 0.0
        self._asking: asyncio.Task[None] | None = None

    def latest(self) -> Lag | None:
        now, idle = self._clock.real(), self._asking is None or self._asking.done()
        if idle and now - self._asked > KEPT_S:
            self._asked = now
            self._asking = asyncio.create_task(self._ask())
        return self._last if now - self._told_at < FRESH_S else None

    async def _ask(self) -> None:
        try:
            self._last = await self._groups.lag()
            self._told_at = self._clock.real()
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("the lag is not known", error=repr(error))

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._groups.close()
