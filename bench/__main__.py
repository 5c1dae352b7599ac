"""python -m bench [--json] [--rows a,b,c,d]: the rows, each beside the bare figure of the same run."""

import argparse
import asyncio
import signal
import sys

import msgspec
import uvloop
from rich.console import Console

from bench import door, lanes, timers
from bench.mirror import Bare
from bench.rows import Row, table
from bench.spine import Drive, row
from bench.stand import Stand, stand


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


async def measure(rows: str, cases: int, rounds: int, live: int) -> list[Row]:
    found: list[Row] = []
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with stand() as ground:
        steps = {
            "a": lambda: spine(ground, cases, rounds),
            "c": lambda: door.row(ground),
            "b": lambda: lanes.row(ground),
            "d": lambda: timers.row(ground, live),
        }
        for letter in (letter for letter in steps if letter in rows):
            found.append(await steps[letter]())
            sys.stderr.write(f"row {letter}: {found[-1].measured}, bare {found[-1].bare}\n")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the rows as JSON")
    parser.add_argument("--rows", default="abcd", help="some of a (throughput), b (urgent), c (accepts), d (timers)")
    parser.add_argument("--cases", type=int, default=3000, help="cases of a round of row a")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of row a; the median counts")
    parser.add_argument("--timers", type=int, default=timers.LIVE, help="live timers of row d")
    given = parser.parse_args()
    found = uvloop.run(measure(given.rows, given.cases, given.rounds, given.timers))
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
