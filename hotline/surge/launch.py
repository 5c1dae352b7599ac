"""One run from start to ledger: the platform, the world's process, faults, the bar, and the end or its absence."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from hotline.stack import Stack
from hotline.surge.bar import Bar
from hotline.surge.chaos import Fault, inject, target
from hotline.surge.config import Progress, RunConfig
from hotline.surge.gather import gather
from hotline.surge.ledger import Ledger, build_ledger
from hotline.surge.monitor import Monitor, Status

LOOK_S = 1.0
WORLD_STOP_S = 15.0
PATIENCE_S = 90.0
PATIENCE_DOMAIN_S = 5 * 86_400.0
"""A sign clock that starts before a weekend runs out on the next working day."""
SECOND_LOOKS = 3
SECOND_LOOK_S = 3.0
_progress = msgspec.json.Decoder(Progress)


class Plan(Struct, frozen=True, kw_only=True):
    """What a run is asked for: `rate` in calls per second, 0: as fast as the platform answers."""

    calls: int
    data: Path
    rate: float = 0.0
    seed: int = 1
    faults: tuple[Fault, ...] = ()


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


async def run(stack: Stack, plan: Plan, bar: Bar) -> Ledger:
    """Play a round on a platform that is up, wait for its end, and draw the ledger. Raises Stuck, BadFault."""
    for fault in plan.faults:
        target(fault, stack.supervisor)
    journals = stack.folder / "journals"
    journals.mkdir(parents=True, exist_ok=True)
    monitor = Monitor(stack.settings)
    try:
        async with _world(stack, _config(stack, plan, journals)) as world:
            await _until_over(stack, plan, world, monitor, bar)
    finally:
        await monitor.close()
    bar.say("drawing the ledger …")
    return await _draw(stack, journals)


def _config(stack: Stack, plan: Plan, journals: Path) -> RunConfig:
    return RunConfig(
        name=f"{plan.seed}-{int(stack.started)}",
        calls=plan.calls,
        rate=plan.rate,
        seed=plan.seed,
        data=str(plan.data.resolve()),
        folder=str(journals),
        urls=stack.addresses(),
    )


async def _until_over(stack: Stack, plan: Plan, world: World, monitor: Monitor, bar: Bar) -> None:
    patience = PATIENCE_S + PATIENCE_DOMAIN_S / max(1.0, stack.options.time_rate)
    faults = asyncio.create_task(_inject(stack, plan.faults, world))
    moved, before, rests = time.monotonic(), "", 0
    try:
        while rests < 2:
            await asyncio.sleep(LOOK_S)
            world.check()
            status = await monitor.look()
            bar.show(world.progress, status)
            rests = rests + 1 if _over(world.progress, status) and faults.done() else 0
            now = repr((world.progress.ended, world.progress.registered, status.cases, status.states))
            if now != before:
                moved, before = time.monotonic(), now
            if time.monotonic() - moved > patience:
                raise Stuck(await _why(world.progress, status, monitor, patience))
        await faults
    finally:
        faults.cancel()


def _over(progress: Progress, status: Status) -> bool:
    return bool(progress.finished) and status.at_rest and status.cases >= progress.registered


async def _inject(stack: Stack, faults: Sequence[Fault], world: World) -> None:
    await world.calling.wait()
    await asyncio.gather(*(inject(fault, stack) for fault in faults))


async def _why(progress: Progress, status: Status, monitor: Monitor, patience: float) -> str:
    lines = [
        f"nothing moved for {patience:.0f} s: {progress.ended} calls ended, {progress.registered} cases promised, "
        f"{status.cases} in the database, {status.open} open, {status.waiting} commands waiting",
        f"lag: {({group: lag for group, lag in status.lag.items() if lag}) or 'none'}",
        f"requests repeated: {progress.troubles} {progress.trouble}",
        *await monitor.stuck(),
    ]
    return "\n".join(lines)


async def _draw(stack: Stack, journals: Path) -> Ledger:
    """The ledger; drawn again while a late record still changes it."""
    ledger = build_ledger(await gather(stack.settings, journals))
    for _ in range(SECOND_LOOKS):
        if ledger.clean:
            break
        await asyncio.sleep(SECOND_LOOK_S)
        before, ledger = ledger, build_ledger(await gather(stack.settings, journals))
        if ledger.troubles() == before.troubles():
            break
    return ledger


@asynccontextmanager
async def platform(stack: Stack) -> AsyncIterator[Stack]:
    """The stack, up; and down again whatever happens."""
    try:
        await stack.start()
        yield stack
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await stack.stop()
