"""hotline dead-letters: list, show, redrive, discard."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hotline.commands.common import operator_settings, running
from hotline.letters import Desk, Letter

app = typer.Typer(help="What could not be processed, and what to do with it.", no_args_is_help=True)
City = Annotated[str, typer.Option(help="area code")]
Origin = Annotated[str, typer.Argument(help="topic/partition/offset, as listed; or `all`")]


def _desk(city: str) -> Desk:
    return Desk(operator_settings(city), running(city)["services"])


def _chosen(desk: Desk, origin: str) -> list[Letter]:
    found = [letter for letter in asyncio.run(desk.list()) if origin in ("all", letter.origin)]
    if not found and origin != "all":
        raise typer.BadParameter(f"no unresolved dead letter of {origin}")
    return found


@app.command("list")
def list_letters(city: City = "130100") -> None:
    """What is unresolved."""
    table = Table("origin", "reader", "kind", "key", "reason")
    for letter in asyncio.run(_desk(city).list()):
        table.add_row(
            letter.origin, letter.reader, letter.kind, letter.key.decode(errors="replace"), letter.reason[:100]
        )
    Console().print(table)


@app.command()
def show(origin: Origin, city: City = "130100") -> None:
    """One dead letter, whole."""
    for letter in _chosen(_desk(city), origin):
        typer.echo(f"origin  {letter.origin}\nreader  {letter.reader}\nkind    {letter.kind}\nreason  {letter.reason}")
        for key, value in letter.headers:
            typer.echo(f"header  {key}: {value.decode(errors='replace')}")
        typer.echo(letter.value.decode(errors="replace"))


@app.command()
def redrive(
    origin: Origin,
    value: Annotated[Path | None, typer.Option(help="file with the mended bytes")] = None,
    city: City = "130100",
) -> None:
    """Bring it back, as it is (the reader was mended) or mended."""
    desk = _desk(city)
    for letter in _chosen(desk, origin):
        try:
            asyncio.run(desk.redrive(letter, value.read_bytes() if value else None))
        except RuntimeError as error:
            typer.echo(f"{letter.origin}: {error}", err=True)
            raise typer.Exit(1) from None
        typer.echo(f"{letter.origin} redriven")


@app.command()
def discard(origin: Origin, city: City = "130100") -> None:
    """Nobody needs it."""
    desk = _desk(city)
    for letter in _chosen(desk, origin):
        asyncio.run(desk.discard(letter))
        typer.echo(f"{letter.origin} discarded")
