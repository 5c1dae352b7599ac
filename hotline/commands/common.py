"""What several commands need: the running platform's addresses and settings."""

import json
from pathlib import Path
from typing import Any

import typer

from shared.settings import Settings

ROOT = Path(".hotline")


def running(city: str) -> dict[str, Any]:
    """addresses.json of the city's platform; ends the command with a clear word when there is none."""
    path = ROOT / city / "addresses.json"
    if not path.exists():
        raise typer.BadParameter(f"no platform of {city} was started here; run `hotline up` first")
    return dict(json.loads(path.read_text()))


def operator_settings(city: str) -> Settings:
    """Settings of an operator's process, from the environment or from the platform that was started here."""
    given = Settings(city=city)
    known = running(city)
    secrets = json.loads((ROOT / city / "secrets.json").read_text())
    return given.model_copy(
        update={
            "kafka": known["kafka"],
            "mongo": known["mongo"],
            "jwt_secret": type(given.jwt_secret)(secrets["jwt_secret"]),
        }
    )
