"""hotline topics: create what is missing, show what is there beside what is wanted."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hotline.commands.common import CITY, City, doors_of, finished
from hotline.topics import (  # fmt: skip
    CLEANUP,
    MIN_INSYNC,
    PARTITIONS,
    REPLICAS,
    RETENTION,
    Shape,
    TopicState,
    create_topics,
)
from shared.events.topics import DAY_MS

MOST = 9


def topics(
    replicas: Annotated[int, typer.Option(min=1, max=MOST, help="copies of each topic, on as many brokers")] = 1,
    city: City = CITY,
) -> None:
    """Create the city's missing topics and list all; exit 1 where one is otherwise than wanted."""
    states = finished(create_topics(doors_of(city).settings, replicas))
    table = Table("topic", "partitions", "replicas", "min.insync", "kept", "state")
    for state in states:
        table.add_row(state.name, *_cells(state), _word(state))
    Console().print(table)
    wrong = [state for state in states if state.differences()]
    for state in wrong:
        for what, (found, want) in state.differences().items():
            typer.echo(f"{state.name}: {what} is {found}, wanted {want}", err=True)
    if wrong:
        typer.echo(f"{len(wrong)} topics are otherwise than wanted; nothing of what was there was changed", err=True)
        raise typer.Exit(1)


def _cells(state: TopicState) -> list[str]:
    """Of partitions, replicas, min.insync and how long it is kept: as it is, and as wanted where that differs."""
    found = state.wanted if state.found is None else state.found
    told = [(found[what], state.wanted[what]) for what in (PARTITIONS, REPLICAS, MIN_INSYNC)]
    told.append((_kept(found), _kept(state.wanted)))
    return [is_so if is_so == want else f"{is_so}, wanted {want}" for is_so, want in told]


def _word(state: TopicState) -> str:
    return "created" if state.found is None else "DIFFERS" if state.differences() else "there"


def _kept(shape: Shape) -> str:
    if shape[CLEANUP] == "delete":
        milliseconds = int(shape[RETENTION])
        return "for ever" if milliseconds < 0 else f"{milliseconds / DAY_MS:g} d"
    return "compacted" if shape[CLEANUP] == "compact" else shape[CLEANUP]
