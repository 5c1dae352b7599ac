"""What several commands need: which city, its platform's addresses and settings, and how a command ends."""

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from aiokafka.errors import KafkaError
from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError

from hotline.doors import Doors, Unanswered
from hotline.topics import CannotCreate
from shared.away import Refused
from shared.settings import Key, NotGiven, Settings

ROOT = Path(".hotline")
CITY = "130100"
City = Annotated[str, typer.Option(help="area code", envvar="HOTLINE_CITY")]
Result = TypeVar("Result")
FAILURES = (Unanswered, NotGiven, CannotCreate, KafkaError, Refused, OSError)
"""What an operator reads as one line: services, the broker or a key fail the command."""


def unusable(error: Exception | str) -> typer.Exit:
    """Says what is wrong with what was given; raise what comes back."""
    typer.echo(str(error), err=True)
    return typer.Exit(2)


def policy_of(city: str) -> Path:
    """The city's folder of policy; ends the command where there is none."""
    folder = Settings(city=city).policy
    if not folder.is_dir():
        raise unusable(f"there is no city {city}: no folder {folder}")
    return folder


def doors_of(city: str, *keys: Key) -> Doors:
    """The platform that HOTLINE_KAFKA or HOTLINE_URLS in the environment name, else the one that was started here.

    `keys` are needed beside the secret of tokens. Ends the command where there is no platform, or a key is missing.
    """
    try:
        given = Settings(city=city)
        named = given.model_fields_set & {"kafka", "urls"}
        doors = Doors(given, {name: [url] for name, url in given.urls.items()}) if named else _started(given, keys)
        for key in keys:
            doors.settings.key(key)
    except (SettingsError, ValidationError, NotGiven) as error:
        raise unusable(error) from None
    return doors


def _started(given: Settings, keys: tuple[Key, ...]) -> Doors:
    folder = ROOT / given.city
    if not (folder / "addresses.json").exists():
        raise typer.BadParameter(
            f"no platform of {given.city} was started here; run `hotline up` first, or name one by HOTLINE_KAFKA, "
            "HOTLINE_URLS and HOTLINE_JWT_SECRET"
        )
    known, secrets = (json.loads((folder / name).read_text()) for name in ("addresses.json", "secrets.json"))
    update: dict[str, Any] = {name: known[name] for name in ("kafka", "mongo")}
    update.update((name, SecretStr(secrets[name])) for name in ("jwt_secret", *keys))
    return Doors(given.model_copy(update=update), known["services"])


def finished(work: Coroutine[Any, Any, Result], about: str = "") -> Result:
    """What comes of it; ends the command with a line, `about` at its beginning, where something fails it."""
    try:
        return asyncio.run(work)
    except FAILURES as error:
        words = str(error) or repr(error)
        typer.echo(f"{about}: {words}" if about else words, err=True)
        raise typer.Exit(1) from None


def ask(city: str, service: str, path: str, method: str = "GET", **more: Any) -> Any:
    """A service's answer to an operator; ends the command with its words where it refuses or does not answer."""
    return finished(doors_of(city).ask(service, path, method, **more))
