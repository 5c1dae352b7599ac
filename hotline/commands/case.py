"""hotline case: a case's whole timeline."""

from typing import Annotated

import typer
from rich.console import Console

from hotline.commands.common import CITY, City, ask
from hotline.page import case_page
from shared.policy import load_units
from shared.settings import Settings


def case(
    number: Annotated[str, typer.Argument(help="case number or id")],
    city: City = CITY,
) -> None:
    """Show what happened to a case, in order."""
    found = ask(city, "dispatch", f"/cases/{number}")
    units = {unit.code: unit.name for unit in load_units(Settings(city=city).policy).units}
    Console().print(case_page(found, units))
