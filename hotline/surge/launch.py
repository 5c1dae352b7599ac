"""One run from start to ledger: the platform, the world's process, faults, the bar, and the end or its absence."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from hotline.stack import Stack
from hotline.surge.bar import Bar
from hotline.surge.chaos import Fault, inject, targets
from hotline.surge.config import Progress, RunConfig
from hotline.surge.gather import gather
from hotline.surge.histories import Histories
from hotline.surge.ledger import Ledger, build_ledger
from hotline.surge.mix import load_mix
from hotline.surge.monitor import Monitor, Status
from hotline.surge.office import Office
from hotline.surge.workers import Figures, Workers

LOOK_S = 2.0
LOOK_CASES = 20_000
"""A look counts every case: for so many cases the next one comes a second later."""
WORLD_STOP_S = 15.0
PATIENCE_S = 90.0
PATIENCE_DOMAIN_S = 5 * 86_400.0
"""A sign clock that starts before a weekend runs out on the next working day."""
SECOND_LOOKS = 3
SECOND_LOOK_S = 3.0
_progress = msgspec.json.Decoder(Progress)


class Plan(Struct, frozen=True, kw_only=True):
    """What a run is asked for: `rate` in calls per second, 0: as fast as the platform answers.

    `events`: callers about one cause beside the calls; none: the mix's share of them.
    """

    calls: int
    events: int | None = None
    data: Path
    rate: float = 0.0
    seed: int = 1
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Result:
    """What a run proved of one city, and how much each of its workers carried."""

    city: str
    ledger: Ledger
    workers: list[Figures]
    histories: Histories
    differences: list[str]
    """Figures of reports that are not the ledger's."""
    reports: list[Path]
    """Daily reports that were made."""


class Stuck(RuntimeError):
    """Nothing moved for too long, or the world's process failed; the text says what is stuck."""


class World:
    """The world's process and its latest progress."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.progress = Progress()
        self.calling = asyncio.Event()
        self._process = process
        self._log = log
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.progress = _progress.decode(line)
            if self.progress.started:
                self.calling.set()

    def check(self) -> None:
        """Raises Stuck when the process has ended."""
        if self._process.returncode is not None:
            tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
            raise Stuck(f"the simulated world ended with {self._process.returncode}:\n{tail}")

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), WORLD_STOP_S)
        except TimeoutError:
            self._process.kill()
        await self._reader


@asynccontextmanager
async def _world(stack: Stack, config: RunConfig) -> AsyncIterator[World]:
    log = stack.folder / "logs" / "world.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hotline.surge.world", str(config.save())),
            env={**os.environ, **stack.env(), "HOTLINE_NAME": "world"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    world = World(process, log)
    try:
        yield world
    finally:
        await world.stop()


class Side:
    """One city's part of a run."""

    def __init__(self, stack: Stack, world: World) -> None:
        self.stack = stack
        self.world = world
        self.monitor = Monitor(stack.settings)
        self.workers = Workers()
        self.status = Status()

    async def look(self) -> None:
        self.world.check()
        self.status = await self.monitor.look()
        await self.workers.look(self.stack.urls)

    @property
    def over(self) -> bool:
        progress = self.world.progress
        done = bool(progress.finished) and not progress.intends
        return done and self.status.at_rest and self.status.cases >= progress.registered

    def moved(self) -> str:
        """Changes as long as anything moves."""
        progress = self.world.progress
        return repr((progress.ended, progress.registered, self.status.cases, self.status.states))


@asynccontextmanager
async def _side(stack: Stack, plan: Plan, calls: int) -> AsyncIterator[Side]:
    stack.journals.mkdir(parents=True, exist_ok=True)
    async with _world(stack, _config(stack, plan, calls)) as world:
        side = Side(stack, world)
        try:
            yield side
        finally:
            await side.monitor.close()


