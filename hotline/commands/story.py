"""hotline story: play a night of the hotline on a fresh platform and check everything it tells."""

import asyncio
import sys
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from hotline.commands.common import CITY, City
from hotline.page import case_page
from hotline.stack import Stack
from hotline.story.launch import Production
from hotline.story.read import BadStory, find, names, read_story
from hotline.story.result import Played, Result
from hotline.supervisor import NotReady
from shared.policy import load_units
from shared.settings import Settings

OTHERWISE, BAD_INPUT, NO_PLATFORM = 1, 2, 3
MARKS = {"ok": "[green]✓[/]", "failed": "[red]✗[/]", "left out": "[yellow]–[/]"}


def story(
    name: Annotated[str, typer.Argument(help=f"{', '.join(names())}, or a .yaml file")],
    keep: Annotated[bool, typer.Option("--keep", help="keep the run's folder: data and logs")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the result as one JSON object")] = False,
    time_rate: Annotated[float, typer.Option(min=0.0, help="domain seconds per real second; 0: the story's own")] = 0.0,
    city: City = CITY,
) -> None:
    """Play a story on a fresh platform; exit 0 only when everything in it came true."""
    if 0 < time_rate <= 1:
        raise typer.BadParameter("--time-rate is above 1, or 0 for the story's own")
    console = Console(stderr=as_json)
    try:
        told = read_story(find(name), Settings().policy_dir, city)
    except BadStory as error:
        console.print(str(error), markup=False, style="red", soft_wrap=True)
        raise typer.Exit(BAD_INPUT) from error
    production = Production(told, city, time_rate)
    stack = production.stack
    result = _play(production, console)
    _end(result, stack, console, as_json)
    if keep or not result.held:
        console.print(f"data and logs: {stack.folder}", markup=False)
    else:
        stack.remove()
    raise typer.Exit(0 if result.held else OTHERWISE)


def _play(production: Production, console: Console) -> Result:
    told, stack = production.story, production.stack
    rate = stack.options.time_rate
    console.print(f"[bold]{escape(told.title)}[/]  ({told.begins:%Y-%m-%d %H:%M}, a minute lasts {60 / rate:.2f} s)")
    console.print(f"starting the platform of {stack.options.city} …", markup=False)
    try:
        return asyncio.run(production.run(lambda played: say(played, console)))
    except NotReady as error:
        console.print(str(error), markup=False, style="red")
        console.print(f"data and logs: {stack.folder}", markup=False)
        raise typer.Exit(NO_PLATFORM) from error


def say(played: Played, console: Console) -> None:
    """One step as it was played."""
    head = f"{played.time[5:]} {MARKS[played.outcome]} [bold]{played.do:<12}[/] {escape(played.who)}  "
    console.print(head + escape(played.tell), highlight=False)
    for line in played.saw:
        console.print(f"                {line}", markup=False, highlight=False, style="dim")


def _end(result: Result, stack: Stack, console: Console, as_json: bool) -> None:
    if as_json:
        body = {**msgspec.to_builtins(result), "held": result.held}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(body), indent=2).decode() + "\n")
        return
    units = {unit.code: unit.name for unit in load_units(stack.settings.policy).units}
    for case in result.cases:
        if "timeline" in case.page:
            console.print(case_page(case.page, units))
        for line in case.wrong:
            console.print(f"{case.name}: {line}", markup=False, style="red")
    left_out = sum(step.outcome == "left out" for step in result.steps)
    verdict = "everything came true" if result.held else "it went otherwise than told"
    console.print(f"{len(result.steps)} steps, {left_out} left out: {verdict}", style="green" if result.held else "red")
