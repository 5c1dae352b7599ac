"""Domain time: one clock that every process shares, real or scaled. Latencies and Kafka's timestamps stay real."""

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

from shared.settings import Settings

CHINA = timezone(timedelta(hours=8))


class Clock(Protocol):
    """What code may know of time, so that tests bring their own."""

    def now(self) -> datetime:
        """Domain time."""
        ...

    def domain(self, unix_s: float) -> datetime:
        """Domain time of a real moment, for example of a broker's append time."""
        ...

    def real(self) -> float:
        """Unix seconds."""
        ...

    def seconds(self, domain: timedelta) -> float:
        """Real seconds that a span of domain time lasts."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Real seconds."""
        ...


class ScaledClock:
    """domain = origin + (real - started) * rate."""

    def __init__(self, origin: datetime, started: float, rate: float) -> None:
        self._origin = origin
        self._started = started
        self._rate = rate

    def now(self) -> datetime:
        return self.domain(time.time())

    def domain(self, unix_s: float) -> datetime:
        return self._origin + timedelta(seconds=(unix_s - self._started) * self._rate)

    def real(self) -> float:
        return time.time()

    def seconds(self, domain: timedelta) -> float:
        return domain.total_seconds() / self._rate

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def make_clock(settings: Settings) -> ScaledClock:
    """The clock that the settings name; without an origin domain time is real time."""
    if settings.time_origin:
        origin = datetime.fromisoformat(settings.time_origin).astimezone(CHINA)
        return ScaledClock(origin, settings.time_started, settings.time_rate)
    return ScaledClock(datetime.fromtimestamp(0, UTC).astimezone(CHINA), 0.0, 1.0)
