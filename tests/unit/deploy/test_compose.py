"""docker-compose.yml and Dockerfile by structure: names lead somewhere, versions are pinned, no secret has a default.

This is not the compose schema, and no container was started here.
"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict

from hotline.contracts.openapi import service_names
from hotline.stack import BLIND, SEALERS
from services.desk.assets import MODULES
from shared.settings import Settings

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docker-compose.yml").read_text()
SECRETS = {"HOTLINE_JWT_SECRET", "HOTLINE_SEAL_KEY", "HOTLINE_REF_KEY", "HOTLINE_SIGN_KEY", "GRAFANA_PASSWORD"}


class Container(BaseModel):
    """What a container of this platform may say; another key is a misspelt one."""

    model_config = ConfigDict(extra="forbid")

    image: str
    build: str = ""
    entrypoint: list[str] = []
    command: list[str] = []
    restart: str = ""
    init: bool = False
    read_only: bool = False
    tmpfs: list[str] = []
    cap_drop: list[str] = []
    security_opt: list[str] = []
    stop_grace_period: str = ""
    depends_on: dict[str, dict[str, str]] = {}
    healthcheck: dict[str, Any] = {}
    environment: dict[str, str | int] = {}
    ports: list[str] = []
    volumes: list[str] = []


def containers() -> dict[str, Container]:
    return {name: Container(**body) for name, body in yaml.safe_load(TEXT)["services"].items()}


def processes() -> dict[str, Container]:
    """The platform's own, by name."""
    return {name: one for name, one in containers().items() if one.command and one.command[0].startswith("services.")}


def test_every_service_runs() -> None:
    assert {f"services.{name}" for name in service_names()} <= {one.command[0] for one in processes().values()}


def test_what_is_waited_for_is_there_and_can_be_seen_healthy() -> None:
    known = containers()
    for one in known.values():
        for name, how in one.depends_on.items():
            assert how["condition"] != "service_healthy" or known[name].healthcheck.get("test")


def test_volumes_and_mounted_files_exist() -> None:
    declared = set(yaml.safe_load(TEXT)["volumes"])
    sources = {mount.split(":")[0] for one in containers().values() for mount in one.volumes}
    assert [name for name in sources if name not in declared and not (ROOT / name).exists()] == []
    assert declared <= sources


def test_images_are_pinned() -> None:
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.M)
    for image in [one.image for one in containers().values()] + bases:
        assert re.search(r":v?\d+\.\d+", image), image


def test_the_image_runs_without_root_and_installs_by_hash() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "USER 10001" in text
    assert "--require-hashes -r requirements.lock" in text


def test_the_image_brings_the_browsers_libraries_and_none_of_this_machine() -> None:
    """They are served from the folder that git and the build both leave out."""
    build = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[0]
    assert build.index("-e .") < build.index("python -m services.desk.assets")
    assert str(MODULES.relative_to(ROOT)) in (ROOT / ".dockerignore").read_text().splitlines()


def test_no_secret_has_a_default() -> None:
    required = set(re.findall(r"\$\{(\w+):\?", TEXT))
    assert required >= SECRETS
    example = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.M))
    assert required <= example.keys()
    assert {name: example[name] for name in SECRETS} == dict.fromkeys(SECRETS, "")
    assert all(f"${{{name}" not in TEXT.replace(f"${{{name}:?", "") for name in SECRETS)


def test_settings_are_those_of_the_code() -> None:
    known = {f"HOTLINE_{name.upper()}" for name in Settings.model_fields}
    given = {name for one in containers().values() for name in one.environment if name.startswith("HOTLINE_")}
    assert given - known == set()


def test_only_those_who_may_get_the_keys() -> None:
    assert {n for n, one in processes().items() if "HOTLINE_SEAL_KEY" in one.environment} == SEALERS
    assert {n for n, one in processes().items() if "HOTLINE_REF_KEY" in one.environment} == BLIND


def test_the_desk_and_the_operator_beside_it_find_every_service() -> None:
    urls = json.loads(str(processes()["desk"].environment["HOTLINE_URLS"]))
    assert set(urls) == set(service_names())
    assert all(urlsplit(url).hostname in containers() for url in urls.values())


def test_the_spool_is_on_a_volume() -> None:
    intake = containers()["intake"]
    assert "spool:/var/lib/hotline" in intake.volumes
    assert not any(path.startswith("/var/lib/hotline") for path in intake.tmpfs)


def test_prometheus_asks_every_process() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "observability" / "prometheus.yml").read_text())
    asked = config["scrape_configs"][0]["dns_sd_configs"][0]["names"]
    assert set(asked) == set(processes())
