"""hotline route: check the routing rules, explain them, and try a new version on past cases."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from hotline.commands.common import CITY, City, ask
from services.dispatch.domain.dry_run import EXAMPLES, DryRun, Past, dry_run
from services.dispatch.domain.routing import Explained
from services.dispatch.domain.routing_check import warnings_of
from services.dispatch.domain.situation import Situation
from services.dispatch.policy import load_router
from shared.clock import CHINA
from shared.policy import PolicyError, load_units
from shared.settings import Settings

app = typer.Typer(help="Which units cases go to, and why.", no_args_is_help=True)
Version = Annotated[Path, typer.Argument(help="routing.yaml of the other version", exists=True)]
PAGE, PAGE_S = 500, 30.0


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="default: the city's routing.yaml", exists=True)] = None,
    city: City = CITY,
) -> None:
    """Say what is wrong with a version of the rules, and what looks wrong. Exit 1 on errors; warnings pass."""
    folder = Settings(city=city).policy
    try:
        router = load_router(folder, file)
    except PolicyError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    warnings = warnings_of(router.policy, load_units(folder))
    for warning in warnings:
        typer.echo(f"warning: {warning}")
    typer.echo(f"version {router.policy.version}: {len(router.policy.rules)} rules, {len(warnings)} warnings")


@app.command()
def explain(
    case: Annotated[str, typer.Argument(help="number or id of a case of the running platform")] = "",
    text: Annotated[str, typer.Option(help="a message instead of a case; needs no platform")] = "",
    title: str = "",
    topic: str = "",
    area: str = "",
    request_type: str = "QZ",
    at: Annotated[datetime | None, typer.Option(help="local time; default: now")] = None,
    profile: Annotated[str, typer.Option(help="surge profile that is switched on")] = "",
    file: Annotated[Path | None, typer.Option(help="another version of the rules", exists=True)] = None,
    city: City = CITY,
) -> None:
    """Which rule decides, why, and on which condition the rules before it failed: by the rules of the policy folder."""
    if bool(case) == bool(text):
        raise typer.BadParameter("give a case or --text")
    moment = (at or datetime.now(CHINA)).replace(tzinfo=CHINA)
    given = {
        "title": title, "text": text, "at": moment, "request_type": request_type, "topic": topic, "area": area,
        "profile": profile,
    }  # fmt: skip
    try:
        situation = _of_case(case, city) if case else msgspec.convert(given, Situation)
        router = load_router(Settings(city=city).policy, file)
    except (PolicyError, msgspec.ValidationError) as error:
        raise typer.BadParameter(str(error)) from error
    _show(router.explain(situation), _names(city))


@app.command("dry-run")
def dry(
    file: Version,
    examples: Annotated[int, typer.Option(min=0, help="changed cases to show")] = EXAMPLES,
    city: City = CITY,
) -> None:
    """Route the platform's past cases by the present rules and by those of FILE, and show what would change."""
    folder = Settings(city=city).policy
    try:
        before, after = load_router(folder), load_router(folder, file)
    except PolicyError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    _show_run(dry_run(before, after, _past(city), examples), _names(city))


def _names(city: str) -> dict[str, str]:
    return {code: unit.name for code, unit in load_units(Settings(city=city).policy).by_code().items()}


def _show(explained: Explained, names: dict[str, str]) -> None:
    routing, console = explained.routing, Console()
    table = Table("rule", "fits", "because")
    for one in explained.tried:
        table.add_row(one.rule, "yes" if one.fits else "no", one.why)
    console.print(table)
    units = [routing.lead, *routing.supporting] if routing.lead else []
    console.print(f"version {explained.version}, rule {routing.rule}: {routing.why}", markup=False)
    console.print(f"priority {routing.priority}: {routing.priority_why}", markup=False)
    console.print(", ".join(f"{unit} {names[unit]}" for unit in units) or "a dispatcher decides", markup=False)


def _show_run(result: DryRun, names: dict[str, str]) -> None:
    console = Console()
    counts = ", ".join(f"{name} {count}" for name, count in sorted(result.aspects.items()))
    console.print(
        f"{result.changed} of {result.cases} cases would change{': ' if counts else ''}{counts}", markup=False
    )
    units = Table("lead unit", "name", "before", "after", "difference")
    for unit, (before, after) in sorted(result.units.items()):
        name = names.get(unit, "a dispatcher")
        units.add_row(unit or "–", name, str(before), str(after), f"{after - before:+d}" if after != before else "")
    console.print(units)
    if result.examples:
        console.print(_examples(result))


def _examples(result: DryRun) -> Table:
    table = Table("case", "title", "changes", "before", "after")
    for one in result.examples:
        before, after = (f"{r.rule}: {r.lead or 'dispatcher'}, {r.priority}" for r in (one.before, one.after))
        table.add_row(one.number or one.case, one.title, ", ".join(one.aspects), before, after)
    return table


def _of_case(case: str, city: str) -> Situation:
    return msgspec.convert(ask(city, "dispatch", f"/cases/{case}/registered"), Past).situation


def _past(city: str) -> Iterator[Past]:
    """All past cases, a page at a time."""
    after = ""
    while True:
        page = ask(city, "dispatch", f"/routing/past?after={after}&limit={PAGE}", timeout=PAGE_S)
        yield from msgspec.convert(page["items"], list[Past])
        if not page["next"]:
            return
        after = page["next"]
