"""hotline surge: replay messages as calls and prove what became of each."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from hotline.commands.common import CITY, City
from hotline.commands.up import read_scale
from hotline.platform import cities, platform
from hotline.stack import Options, Stack
from hotline.supervisor import NotReady
from hotline.surge.agreement import disagreements
from hotline.surge.bar import Bar
from hotline.surge.chaos import BadFault, parse_fault
from hotline.surge.launch import Plan, Result, Stuck, run
from hotline.surge.messages import BadData, default_data, read_messages
from hotline.surge.report import show, show_list, show_workers

NOT_CLEAN, NO_END, BAD_INPUT = 1, 3, 2
MANY = 20_000
"""Calls from which a run lasts for minutes."""


def surge(
    calls: Annotated[int, typer.Option(min=1, help="calls, second ones included")] = 2000,
    event: Annotated[
        int | None,
        typer.Option(min=0, help="more callers, about one cause; else half as many, at most 1,000"),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="JSON lines with title, text and optional time; .xz too")] = None,
    rate: Annotated[str, typer.Option(help="calls per second, or max")] = "max",
    seed: Annotated[int, typer.Option(help="the same seed makes the same callers")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="keep the run's folder: data, logs, journals")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the ledger as one JSON object")] = False,
    kill: Annotated[
        list[str] | None, typer.Option(help="a fault (hotline/surge/chaos.py), like broker@15+10; repeatable")
    ] = None,
    scale: Annotated[str, typer.Option(help="replicas, like dispatch=2")] = "",
    time_rate: Annotated[float, typer.Option(min=1.0, help="domain seconds per real second")] = 1200.0,
    city: City = CITY,
    partner: Annotated[str, typer.Option(help="area code of a second city, with a quarter of the calls")] = "",
    containers: Annotated[bool, typer.Option(help="Kafka and MongoDB in Docker containers")] = False,
) -> None:
    """Replay messages as calls on a fresh platform; exit 0 only when nothing is lost, done twice or owed."""
    plan = _plan(calls, event, data or default_data(), rate, seed, kill or [])
    first = Options(
        city=city, scale=read_scale(scale), time_rate=time_rate, fresh=True, brief=calls < MANY, containers=containers
    )
    console = Console(stderr=as_json)
    stacks = cities(first, partner)
    stack = stacks[0]
    try:
        results = asyncio.run(_surge(stacks, plan, console))
    except (Stuck, NotReady, BadFault) as error:
        console.print(str(error), markup=False, style="red")
        console.print(f"logs and journals: {stack.folder.parent}", markup=False)
        raise typer.Exit(NO_END) from error
    apart = disagreements({result.city: result.histories for result in results})
    clean = not apart and all(result.ledger.clean and not result.differences for result in results)
    _tell(results, apart, console, as_json)
    if not keep and clean:
        stack.remove()
    else:
        console.print(f"logs and journals: {stack.folder.parent}", markup=False)
    raise typer.Exit(0 if clean else NOT_CLEAN)


def _plan(calls: int, event: int | None, data: Path, rate: str, seed: int, kill: list[str]) -> Plan:
    try:
        faults = tuple(parse_fault(text) for text in kill)
        read_messages(data)
        speed = 0.0 if rate == "max" else float(rate)
    except (BadFault, BadData, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    if speed < 0:
        raise typer.BadParameter("--rate is a number of calls per second, or max")
    return Plan(calls=calls, events=event, data=data, rate=speed, seed=seed, faults=faults)


async def _surge(stacks: Sequence[Stack], plan: Plan, console: Console) -> list[Result]:
    console.print(f"starting the platform of {', '.join(stack.options.city for stack in stacks)} …", markup=False)
    async with platform(stacks):
        console.print(f"calling: {plan.calls:,} messages of {plan.data.name}", markup=False)
        with Bar(console, plan.calls) as bar:
            return await run(stacks, plan, bar)


def _tell(results: Sequence[Result], apart: Sequence[str], console: Console, as_json: bool) -> None:
    if as_json:
        cities = [_plain(result) for result in results]
        body = msgspec.json.encode({"cities": cities, "disagreements": apart})
        sys.stdout.write(msgspec.json.format(body, indent=2).decode() + "\n")
        return
    for result in results:
        show(result.city, result.ledger, console)
        show_list("reports differ from the ledger", result.differences, console)
        for path in result.reports:
            console.print(f"daily report: {path}", markup=False, highlight=False, soft_wrap=True)
    show_list("the cities disagree", apart, console)
    show_workers([one for result in results for one in result.workers], console)


def _plain(result: Result) -> dict[str, Any]:
    return {
        "city": result.city,
        "ledger": msgspec.to_builtins(result.ledger),
        "workers": msgspec.to_builtins(result.workers),
        "differences": result.differences,
        "reports": [str(path) for path in result.reports],
        "clean": result.ledger.clean and not result.differences,
    }
