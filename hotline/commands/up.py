"""hotline up: start the platform and keep it."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.table import Table

from hotline.commands.common import CITY, City, policy_of, unusable
from hotline.platform import cities, platform
from hotline.stack import SERVICES, Options, ServersInUse, Stack
from hotline.supervisor import NotReady
from services.desk.assets import present

MOST = 16
"""Replicas of a service on one machine."""


def read_scale(text: str) -> dict[str, int]:
    """`dispatch=2,notify=2` → counts. Raises BadParameter."""
    scale: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        service, _, count = part.partition("=")
        if service not in SERVICES:
            raise typer.BadParameter(f"{part!r}: give SERVICE=COUNT with one of {', '.join(SERVICES)}")
        if not count.isdecimal() or not 1 <= int(count) <= MOST:
            raise typer.BadParameter(f"{part!r}: COUNT is a number from 1 to {MOST}")
        scale[service] = int(count)
    return scale


def up(
    scale: Annotated[str, typer.Option(help="replicas, like dispatch=2,notify=2")] = "",
    time_rate: Annotated[float, typer.Option(help="domain seconds per real second")] = 1.0,
    city: City = CITY,
    partner: Annotated[str, typer.Option(help="area code of a second city beside it")] = "",
    containers: Annotated[bool, typer.Option(help="Kafka and MongoDB in Docker containers")] = False,
) -> None:
    """Start the platform, show its addresses, keep it until Ctrl-C."""
    options = Options(
        city=city, scale=read_scale(scale), time_rate=time_rate, brief=False, containers=containers,
        echo=sys.stdout.buffer,
    )  # fmt: skip
    _check(city, partner)
    try:
        asyncio.run(_keep(cities(options, partner)))
    except (NotReady, ServersInUse) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _check(*wanted: str) -> None:
    """What would otherwise show only when somebody opens a page, or as a traceback. Ends the command."""
    try:
        for city in filter(None, wanted):
            policy_of(city)
    except (SettingsError, ValidationError) as error:
        raise unusable(error) from None
    if not present():
        raise unusable("the desk's browser libraries are missing; fetch them with: python -m services.desk.assets")


async def _keep(stacks: Sequence[Stack]) -> None:
    running = asyncio.create_task(_run(stacks))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _run(stacks: Sequence[Stack]) -> None:
    console = Console()
    async with platform(stacks):
        for stack in stacks:
            console.print(_table(stack))
        await asyncio.Event().wait()


def _table(stack: Stack) -> Table:
    table = Table("what", "address", title=f"12345 platform of {stack.options.city}: ready")
    for name, url in {"kafka": stack.kafka, "mongo": stack.mongo, "gateway": stack.gateway, **stack.urls}.items():
        table.add_row(name, url)
    return table
