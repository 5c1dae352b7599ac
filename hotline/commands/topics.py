"""hotline topics: create what is missing, show what is there."""

import asyncio
import os
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hotline.commands.common import operator_settings
from hotline.topics import create_topics
from shared.events.topics import DAY_MS, TopicSpec
from shared.settings import Settings


def _settings(city: str) -> Settings:
    """Of the broker that HOTLINE_KAFKA names, or else of the platform that was started here."""
    return Settings(city=city) if "HOTLINE_KAFKA" in os.environ else operator_settings(city)


def topics(city: Annotated[str, typer.Option(help="area code")] = "130100") -> None:
    """Create the city's missing topics and list all."""
    table = Table("topic", "partitions", "kept", "state")
    wrong = 0
    for spec, partitions in asyncio.run(create_topics(_settings(city))):
        state = "created" if not partitions else "there" if partitions == spec.partitions else "OTHER PARTITION COUNT"
        wrong += state.isupper()
        table.add_row(spec.name, str(partitions or spec.partitions), _kept(spec), state)
    Console().print(table)
    if wrong:
        typer.echo(
            f"{wrong} topics have another partition count than designed; it cannot be changed in place", err=True
        )
        raise typer.Exit(1)


def _kept(spec: TopicSpec) -> str:
    if spec.compacted:
        return "compacted"
    return "for ever" if spec.retention_ms < 0 else f"{spec.retention_ms // DAY_MS} d"
