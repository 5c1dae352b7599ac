"""The OpenAPI document of each service, from its own application; nothing is started."""

import base64
import importlib
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from shared.clock import make_clock
from shared.settings import Settings

ROOT = Path(__file__).parents[2]
_KEY = SecretStr(base64.b64encode(bytes(32)).decode())


def service_names() -> list[str]:
    """Every package under services/ that has an application."""
    return sorted(path.parent.name for path in (ROOT / "services").glob("*/app.py"))


def openapi(service: str) -> dict[str, Any]:
    """The document of the service with all its doors."""
    settings = Settings(
        role="all", policy_dir=ROOT / "policy", jwt_secret=_KEY, seal_key=_KEY, sign_key=_KEY, ref_key=_KEY
    )
    module = importlib.import_module(f"services.{service}.app")
    document: dict[str, Any] = module.build(settings, make_clock(settings)).openapi()
    return document
