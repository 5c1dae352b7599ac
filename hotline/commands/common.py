"""What several commands need: the running platform's addresses and settings."""

import json
from pathlib import Path
from typing import Any

import httpx
import typer

from shared.auth import issue
from shared.settings import Settings

ROOT = Path(".hotline")
ASK_S = 10.0


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


def ask(city: str, service: str, path: str, method: str = "GET", *, timeout: float = ASK_S, **more: Any) -> Any:
    """A service's answer to an operator; ends the command with its words where it refuses or does not answer."""
    token = issue(operator_settings(city).jwt_secret.get_secret_value(), "hotline", "operator", 1)
    found = running(city)["services"].get(service)
    if not found:
        raise typer.BadParameter(f"the platform that was started here has no service {service}")
    headers = {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.request(method, f"{found[0]}{path}", headers=headers, timeout=timeout, **more)
    except httpx.HTTPError as error:
        typer.echo(f"{service} does not answer: {error}", err=True)
        raise typer.Exit(1) from None
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        typer.echo(answer.json().get("detail", answer.text), err=True)
        raise typer.Exit(1)
    return answer.json()
