"""An operator's commands beside a platform that the environment names: no folder .hotline, as in a container."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hotline.cli import app
from hotline.commands.common import doors_of
from shared.auth import verify
from tests.unit.hotline.services import CLOSED, SECRET, service

POLICIES = Path("policy").resolve()
Names = Callable[..., None]
PAGE = {**dict.fromkeys(("title", "state", "priority", "reporter", "text"), "x"), "number": "SJZ-1", "timeline": []}


def invoke(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Names:
    """An empty working folder, and an environment that names a platform's broker, secret and services."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOTLINE_POLICY_DIR", str(POLICIES))

    def name(secret: str = SECRET, **urls: str) -> None:
        monkeypatch.setenv("HOTLINE_KAFKA", "127.0.0.1:9")
        monkeypatch.setenv("HOTLINE_URLS", json.dumps(urls))
        monkeypatch.setenv("HOTLINE_JWT_SECRET", secret)

    return name


def test_broker_database_and_services_are_those_of_the_environment(
    named: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    named(dispatch="http://dispatch")
    monkeypatch.setenv("HOTLINE_MONGO", "mongodb://mongo")
    doors = doors_of("130200")
    assert (doors.settings.kafka, doors.settings.mongo, doors.settings.city) == (
        "127.0.0.1:9", "mongodb://mongo", "130200",
    )  # fmt: skip
    assert doors.urls("dispatch") == ["http://dispatch"]


def test_what_was_started_here_gives_way_to_what_the_environment_names(named: Names, tmp_path: Path) -> None:
    started(tmp_path, dispatch=["http://started"])
    assert doors_of("130100").urls("dispatch") == ["http://started"]
    named(dispatch="http://named")
    assert doors_of("130100").urls("dispatch") == ["http://named"]


def started(folder: Path, **services: list[str]) -> None:
    """A platform as `hotline up` leaves its traces."""
    place = folder / ".hotline" / "130100"
    place.mkdir(parents=True)
    (place / "addresses.json").write_text(json.dumps({"kafka": "k", "mongo": "m", "services": services}))
    (place / "secrets.json").write_text(json.dumps({"jwt_secret": SECRET, "seal_key": "s", "ref_key": "r"}))


def test_what_was_started_here_brings_its_servers_and_the_keys_that_are_needed(named: Names, tmp_path: Path) -> None:
    started(tmp_path)
    settings = doors_of("130100", "seal_key").settings
    assert (settings.kafka, settings.mongo, settings.key("jwt_secret"), settings.key("seal_key")) == (
        "k", "m", SECRET, "s",
    )  # fmt: skip
    assert not settings.ref_key


@pytest.mark.parametrize("words", [("case", "SJZ-1"), ("dead-letters", "list"), ("topics",), ("spool", "list")])
@pytest.mark.usefixtures("named")
def test_without_any_platform_a_line_says_what_names_one(words: tuple[str, ...]) -> None:
    code, _, err = invoke(*words)
    assert code == 2
    assert "no platform of 130100 was started here" in err
    assert "HOTLINE_KAFKA" in err


ROUTES: dict[tuple[str, ...], dict[tuple[str, str], tuple[int, Any]]] = {
    ("case", "SJZ-1"): {("GET", "/cases/SJZ-1"): (200, PAGE)},
    ("reports", "rebuild"): {
        ("POST", "/rebuild"): (200, {"built": 2}), ("GET", "/rebuild"): (200, {"served": 2}),
    },
    ("sla", "explain", "SJZ-1"): {
        ("GET", "/cases/SJZ-1"): (200, {"id": "N-1"}),
        ("GET", "/clocks/N-1"): (200, {"matter": {}, "version": "v1", "clocks": []}),
    },
    ("knowledge", "load", "articles"): {("POST", "/articles"): (201, {})},
    ("spool", "list"): {("GET", "/spool/refused"): (200, {"replica": "intake.1", "items": []})},
    ("route", "dry-run", str(POLICIES / "130100" / "routing.yaml")): {
        ("GET", "/routing/past?after=&limit=500"): (200, {"items": [], "next": None}),
    },
}  # fmt: skip


@pytest.mark.parametrize("words", ROUTES)
def test_a_command_asks_the_services_that_the_environment_names(
    named: Names, words: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "articles").write_text(json.dumps({"question": "q", "answer": "a"}))
    with service(ROUTES[words]) as asked:
        named(**dict.fromkeys(("dispatch", "sla", "reports", "knowledge", "intake"), asked.url))
        code, out, err = invoke(*words)
    assert (code, err) == (0, ""), out
    assert {(one.method, one.path) for one in asked.asked} == set(ROUTES[words])
    roles = {verify(SECRET, one.authorization).role for one in asked.asked}
    assert roles == {"editor" if words[0] == "knowledge" else "operator"}
    assert not (tmp_path / ".hotline").exists()


def test_the_city_is_that_of_the_environment(named: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    named()
    monkeypatch.setenv("HOTLINE_CITY", "139999")
    assert invoke("token", "--role", "agent")[2] == f"there is no city 139999: no folder {POLICIES}/139999\n"
    assert invoke("token", "--role", "agent", "--city", "130100")[0] == 0


def test_a_service_without_an_address_is_named(named: Names) -> None:
    named(dispatch=CLOSED)
    code, _, err = invoke("reports", "rebuild")
    assert (code, err) == (1, "no address of reports is known, only of: dispatch (HOTLINE_URLS names others)\n")


def test_a_service_that_does_not_listen_is_named_with_its_address(named: Names) -> None:
    named(dispatch=CLOSED)
    code, _, err = invoke("case", "SJZ-1")
    assert code == 1
    assert err.startswith(f"dispatch does not answer at {CLOSED}: ")


@pytest.mark.parametrize("url", ["dispatch:8000", "http://a:b:c", "http://"])
def test_an_address_that_is_none_is_said(named: Names, url: str) -> None:
    named(dispatch=url)
    code, _, err = invoke("case", "SJZ-1")
    assert code == 1
    assert err.startswith(f"dispatch does not answer at {url}: ")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, {"reason": "no_such_case", "detail": "there is no case SJZ-1"}), "there is no case SJZ-1\n"),
        ((502, "<html>Bad Gateway"), "dispatch answers 502 and no JSON: '<html>Bad Gateway'\n"),
        ((200, "<html>Welcome"), "dispatch answers 200 and no JSON: '<html>Welcome'\n"),
    ],
)
def test_what_is_no_answer_ends_the_command_with_its_words(named: Names, answer: tuple[int, Any], words: str) -> None:
    with service({("GET", "/cases/SJZ-1"): answer}) as asked:
        named(dispatch=asked.url)
        assert invoke("case", "SJZ-1") == (1, "", words)


def test_a_missing_secret_is_named(named: Names) -> None:
    named(secret="", dispatch=CLOSED)
    code, _, err = invoke("case", "SJZ-1")
    assert code == 1
    assert err.startswith("HOTLINE_JWT_SECRET is not set")


@pytest.mark.parametrize("words", [("dead-letters", "list"), ("topics",)])
def test_a_broker_that_is_away_is_a_line(named: Names, words: tuple[str, ...]) -> None:
    named()
    code, out, err = invoke(*words)
    assert (code, out) == (1, "")
    assert "127.0.0.1" in err
    assert len(err.splitlines()) == 1


def test_addresses_that_are_no_json_are_refused(named: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_URLS", "intake=http://intake")
    code, _, err = invoke("case", "SJZ-1")
    assert code == 2
    assert "urls" in err
