"""hotline dead-letters: list, show, redrive, discard."""

from pathlib import Path
from typing import Annotated

import typer

from hotline.commands.common import CITY, City, doors_of, finished
from hotline.letters import Desk, Letter

app = typer.Typer(help="What could not be processed, and what to do with it.", no_args_is_help=True)
Origin = Annotated[str, typer.Argument(help="topic/partition/offset or waiting/command, as listed; or `all`")]


def _desk(city: str) -> Desk:
    return Desk(doors_of(city))


def _chosen(desk: Desk, origin: str) -> list[Letter]:
    found = [letter for letter in finished(desk.list()) if origin in ("all", letter.origin)]
    if not found and origin != "all":
        raise typer.BadParameter(f"no unresolved dead letter of {origin}")
    return found


@app.command("list")
def list_letters(city: City = CITY) -> None:
    """What is unresolved, a line each: origin, reader, time, kind, reason."""
    for letter in finished(_desk(city).list()):
        typer.echo(_line(letter))


def _line(letter: Letter) -> str:
    """One line, however wide the terminal: the origin is there to be copied."""
    reason = " ".join(letter.reason.split())
    return f"{letter.origin}  {letter.reader}  {letter.at.isoformat(timespec='seconds')}  {letter.kind}  {reason}"


@app.command()
def show(origin: Origin, city: City = CITY) -> None:
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
    city: City = CITY,
) -> None:
    """Bring it back, as it is (the reader was mended) or mended."""
    desk = _desk(city)
    for letter in _chosen(desk, origin):
        finished(desk.redrive(letter, value.read_bytes() if value else None), letter.origin)
        typer.echo(f"{letter.origin} redriven")


@app.command()
def discard(origin: Origin, city: City = CITY) -> None:
    """Nobody needs it: what is parked behind it goes on, and a command stops waiting for its case."""
    desk = _desk(city)
    for letter in _chosen(desk, origin):
        typer.echo(f"{letter.origin} {finished(desk.discard(letter), letter.origin)}")
