"""hotline bench: fill the running platform, so that it can be tried under the load of years."""

from typing import Annotated

import typer
from pydantic import SecretStr

from hotline.commands.common import ROOT, operator_settings
from hotline.keys import load_keys

app = typer.Typer(help="Try the platform under load.", no_args_is_help=True)


@app.callback()
def bench() -> None:
    """A group, although it has one command."""


@app.command()
def seed(
    cases: Annotated[int, typer.Option(min=1, help="how many existing cases")],
    city: Annotated[str, typer.Option(help="area code")] = "130100",
) -> None:
    """Write existing cases in all states into every service's database; their timers lie years ahead."""
    from bench.seed import report  # an installed package has no benchmarks

    keys = load_keys(ROOT / city)
    sealing = {name: SecretStr(keys[name]) for name in ("seal_key", "ref_key")}
    for line in report(operator_settings(city).model_copy(update=sealing), cases):
        typer.echo(line)
