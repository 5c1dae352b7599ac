"""`hotline story` before anything is started: what it refuses, and how a step is told."""

import io
from pathlib import Path

from rich.console import Console
from typer.testing import CliRunner

from hotline.cli import app
from hotline.commands.story import say
from hotline.story.result import Played


def test_a_bad_story_ends_the_command_with_file_line_and_place(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("title: x\nbegins: 2021-01-11T01:00:00\n")
    done = CliRunner().invoke(app, ["story", str(path)])
    assert done.exit_code == 2
    assert "bad.yaml, line 2: begins: Expected `datetime` with a timezone component" in done.output


def test_an_unknown_story_is_refused_with_the_known_ones() -> None:
    done = CliRunner().invoke(app, ["story", "dawn"])
    assert done.exit_code == 2
    assert "there is no story 'dawn'" in done.output


def test_a_step_is_told_with_its_moment_and_what_was_seen() -> None:
    console = Console(file=io.StringIO(), width=120, record=True)
    step = Played(
        number=1, time="2021-01-11 01:04", do="outbound", who="话务员017", tell="→ 检查站 [一号]", outcome="failed",
        saw=("refused x: [y]",),
    )  # fmt: skip
    say(step, console)
    text = console.export_text()
    assert "01-11 01:04 ✗ outbound" in text
    assert "→ 检查站 [一号]" in text
    assert "refused x: [y]" in text
