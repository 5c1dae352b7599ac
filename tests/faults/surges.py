"""A surge on servers of its own with faults in its middle; what the ledger then says is the verdict."""

import asyncio
from pathlib import Path

from rich.console import Console

from hotline.platform import platform
from hotline.stack import Options, Stack
from hotline.surge.bar import Bar
from hotline.surge.chaos import parse_fault
from hotline.surge.launch import Plan, run
from hotline.surge.ledger import Ledger
from hotline.surge.messages import default_data

RATE = 12_000.0
"""Domain seconds per real second: whoever waits for the next working day waits for seconds."""
LONGEST_S = 400.0


async def play(
    *faults: str, calls: int = 400, rate: float = 30.0, seed: int = 1, scale: dict[str, int] | None = None
) -> Ledger:
    """Calls at `rate` per second, all faults, the end, the ledger."""
    stack = Stack(Options(scale=scale or {}, time_rate=RATE, fresh=True), Path(".hotline"))
    plan = Plan(
        calls=calls, data=default_data(), rate=rate, seed=seed, faults=tuple(parse_fault(text) for text in faults)
    )
    async with asyncio.timeout(LONGEST_S), platform([stack]):
        (result,) = await run([stack], plan, Bar(Console(), calls))
    ledger = result.ledger
    if ledger.clean:
        stack.remove()
    return ledger


def surge(
    *faults: str, calls: int = 400, rate: float = 30.0, seed: int = 1, scale: dict[str, int] | None = None
) -> Ledger:
    """Plays it and demands a clean ledger; the run's folder stays where it is not."""
    ledger = asyncio.run(play(*faults, calls=calls, rate=rate, seed=seed, scale=scale))
    troubles = {name: found[:5] for name, found in ledger.troubles().items() if found}
    assert not troubles, f"{' '.join(faults)}: {troubles}"
    assert ledger.offered >= calls
    assert ledger.replies_owed == ledger.replies_delivered + ledger.replies_by_person > 0
    return ledger
