"""The nights that ship: valid, and true on a city in memory."""

from pathlib import Path

import pytest

from hotline.story.read import find, names, read_story
from hotline.story.script import CallAgain, Matter, Outbound, Story
from tests.unit.story.world import POLICY, play

NIGHTS = ("night", "quails", "students", "test-result", "truck")


def night(name: str) -> Story:
    return read_story(find(name), POLICY.parent)


def test_all_nights_are_there_and_valid() -> None:
    assert tuple(names()) == NIGHTS
    for name in names():
        assert night(name).steps


def test_one_night_has_two_calls_in_and_more_than_twenty_out() -> None:
    steps = night("night").steps
    assert sum(isinstance(step, Matter | CallAgain) for step in steps) == 2
    calls = [step for step in steps if isinstance(step, Outbound)]
    assert len(calls) > 20
    assert {"reach_unit", "partner_city", "checkpoint", "three_way", "verify"} <= {call.purpose for call in calls}


@pytest.mark.parametrize("name", NIGHTS)
async def test_every_night_comes_true(name: str, tmp_path: Path) -> None:
    result, said = await play(night(name), tmp_path)
    assert [step for step in said if step.outcome == "failed"] == []
    assert [case.wrong for case in result.cases] == [()] * len(result.cases)
    assert result.held
    assert [step.time for step in said] == sorted(step.time for step in said)
    left_out = {step.number for step in said if step.outcome == "left out"}
    assert left_out == {number for number, step in enumerate(night(name).steps, 1) if step.needs}
