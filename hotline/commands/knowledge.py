"""hotline knowledge: bring articles to a running platform."""

from pathlib import Path
from typing import Annotated

import httpx
import typer

from hotline.articles import Loaded, Unusable, read_articles, send
from hotline.commands.common import CITY, City, doors_of, finished
from hotline.doors import Doors

app = typer.Typer(help="What the hotline knows.", no_args_is_help=True)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="JSON lines of question(s) and answer, also .xz", exists=True)],
    city: City = CITY,
) -> None:
    """Load articles; what is known already stays as it is."""
    try:
        loaded = finished(_load(file, doors_of(city)))
    except (Unusable, httpx.HTTPError, httpx.InvalidURL) as error:
        typer.echo(str(error) or repr(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{loaded.written} new or unchanged, {loaded.kept} known with another content and kept")
    for reason, count in loaded.refused.items():
        typer.echo(f"{count} refused: {reason}", err=True)
    if loaded.refused:
        raise typer.Exit(1)


async def _load(file: Path, doors: Doors) -> Loaded:
    url = doors.urls("knowledge")[0]
    async with httpx.AsyncClient(base_url=url, headers=doors.headers("editor"), timeout=30) as client:
        return await send(client, read_articles(file))
