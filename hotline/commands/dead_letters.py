"""hotline dead-letters: list, show, redrive, discard."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

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
    """What is unresolved, a line each: origin, reader, time, kind, reason."""
    for letter in asyncio.run(_desk(city).list()):
        typer.echo(_line(letter))


def _line(letter: Letter) -> str:
    """One line, however wide the terminal: the origin is there to be copied."""
    reason = " ".join(letter.reason.split())
    return f"{letter.origin}  {letter.reader}  {letter.at.isoformat(timespec='seconds')}  {letter.kind}  {reason}"


@app.command()
def show(origin: Origin, city: City = "130100") -> None:
    """One dead letter, whole."""
    for letter in _chosen(_desk(city), origin):
        key = letter.key.decode(errors="replace")
        typer.echo(f"origin  {letter.origin}\nreader  {letter.reader}\ntime    {letter.at.isoformat()}")
        typer.echo(f"kind    {letter.kind}\nkey     {key}\nreason  {letter.reason}")
        for name, value in letter.headers:
            typer.echo(f"header  {name}: {value.decode(errors='replace')}")
        typer.echo(letter.value.decode(errors="replace"))


@app.command()
def redrive(
    origin: Origin,
    value: Annotated[Path | None, typer.Option(help="file with the mended bytes", exists=True, dir_okay=False)] = None,
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
