"""Row f: the nearest rival's spike profile, 1→15→1→25→2→35→10 lifecycles a second, open loop, on existing cases.

Its own published run failed 57 % of the requests and did not recover; here none may fail, 95 of 100 are answered
within a second, and every reader is back at the end of its topic a minute after each spike.
"""

import asyncio
import time
from collections.abc import Sequence

from msgspec import Struct, structs
from rich.table import Table

from bench.existing import Existing
from bench.journey import Pace, Travelled
from bench.lifecycles import failures
from bench.rows import Row, percentile
from shared.groups import Groups

RATES = (1.0, 15.0, 1.0, 25.0, 2.0, 35.0, 10.0)
STEP_S = 60.0
DRAINED_S = 60.0
LOOK_S = 1.0
EVENTS = 12
"""Records of a lifecycle in a topic of cases: who is not further behind than one second's, has drained."""


class Step(Struct, frozen=True, kw_only=True):
    """One step of the profile. `drained`: seconds after a spike until nobody lagged; NaN where no spike was before."""

    rate: float
    lifecycles: int
    failed: int
    requests: list[float]
    seconds: list[float]
    drained: float
    lag: int


class Lag:
    """The largest lag of any reader, once a second."""

    def __init__(self, ground: Existing) -> None:
        self._groups = Groups(ground.settings.kafka, ground.settings.city)
        self.seen: list[tuple[float, int]] = []

    async def watch(self) -> None:
        """Until cancelled."""
        try:
            while True:
                lag = await self._groups.lag()
                self.seen.append((time.time(), max(lag.values(), default=0)))
                await asyncio.sleep(LOOK_S)
        finally:
            await self._groups.close()

    def drained(self, since: float, rate: float) -> float:
        """Seconds from then until nobody was behind by more than a second of this rate; infinite where never."""
        calm = (at - since for at, lag in self.seen if at >= since and lag <= EVENTS * max(1.0, rate))
        return next(calm, float("inf"))

    def most(self, begin: float, end: float) -> int:
        return max((lag for at, lag in self.seen if begin <= at < end), default=0)


async def profile(ground: Existing, step_s: float) -> tuple[Travelled, list[Step]]:
    """The whole profile."""
    lag = Lag(ground)
    watching = asyncio.create_task(lag.watch())
    try:
        paces = [Pace(rate, step_s) for rate in RATES]
        travelled = await ground.travel(structs.replace(ground.journey, name="rival", paces=paces))
        await ground.drained()
        await asyncio.sleep(2 * LOOK_S)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    return travelled, steps(travelled, lag, step_s)


def steps(travelled: Travelled, lag: Lag, step_s: float) -> list[Step]:
    start = min(one.at for one in travelled.lifecycles)
    found = []
    for number, rate in enumerate(RATES):
        begin, end = start + number * step_s, start + (number + 1) * step_s
        lives = [one for one in travelled.lifecycles if begin <= one.at < end]
        calmer = number > 0 and rate < RATES[number - 1]
        found.append(
            Step(
                rate=rate,
                lifecycles=len(lives),
                failed=len(failures(lives)),
                requests=[one.seconds for one in travelled.requests if begin <= one.at < end],
                seconds=[one.seconds for one in lives],
                drained=lag.drained(begin, rate) if calmer else float("nan"),
                lag=lag.most(begin, end),
            )
        )
    return found


def step_table(found: Sequence[Step]) -> Table:
    made = Table(
        "lifecycles/s", "begun", "failed", "requests", "p50 ms", "p95 ms", "p99 ms", "lifecycle p95 s", "most lag",
        "drained after s",
    )  # fmt: skip
    for step in found:
        marks = (1000 * percentile(step.requests, share) for share in (0.5, 0.95, 0.99))
        made.add_row(
            f"{step.rate:g}", str(step.lifecycles), str(step.failed), str(len(step.requests)),
            *(f"{mark:.0f}" for mark in marks), f"{percentile(step.seconds, 0.95):.2f}", str(step.lag),
            "" if step.drained != step.drained else f"{step.drained:.0f}",
        )  # fmt: skip
    return made


async def row(ground: Existing, existing: int, step_s: float) -> tuple[Row, Table]:
    """The row, whose value is the profile's p95 or infinite where something failed or did not drain; and its steps."""
    travelled, found = await profile(ground, step_s)
    failed = failures(travelled.lifecycles)
    slow = [step for step in found if step.drained > DRAINED_S]
    p95 = 1000 * percentile([one.seconds for one in travelled.requests], 0.95)
    lost = f"; {len(failed)} failed: {failed[0]}" if failed else ""
    return Row(
        what=f"the rival's spikes on {existing:,} cases, p95 of a request",
        unit="ms",
        value=float("inf") if failed or slow else p95,
        measured=f"{p95:.0f} ms" + lost + (f"; {len(slow)} spikes not drained" if slow else ""),
        bare="57 % failed (published)",
        least=1000,
        aim=1000,
        higher=False,
        counted=f"{'→'.join(f'{rate:g}' for rate in RATES)} lifecycles/s, {step_s:g} s each, open loop",
        details={
            "lifecycles": len(travelled.lifecycles),
            "failed": len(failed),
            "worst step's p95 ms": max(1000 * percentile(step.requests, 0.95) for step in found),
            "slowest drain s": max((step.drained for step in found if step.drained == step.drained), default=0.0),
        },
    ), step_table(found)
