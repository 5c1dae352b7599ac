"""A surge on servers of its own with faults in its middle; what the ledger then says is the verdict."""

import asyncio
from collections.abc import Sequence

from rich.console import Console

from hotline.platform import cities, platform
from hotline.stack import Options
from hotline.surge.agreement import disagreements
from hotline.surge.bar import Bar
from hotline.surge.chaos import parse_fault
from hotline.surge.launch import Plan, Result, run
from hotline.surge.ledger import Ledger
from hotline.surge.messages import default_data

RATE = 12_000.0
"""Domain seconds per real second: whoever waits for the next working day waits for seconds."""
LONGEST_S = 560.0


async def play(*faults: str, calls: int, rate: float, seed: int, scale: dict[str, int], partner: str) -> list[Result]:
    """Calls at `rate` per second, all faults, the end, the ledgers; the folder of a clean run goes."""
    stacks = cities(Options(scale=scale, time_rate=RATE, fresh=True), partner)
    plan = Plan(
        calls=calls, data=default_data(), rate=rate, seed=seed, faults=tuple(parse_fault(text) for text in faults)
    )
    async with asyncio.timeout(LONGEST_S), platform(stacks):
        results = await run(stacks, plan, Bar(Console(), calls))
    if not troubles(results):
        stacks[0].remove()
    return results


def troubles(results: Sequence[Result]) -> list[str]:
    """What should be empty: of each ledger, between it and the reports, and between two cities."""
    found = [
        f"{result.city}: {name}: {lines[:5]}" for result in results for name, lines in result.ledger.troubles().items()
        if lines
    ]  # fmt: skip
    found += [f"{result.city}: reports: {line}" for result in results for line in result.differences]
    return found + disagreements({result.city: result.histories for result in results})


def surge(
    *faults: str,
    calls: int = 150,
    rate: float = 12.0,
    seed: int = 1,
    scale: dict[str, int] | None = None,
    partner: str = "",
) -> Ledger:
    """Plays it and demands clean ledgers; the run's folder stays where one is not. Returns the first city's."""
    results = asyncio.run(play(*faults, calls=calls, rate=rate, seed=seed, scale=scale or {}, partner=partner))
    found = troubles(results)
    assert not found, f"{' '.join(faults)}: {found}"
    ledger = results[0].ledger
    assert ledger.offered >= calls
    assert ledger.replies_owed == ledger.replies_delivered + ledger.replies_by_person > 0
    return ledger
