"""hotline sla: why a deadline is what it is, and what another table of limits would change."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from hotline.commands.common import CITY, City, ask, unusable
from shared.deadlines import Deadlines
from shared.events.topics import is_case_id
from shared.policy import PolicyError, read

app = typer.Typer(help="Deadlines: explain them, and try another policy.", no_args_is_help=True)
DIFF_S = 300.0


@app.command()
def explain(
    case: Annotated[str, typer.Argument(help="case number or id")],
    city: City = CITY,
) -> None:
    """Which rule gives each clock of a case its deadline, under which version, with its intervals and pauses."""
    if not is_case_id(case):
        case = ask(city, "dispatch", f"/cases/{case}")["id"]
    found = ask(city, "sla", f"/clocks/{case}")
    console = Console()
    console.print(f"{case}  {' '.join(str(value) for value in found['matter'].values() if value)}", markup=False)
    console.print(found["version"], markup=False)
    for clock in found["clocks"]:
        console.print(_clock(clock))


def _clock(clock: dict[str, Any]) -> Table:
    whose = clock["unit"] or "the centre"
    table = Table("what", "value", title=f"{clock['clock']} of {whose} {clock['order'][:8]}", title_justify="left")
    table.add_row("rule", f"{clock['rule']}: {clock['period'] or 'a fixed moment'}")
    rows = {
        "surge profile": clock["profile"],
        "since": clock["since"],
        "due": clock["due"],
        "due without the profile": clock["normal_due"] if clock["profile"] else "",
        "extended until": clock["extended_until"],
        "ran": "\n".join(f"{since} to {until}" for since, until in clock["intervals"]),
        "stood still": "\n".join(_pause(pause) for pause in clock["pauses"]),
        "stopped": clock["stopped"],
        "holidays": "" if clock["holidays_known"] else "not published for that year: only weekends count",
        "tells": "\n".join(_rung(rung) for rung in clock["rungs"]),
    }
    for what, value in rows.items():
        if value:
            table.add_row(what, value)
    return table


def _pause(pause: dict[str, Any]) -> str:
    return f"{pause['since']} to {pause.get('until', 'now')}: {pause['kind']} {pause.get('reason', '')}"


def _rung(rung: dict[str, Any]) -> str:
    to = f" to {rung['role']} by {rung['channel']}" if "role" in rung else ""
    return f"{'told' if rung['told'] else '    '} {rung['at']} {rung['step']}{to}"


@app.command()
def diff(
    policy_file: Annotated[Path, typer.Argument(help="another deadlines.yaml", exists=True, dir_okay=False)],
    city: City = CITY,
    most: Annotated[int, typer.Option(help="look at no more cases than this")] = 100_000,
) -> None:
    """What that table would change over the cases whose clocks run now."""
    _check(policy_file)
    found = ask(
        city, "sla", "/deadlines/diff", "POST", content=policy_file.read_bytes(), params={"most": most}, timeout=DIFF_S
    )  # fmt: skip
    console = Console()
    console.print(f"from {found['from']}\nto   {found['to']}", markup=False)
    seen = "all running cases" if found["whole"] else f"the first {found['cases']} running cases"
    console.print(f"{found['clocks']} clocks of {found['cases']} cases ({seen})", markup=False)
    table = Table("change", "clocks")
    for change, count in sorted(found["counts"].items(), key=lambda one: -one[1]):
        table.add_row(change, str(count))
    console.print(table)
    for one in found["examples"]:
        console.print(f"{one['case']} {one['clock']}: {_end(one['was'])} → {_end(one['becomes'])}", markup=False)


def _check(file: Path) -> None:
    try:
        read(file, Deadlines)
    except PolicyError as error:
        raise unusable(error) from None
    except UnicodeDecodeError as error:
        raise unusable(f"{file}: {error}") from None


def _end(limit: dict[str, Any] | None) -> str:
    return f"{limit['due']} ({limit['rule']})" if limit else "no limit"
