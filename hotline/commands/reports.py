"""hotline reports: rebuild the facts behind figures and daily reports."""

import time
from typing import Annotated

import typer

from hotline.commands.common import CITY, City, ask

app = typer.Typer(help="Figures and daily reports.", no_args_is_help=True)
POLL_S = 1.0


@app.callback()
def reports() -> None:
    """Figures and daily reports."""


@app.command()
def rebuild(
    city: City = CITY,
    patience: Annotated[float, typer.Option(help="seconds to wait for the end")] = 600.0,
) -> None:
    """Read the whole log again into new facts; the old ones answer until the new ones are complete."""
    built = ask(city, "reports", "/rebuild", "POST")["built"]
    typer.echo(f"generation {built} is being built")
    until = time.monotonic() + patience
    while ask(city, "reports", "/rebuild")["served"] < built:
        if time.monotonic() > until:
            typer.echo("not complete yet; the old facts answer until it is", err=True)
            raise typer.Exit(1)
        time.sleep(POLL_S)
    typer.echo(f"generation {built} is served")
