"""hotline knowledge: bring articles to a running platform."""

import asyncio
from pathlib import Path
from typing import Annotated

import httpx
import typer

from hotline.articles import Loaded, Unusable, read_articles, send
from hotline.commands.common import operator_settings, running
from shared.auth import issue

app = typer.Typer(help="What the hotline knows.", no_args_is_help=True)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="JSON lines of question(s) and answer, also .xz", exists=True)],
    city: Annotated[str, typer.Option(help="area code")] = "130100",
) -> None:
    """Load articles; what is known already stays as it is."""
    try:
        loaded = asyncio.run(_load(file, city))
    except (Unusable, OSError, httpx.HTTPError) as error:
        typer.echo(str(error) or repr(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{loaded.written} new or unchanged, {loaded.kept} known with another content and kept")
    for reason, count in loaded.refused.items():
        typer.echo(f"{count} refused: {reason}", err=True)
    if loaded.refused:
        raise typer.Exit(1)


async def _load(file: Path, city: str) -> Loaded:
    secret = operator_settings(city).jwt_secret.get_secret_value()
    headers = {"Authorization": f"Bearer {issue(secret, 'hotline', 'editor', 1)}"}
    url = running(city)["services"]["knowledge"][0]
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        return await send(client, read_articles(file))
