"""hotline scale: change the number of replicas of a running platform."""

import asyncio
from typing import Annotated

import typer

from hotline.commands.common import CITY, ROOT, City
from hotline.commands.up import read_scale
from hotline.control import order


def scale(
    counts: Annotated[str, typer.Argument(help="SERVICE=COUNT, like dispatch=3,notify=2")],
    city: City = CITY,
) -> None:
    """Start or stop replicas, also in the middle of a surge; returns when they are ready."""
    try:
        asyncio.run(order(ROOT / city, read_scale(counts)))
    except (OSError, RuntimeError) as error:
        typer.echo(f"not scaled: {error}; is a platform of {city} running here?", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"scaled: {counts}")
