"""hotline token: a locally signed token for a role."""

from typing import Annotated

import typer

from hotline.commands.common import CITY, ROOT, City, policy_of, unusable
from hotline.keys import load_keys
from shared.auth import ROLES, issue
from shared.policy import PolicyError, load_units
from shared.settings import Settings

MOST_H = 24 * 366
"""A year."""


def token(
    role: Annotated[str, typer.Option(help=f"{', '.join(ROLES)} or unit:<code>")],
    name: Annotated[str, typer.Option(help="who holds it")] = "",
    hours: Annotated[float, typer.Option(help="how long it is valid", min=0.01, max=MOST_H)] = 12.0,
    city: City = CITY,
) -> None:
    """Print a token for `Authorization: Bearer …`."""
    try:
        units = load_units(policy_of(city)).by_code()
    except PolicyError as error:
        raise unusable(error) from None
    unit = role.removeprefix("unit:") if role.startswith("unit:") else ""
    if role not in ROLES and unit not in units:
        raise typer.BadParameter(f"role is one of {', '.join(ROLES)} or unit:<code> with {', '.join(units)}")
    secret = Settings(city=city).jwt_secret.get_secret_value() or load_keys(ROOT / city)["jwt_secret"]
    typer.echo(issue(secret, name or role.removeprefix("unit:"), role, hours))
