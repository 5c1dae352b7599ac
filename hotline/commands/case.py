"""hotline case: a case's whole timeline."""

from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from hotline.commands.common import operator_settings, running
from shared.auth import issue


def case(
    number: Annotated[str, typer.Argument(help="case number or id")],
    city: Annotated[str, typer.Option(help="area code")] = "130100",
) -> None:
    """Show what happened to a case, in order."""
    settings = operator_settings(city)
    token = issue(settings.jwt_secret.get_secret_value(), "hotline", "operator", 0.1)
    url = f"{running(city)['services']['dispatch'][0]}/cases/{number}"
    try:
        answer = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=5)
    except httpx.HTTPError as error:
        typer.echo(f"dispatch does not answer: {error}", err=True)
        raise typer.Exit(1) from None
    if answer.status_code != 200:
        typer.echo(answer.json().get("detail", answer.text), err=True)
        raise typer.Exit(1)
    _show(answer.json())


def _show(case: dict[str, Any]) -> None:
    console = Console()
    console.print(f"[bold]{case['number']}[/] {case['title']}  {case['state']}  {case['priority']}  {case['reporter']}")
    console.print(case["text"], markup=False)
    table = Table("#", "time", "event", "who", "what")
    for event in case["timeline"]:
        what = ", ".join(f"{key} {value}" for key, value in event["data"].items() if value and key not in _LONG)
        table.add_row(str(event["sequence"]), event["time"][:19], event["type"], event["actor"], what[:200])
    console.print(table)


_LONG = frozenset({"text", "reporter", "order", "obligation", "title"})
