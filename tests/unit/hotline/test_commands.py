"""What the operator's commands print, and how they end where something was given wrong."""

import json
from datetime import datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hotline.cli import app
from hotline.commands import dead_letters, doctor, up
from hotline.letters import Letter, unresolved
from hotline.stack import Options, Stack
from shared.clock import CHINA
from shared.deadletters import dead_letter
from shared.records import Record
from shared.testing import MemoryLog

ORIGIN = "130100.dept.130100-02-001.answers/0/12345"


def invoke(*words: str, columns: int = 80) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(words), env={"COLUMNS": str(columns)})
    return done.exit_code, done.stdout, done.stderr


class Letters:
    """A desk with one letter."""

    async def list(self) -> list[Letter]:
        return [
            Letter(
                origin=ORIGIN, reader="dispatch.bridge", at=datetime(2021, 1, 13, 4, 0, tzinfo=CHINA), kind="record",
                reason="a unit sends\nanswer, " + "sign, " * 40, key=b"N-1", value=b"{}", headers=(),
            )
        ]  # fmt: skip


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "_desk", lambda city: Letters())


@pytest.mark.usefixtures("letters")
@pytest.mark.parametrize("columns", [20, 80, 200])
def test_a_letter_is_a_line_that_begins_with_its_whole_origin(columns: int) -> None:
    code, out, _ = invoke("dead-letters", "list", columns=columns)
    (line,) = out.splitlines()
    assert code == 0
    assert line.startswith(f"{ORIGIN}  dispatch.bridge  2021-01-13T04:00:00+08:00  record  a unit sends answer, sign,")


@pytest.mark.usefixtures("letters")
def test_what_the_list_prints_can_be_shown() -> None:
    origin = invoke("dead-letters", "list")[1].split()[0]
    code, out, _ = invoke("dead-letters", "show", origin)
    assert code == 0
    assert "key     N-1" in out


def test_a_letter_knows_when_it_was_written() -> None:
    log = MemoryLog(partitions=1)
    log.produce(Record("t", b"N-1", b"{}"))
    log.produce(dead_letter("dead", log.all("t")[0], "sla", "unreadable"))
    (letter,) = unresolved(list(log.all("dead")))
    assert (letter.origin, letter.at) == ("t/0/0", datetime.fromtimestamp(0.002, CHINA))


@pytest.mark.usefixtures("letters")
def test_a_file_that_is_not_there_is_refused() -> None:
    code, _, err = invoke("dead-letters", "redrive", ORIGIN, "--value", "/nonexist", columns=200)
    assert code == 2
    assert "'/nonexist' does not exist" in err


@pytest.mark.parametrize("words", [("token", "--role", "agent"), ("up",)])
def test_an_unknown_city_is_said_in_a_line(words: tuple[str, ...]) -> None:
    code, out, err = invoke(*words, "--city", "139999")
    assert (code, out, err) == (2, "", "there is no city 139999: no folder policy/139999\n")


@pytest.mark.parametrize(
    "words", [("--role", "130100-02-001"), ("--role", "unit:1"), ("--role", "agent", "--hours", "-1")]
)
def test_no_token_is_made_that_no_door_takes(words: tuple[str, ...]) -> None:
    code, out, _ = invoke("token", *words)
    assert (code, out) == (2, "")


@pytest.mark.parametrize("count", ["0", "99", "x", ""])
def test_a_count_out_of_range_is_refused_with_the_range(count: str) -> None:
    with pytest.raises(typer.BadParameter, match="from 1 to 16"):
        up.read_scale(f"dispatch={count}")


@pytest.mark.parametrize(
    ("text", "word"), [(b"a: [", "line 1"), (b"version: x\n", "limits"), (b"\xff\xfe\xfd", "decode"), (b"", "valid")]
)
def test_a_broken_table_of_deadlines_is_named(tmp_path: Path, text: bytes, word: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(text)
    code, _, err = invoke("sla", "diff", str(file))
    assert code == 2
    assert err.startswith(f"{file}: ")
    assert word in err


def test_up_refuses_without_the_libraries_of_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "present", lambda: False)
    code, _, err = invoke("up")
    assert code == 2
    assert "python -m services.desk.assets" in err


def test_up_refuses_partners_that_are_no_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_PARTNERS", "130200=https://x")
    code, _, err = invoke("up")
    assert code == 2
    assert "partners" in err


def test_the_doctor_names_the_libraries_and_what_fetches_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.desk.assets.present", lambda: False)
    found = doctor._libraries(fetch=False)
    assert (found.good, found.required, found.fix) == (False, True, "python -m services.desk.assets")


def test_the_doctor_fetches_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr("services.desk.assets.fetch", lambda: calls.append("fetch"))
    monkeypatch.setattr("services.desk.assets.present", lambda: bool(calls))
    assert doctor._libraries(fetch=True).good


def test_partners_of_the_environment_win_and_the_others_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_PARTNERS", json.dumps({"130300": "https://qhd.example", "120": "https://real.example"}))
    monkeypatch.setenv("HOTLINE_PARTNER_KEYS", json.dumps({"130300": "theirs"}))
    known = Stack(Options(), tmp_path)._partnership()
    urls, keys = (json.loads(known[name]) for name in ("HOTLINE_PARTNERS", "HOTLINE_PARTNER_KEYS"))
    assert (urls["130300"], urls["120"], keys["130300"]) == ("https://qhd.example", "https://real.example", "theirs")
    assert urls["110"].startswith("http://127.0.0.1:")
    assert set(keys) == {"130300", "110", "120"}