async def run(stacks: Sequence[Stack], plan: Plan, bar: Bar) -> list[Result]:
    """Play a round on platforms that are up, wait for its end, and draw the ledgers. Raises Stuck, BadFault.

    Faults hit the first city; a city beside it plays a quarter of the calls.
    """
    for fault in plan.faults:
        targets(fault, stacks[0].supervisor)
    async with AsyncExitStack() as ends:
        shares = [plan.calls if not stack.beside else max(1, plan.calls // 4) for stack in stacks]
        sides = [
            await ends.enter_async_context(_side(stack, plan, calls))
            for stack, calls in zip(stacks, shares, strict=True)
        ]  # fmt: skip
        await _until_over(sides, plan.faults, bar)
    bar.say("drawing the ledger …")
    return [await _draw(side) for side in sides]


def _config(stack: Stack, plan: Plan, calls: int) -> RunConfig:
    cause = load_mix().event_case
    events = cause.callers(calls) if plan.events is None else round(calls * plan.events / plan.calls)
    return RunConfig(
        name=f"{plan.seed}-{int(stack.started)}",
        calls=calls,
        events=events,
        rate=plan.rate * calls / plan.calls,
        seed=plan.seed,
        data=str(plan.data.resolve()),
        folder=str(stack.journals),
        urls=stack.addresses(),
        partners=[] if stack.beside else [*(one.options.city for one in stack.partners), "120"],
    )


async def _until_over(sides: Sequence[Side], plan: Sequence[Fault], bar: Bar) -> None:
    patience = PATIENCE_S + PATIENCE_DOMAIN_S / max(1.0, sides[0].stack.options.time_rate)
    faults = asyncio.create_task(_inject(sides[0], plan))
    moved, before, rests = time.monotonic(), "", 0
    try:
        while rests < 2:
            await asyncio.sleep(LOOK_S + sum(side.status.cases for side in sides) / LOOK_CASES)
            await asyncio.gather(*(side.look() for side in sides))
            bar.show([(side.world.progress, side.status) for side in sides])
            rests = rests + 1 if faults.done() and all(side.over for side in sides) else 0
            now = "".join(side.moved() for side in sides)
            if now != before:
                moved, before = time.monotonic(), now
            if time.monotonic() - moved > patience:
                raise Stuck("\n".join([f"nothing moved for {patience:.0f} s", *[await _why(side) for side in sides]]))
        await faults
    finally:
        faults.cancel()


async def _inject(side: Side, faults: Sequence[Fault]) -> None:
    await side.world.calling.wait()
    await asyncio.gather(*(inject(fault, side.stack) for fault in faults))


async def _why(side: Side) -> str:
    progress, status = side.world.progress, side.status
    lines = [
        f"{side.stack.options.city}: {progress.ended} calls ended, {progress.registered} cases promised, "
        f"{status.cases} in the database, {status.open} open, {status.waiting} commands waiting",
        f"lag: {({group: lag for group, lag in status.lag.items() if lag}) or 'none'}",
        f"requests repeated: {progress.troubles} {progress.trouble}",
        *await side.monitor.stuck(),
    ]
    return "\n".join(lines)


class _Drawn(NamedTuple):
    """A ledger, what it was drawn from, and where reports' figures are not the same."""

    ledger: Ledger
    histories: Histories
    differences: list[str]

    def wrong(self) -> list[object]:
        return [self.differences, *(lines for lines in self.ledger.troubles().values() if lines)]


async def _draw(side: Side) -> Result:
    """The ledger; drawn again while a late record still changes it, or came between it and the reports' figures."""
    office = Office(side.stack)
    drawn = await _read(side, office)
    for _ in range(SECOND_LOOKS):
        if drawn.ledger.clean and not drawn.differences:
            break
        await asyncio.sleep(SECOND_LOOK_S)
        before, drawn = drawn.wrong(), await _read(side, office)
        if drawn.wrong() == before:
            break
    return Result(
        city=side.stack.options.city,
        ledger=drawn.ledger,
        workers=side.workers.figures(),
        histories=drawn.histories,
        differences=drawn.differences,
        reports=await office.reports(),
    )


async def _read(side: Side, office: Office) -> _Drawn:
    facts = await gather(side.stack.settings, side.stack.journals)
    histories = Histories(facts.events, facts.feeds)
    ledger = build_ledger(facts, histories)
    return _Drawn(ledger, histories, await office.differences(ledger))
