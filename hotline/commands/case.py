"""hotline case: a case's whole timeline."""

from typing import Annotated

import httpx
import typer
from rich.console import Console

from hotline.commands.common import operator_settings, running
from hotline.page import case_page
from shared.auth import issue
from shared.policy import load_units


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
    units = {unit.code: unit.name for unit in load_units(settings.policy).units}
    Console().print(case_page(answer.json(), units))
