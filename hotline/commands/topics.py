"""hotline topics: create what is missing, show what is there."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hotline.commands.common import operator_settings
from hotline.topics import create_topics


def topics(city: Annotated[str, typer.Option(help="area code")] = "130100") -> None:
    """Create the city's missing topics and list all."""
    table = Table("topic", "partitions", "kept", "state")
    wrong = 0
    for spec, partitions in asyncio.run(create_topics(operator_settings(city))):
        state = "created" if not partitions else "there" if partitions == spec.partitions else "OTHER PARTITION COUNT"
        wrong += state.isupper()
        kept = (
            "compacted"
            if spec.compacted
            else "for ever"
            if spec.retention_ms < 0
            else f"{spec.retention_ms // 86_400_000} d"
        )
        table.add_row(spec.name, str(partitions or spec.partitions), kept, state)
    Console().print(table)
    if wrong:
        typer.echo(
            f"{wrong} topics have another partition count than designed; it cannot be changed in place", err=True
        )
        raise typer.Exit(1)
