"""hotline reports: rebuild the facts behind figures and daily reports."""

import time
from typing import Annotated

import httpx
import typer

from hotline.commands.common import operator_settings, running
from shared.auth import issue

app = typer.Typer(help="Figures and daily reports.", no_args_is_help=True)
POLL_S = 1.0


@app.callback()
def reports() -> None:
    """Figures and daily reports."""


@app.command()
def rebuild(
    city: Annotated[str, typer.Option(help="area code")] = "130100",
    patience: Annotated[float, typer.Option(help="seconds to wait for the end")] = 600.0,
) -> None:
    """Read the whole log again into new facts; the old ones answer until the new ones are complete."""
    token = issue(operator_settings(city).jwt_secret.get_secret_value(), "hotline", "operator", 1)
    addresses = running(city)["services"].get("reports")
    if not addresses:
        raise typer.BadParameter("the platform that was started here has no reports service")
    headers = {"Authorization": f"Bearer {token}"}
    try:
        with httpx.Client(base_url=addresses[0], headers=headers, timeout=10) as client:
            built = client.post("/rebuild").raise_for_status().json()["built"]
            typer.echo(f"generation {built} is being built")
            _wait(client, built, time.monotonic() + patience)
    except httpx.HTTPError as error:
        typer.echo(f"reports does not answer: {error}", err=True)
        raise typer.Exit(1) from None


def _wait(client: httpx.Client, built: int, until: float) -> None:
    """Until the generation, or a later one, is served."""
    while client.get("/rebuild").raise_for_status().json()["served"] < built:
        if time.monotonic() > until:
            typer.echo("not complete yet; the old facts answer until it is", err=True)
            raise typer.Exit(1)
        time.sleep(POLL_S)
    typer.echo(f"generation {built} is served")
