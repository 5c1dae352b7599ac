"""python -m bench [--json] [--rows a,b,c,…] [--full]: speeds, each beside a bare figure of the same run.

a throughput, b urgent, c accepts, t timers, v an event case's answer, s suggested duplicates; on a million existing
cases, by name or with --full: d lifecycles over HTTP, e their cost against few cases, f the rival's spikes, g the
doors' questions.
"""

import argparse
import asyncio
import signal
import sys
from argparse import Namespace
from collections.abc import AsyncIterator

import msgspec
import uvloop
from rich.console import Console

from bench import door, duplicates, event_case, lanes, lifecycles, queries, rival, timers
from bench.existing import existing
from bench.mirror import Bare
from bench.rows import Row, table
from bench.spine import Drive, row
from bench.stand import Stand, stand

SUGGESTED, EMPTY, EXISTING = "s", "abctv", "defg"
SHORT = EMPTY + SUGGESTED
FEW = 10_000
"""Existing cases of the ground that a million is held against."""


async def spine(ground: Stand, cases: int, rounds: int) -> Row:
    """Row a; a first small round warms everything up and is not counted."""
    drive = Drive(ground)
    await drive.run("warm", 300)
    pairs = []
    for number in range(rounds):
        run = await drive.run(f"round{number}", cases)
        await ground.services(dispatch=0, sla=0, notify=0)
        pairs.append((run, await Bare(ground, f"a{number}", run).run()))
    return row(pairs)


async def on_empty(rows: str, given: Namespace) -> AsyncIterator[Row]:
    async with stand() as ground:
        if "a" in rows:
            yield await spine(ground, given.cases, given.rounds)
        if "c" in rows:
            yield await door.row(ground)
        if "b" in rows:
            yield await lanes.row(ground)
        if "t" in rows:
            yield await timers.row(ground, given.timers)
        if "v" in rows:
            yield await event_case.row(ground)


async def suggested() -> AsyncIterator[Row]:
    """On a mongod of its own."""
    yield await duplicates.row()


async def on_existing(rows: str, given: Namespace, console: Console) -> AsyncIterator[Row]:
    """One seed for all of these rows; the few cases have servers of their own, and row d the machine for itself."""
    rate_on_few = await few_rate() if "d" in rows else 0.0
    async with existing(given.existing) as many:
        if "g" in rows:
            found, asked = await queries.row(many, given.existing)
            console.print(asked)
            yield found
        if "d" in rows:
            yield await lifecycles.rate_row(many, rate_on_few, given.existing)
        if "e" in rows:
            async with existing(FEW) as few:
                yield await lifecycles.cost_row(many, few, given.existing)
        if "f" in rows:
            found, steps = await rival.row(many, given.existing, given.step)
            console.print(steps)
            yield found


async def few_rate() -> float:
    async with existing(FEW) as few:
        return (await lifecycles.rate(few, "few"))[0]


async def measure(rows: str, given: Namespace, console: Console) -> list[Row]:
    found: list[Row] = []
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    grounds = [on_empty(rows, given)] if set(EMPTY) & set(rows) else []
    grounds += [suggested()] if SUGGESTED in rows else []
    grounds += [on_existing(rows, given, console)] if set(EXISTING) & set(rows) else []
    for ground in grounds:
        async for one in ground:
            found.append(one)
            console.print(f"{one.what}: {one.measured}, bare {one.bare}", markup=False)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the rows as JSON")
    parser.add_argument("--rows", default=SHORT, help="letters of rows, with or without commas")
    parser.add_argument("--full", action="store_true", help="every row")
    parser.add_argument("--cases", type=int, default=3000, help="cases of a round of row a")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of row a; the median counts")
    parser.add_argument("--timers", type=int, default=timers.LIVE, help="live timers of row t")
    parser.add_argument("--existing", type=int, default=1_000_000, help="existing cases of rows d to g")
    parser.add_argument("--step", type=float, default=rival.STEP_S, help="seconds of a step of row f")
    given = parser.parse_args()
    rows = SHORT + EXISTING if given.full else given.rows
    found = uvloop.run(measure(rows, given, Console(stderr=True)))
    if given.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
        return
    console = Console()
    console.print(table(found))
    for one in found:
        console.print(f"{one.what}: {one.counted}", markup=False)
        console.print("   " + ", ".join(f"{name} {value:.3g}" for name, value in one.details.items()), markup=False)


if __name__ == "__main__":
    main()
