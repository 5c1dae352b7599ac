"""hotline bench: fill the running platform, so that it can be tried under the load of years."""

from typing import Annotated

import typer

from hotline.commands.common import CITY, City, doors_of

app = typer.Typer(help="Try the platform under load.", no_args_is_help=True)


@app.callback()
def bench() -> None:
    """A group, although it has one command."""


@app.command()
def seed(
    cases: Annotated[int, typer.Option(min=1, help="how many existing cases")],
    city: City = CITY,
) -> None:
    """Write existing cases in all states into every service's database; their timers lie years ahead."""
    from bench.seed import report  # an installed package has no benchmarks

    for line in report(doors_of(city, "seal_key", "ref_key").settings, cases):
        typer.echo(line)
