"""hotline spool: what the broker refused for good at intake, and an end to it."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from hotline.commands.common import CITY, City, doors_of, finished
from hotline.doors import Doors, Unanswered

app = typer.Typer(help="Requests that the broker refused for good.", no_args_is_help=True)
At = Annotated[str, typer.Option(help="URL of one replica of intake, where the address known leads to any of them")]
Entry = Annotated[str, typer.Argument(help="replica/lane/number, as listed")]


@app.command("list")
def list_refused(at: At = "", city: City = CITY) -> None:
    """What nobody has settled, a line each: entry, time, topic and key, reason; the oldest 20 of a replica's lane."""
    for refused in finished(_refused(doors_of(city), at)):
        if not refused["items"]:
            typer.echo(f"{refused['replica']}  nothing refused")
        for one in refused["items"]:
            first = one["records"][0]
            typer.echo(f"{one['entry']}  {one['at']}  {first['topic']} {first['key']}  {one['reason']}")


@app.command()
def show(entry: Entry, at: At = "", city: City = CITY) -> None:
    """The records of one request, as they were to be sent: who asked, and for what."""
    found = [one for each in finished(_refused(doors_of(city), at)) for one in each["items"] if one["entry"] == entry]
    if not found:
        raise typer.BadParameter(f"no refused request {entry}, or it is settled")
    typer.echo(f"entry   {entry}\ntime    {found[0]['at']}\nreason  {found[0]['reason']}")
    for record in found[0]["records"]:
        typer.echo(f"topic   {record['topic']}\nkey     {record['key']}\n{record['value']}")


@app.command()
def settle(
    entry: Entry,
    why: Annotated[str, typer.Option(help="what was done: the sender repeated it, the citizen was called")],
    at: At = "",
    city: City = CITY,
) -> None:
    """Somebody has seen to it: it stays on disk with who and why, and the alarm ends."""
    if entry.count("/") != 2:
        raise typer.BadParameter(f"{entry!r} is no entry; give replica/lane/number, as listed")
    typer.echo(f"{finished(_settle(doors_of(city), entry, why, at))} settled")


async def _refused(doors: Doors, at: str) -> list[dict[str, Any]]:
    return [await doors.ask("intake", "/spool/refused", at=url) for url in _replicas(doors, at)]


async def _settle(doors: Doors, entry: str, why: str, at: str) -> str:
    """Ask one replica after the other, until one has it. Raises Unanswered with the last one's words."""
    refusal = Unanswered("intake has no replica")
    for url in _replicas(doors, at):
        try:
            path = f"/spool/refused/{quote(entry)}/settled"
            return str((await doors.ask("intake", path, "PUT", at=url, json={"why": why}))["settled"])
        except Unanswered as error:
            if error.reason != "other_replica":
                raise
            refusal = error
    raise refusal


def _replicas(doors: Doors, at: str) -> list[str]:
    return [at] if at else list(doors.urls("intake"))
