"""The engine: a bad file is told with its place, and what does not come true is told as such."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from hotline.story.play import fits
from hotline.story.read import BadStory, find, read_story
from hotline.story.result import Played, Result
from hotline.story.script import Expect, Story
from tests.unit.story.world import POLICY, play

CALL: dict[str, Any] = {
    "at": "09:00",
    "do": "call",
    "who": "zhao",
    "agent": "a001",
    "case": "dark",
    "title": "路灯不亮",
    "text": "楼下路灯三天不亮",
}
ENDS: dict[str, Any] = {"case": "dark", "state": "DISPATCHED", "calls_in": 1, "replies": 0}


def told(*steps: dict[str, Any], **ends: Any) -> dict[str, Any]:
    """A story of one lamp."""
    actors = {
        "zhao": {"name": "赵女士", "number": "13900012051"},
        "a001": {"name": "话务员001", "role": "agent"},
        "streets": {"name": "城管局", "role": "unit:130100-02-004"},
        "housing": {"name": "住建局", "role": "unit:130100-02-003"},
        "auditor": {"name": "审核员", "role": "auditor"},
    }
    return {
        "title": "路灯", "begins": "2021-01-13T09:00:00+08:00", "rate": 60, "actors": actors,
        "steps": [CALL, *steps], "ends": [{**ENDS, **ends}],
    }  # fmt: skip


def read(content: object, folder: Path) -> Story:
    path = folder / "lamp.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return read_story(path, POLICY.parent)


def step(do: str, who: str = "", **more: Any) -> dict[str, Any]:
    return {"at": "09:10", "do": do, "who": who, "case": "dark", **more}


async def performed(folder: Path, *steps: dict[str, Any], **ends: Any) -> tuple[Result, list[Played]]:
    return await play(read(told(*steps, **ends), folder), folder / "state", patience_s=0.5)


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (step("sing", "zhao"), "steps[1].do", "Invalid value 'sing'"),
        (step("sign"), "steps[1].who", "'nobody' is no unit"),
        (step("sign", "zhao"), "steps[1].who", "'zhao' is no unit"),
        (step("sign", "streets", at="08:59"), "steps[1].at", "before 09:00"),
        (step("sign", "streets", at=600), "steps[1].at", "Expected `str`, got `int`"),
        (step("sign", "streets", at="9 Uhr"), "steps[1].at", "matching regex"),
        (step("sign", "streets", case="light"), "steps[1].case", "not opened yet"),
        ({**CALL}, "steps[1].case", "opened twice"),
        (step("sign", "streets", whom="x"), "steps[1]", "unknown field `whom`"),
        (step("audit", "auditor", unit="auditor"), "steps[1].unit", "'auditor' is no unit"),
        (step("receive", "auditor", of="dark"), "steps[1].who", "dispatcher or supervisor"),
        (step("transfer", "a001", target="12", reason="x", asked_action="y", consent=True), "steps[1].target", "regex"),
        (step("wait", see=[{"event": "case.sung.v1"}]), "steps[1].see[0].event", "no case has an event"),
        (step("wait", see=[{}]), "steps[1].see[0]", "expect one of event, state and sms"),
        (step("wait", see=[{"sms": "灯", "to": "auditor"}]), "steps[1].see[0].to", "'auditor' is no citizen"),
        (step("outbound", "a001", purpose="chat", callee="x", result="busy"), "steps[1].purpose", "Invalid enum"),
        (step("outbound", "auditor", purpose="verify", callee="x", result="busy"), "steps[1].who", "agent or super"),
    ],
)
def test_a_mistake_is_told_with_its_place(change: dict[str, Any], place: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(BadStory) as error:
        read(told(change), tmp_path)
    text = str(error.value)
    assert place in text
    assert words in text
    step_two = (tmp_path / "lamp.yaml").read_text(encoding="utf-8").splitlines()
    second = [number for number, line in enumerate(step_two, 1) if line.startswith("- ")][1]
    assert second <= int(text.split("line ")[1].split(":")[0]) <= second + 10


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    content = told(step("sign", "nobody"), step("answer", "zhao", public_answer="x"), case="light")
    content["actors"]["housing"]["role"] = "unit:130100-02-999"
    content["actors"]["auditor"]["role"] = "king"
    with pytest.raises(BadStory) as error:
        read(content, tmp_path)
    assert len(str(error.value).splitlines()) == 5


@pytest.mark.parametrize("text", ["steps: [", "just words", ""])
def test_what_is_no_story_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(BadStory, match=r"x\.yaml"):
        read_story(path, POLICY.parent)


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(BadStory, match="night, quails"):
        find("dawn")


async def test_what_is_not_seen_fails_the_story_and_ends_it(tmp_path: Path) -> None:
    result, said = await performed(tmp_path, step("wait", see=[{"state": "CLOSED"}]), step("sign", "streets"))
    assert [played.outcome for played in said] == ["ok", "failed"]
    assert "not seen in 0.5 s: state CLOSED" in said[-1].saw[-1]
    assert not result.held


async def test_a_refusal_that_nobody_told_fails_the_story(tmp_path: Path) -> None:
    _, said = await performed(tmp_path, step("answer", "streets", public_answer="修好了"))
    assert said[-1].outcome == "failed"
    assert "refused not_signed" in said[-1].saw[-1]


async def test_a_refusal_that_was_told_must_come(tmp_path: Path) -> None:
    answer = step("answer", "streets", public_answer="修好了", refused="not_signed")
    _, said = await performed(tmp_path, answer, step("sign", "streets", refused="already_signed"))
    assert [played.outcome for played in said] == ["ok", "ok", "failed"]
    assert "was taken" in said[-1].saw[-1]


async def test_a_unit_without_an_order_waits_in_vain(tmp_path: Path) -> None:
    _, said = await performed(tmp_path, step("sign", "housing"))
    assert "not seen in 0.5 s: an answer at the door" in said[-1].saw[-1]


async def test_a_door_that_says_no_fails_the_story(tmp_path: Path) -> None:
    out = step("outbound", "a001", purpose="verify", callee="赵女士", result="connected", number="77")
    _, said = await performed(tmp_path, out)
    assert "422: this is no valid telephone number" in said[-1].saw[-1]


async def test_a_platform_that_decides_nothing_fails_the_story(tmp_path: Path) -> None:
    result, said = await play(read(told(), tmp_path), tmp_path / "state", patience_s=0.3, alive=False)
    assert said[-1].saw == ("not seen in 0.3 s: what became of the command",)
    assert (result.cases[0].state, result.held) == ("UNKNOWN", False)


async def test_what_dispatch_cannot_do_yet_is_left_out(tmp_path: Path) -> None:
    ask = {"target": "130400", "reason": "外市", "asked_action": "协办", "consent": True}
    result, said = await performed(tmp_path, step("transfer", "a001", needs="ask_transfer", **ask))
    assert (said[-1].outcome, said[-1].saw) == ("left out", ("dispatch has no command ask_transfer",))
    assert result.held


async def test_one_event_is_seen_once(tmp_path: Path) -> None:
    twice = [{"event": "work_order.signed.v1"}, {"event": "work_order.signed.v1"}]
    _, said = await performed(tmp_path, step("sign", "streets", see=twice))
    assert said[-1].outcome == "failed"
    assert "not seen in 0.5 s: work_order.signed.v1" in said[-1].saw[-1]


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ({"state": "CLOSED"}, "state is DISPATCHED, not CLOSED"),
        ({"calls_in": 2}, "calls in is 1, not 2"),
        ({"calls_out": 1}, "calls out are 0, fewer than 1"),
        ({"replies": 1}, "replies is 0, not 1"),
        ({"solved": True}, "solved is None, not True"),
    ],
)
async def test_an_ending_that_is_not_so_fails_the_story(ends: dict[str, Any], words: str, tmp_path: Path) -> None:
    result, _ = await performed(tmp_path, **ends)
    assert result.cases[0].wrong == (words,)
    assert not result.held


def test_an_event_fits_with_all_its_values_only() -> None:
    event = {"type": "work_order.signed.v1", "data": {"unit": "u1", "order": "o"}}
    assert fits(Expect(event="work_order.signed.v1", values={"unit": "u1"}), event)
    assert not fits(Expect(event="work_order.signed.v1", values={"unit": "u2"}), event)
    assert not fits(Expect(event="work_order.done.v1"), event)


def test_people_of_a_city_without_policy_may_only_take_steps_that_are_left_out(tmp_path: Path) -> None:
    content = told(step("receive", "away", case="theirs", of="dark", needs="ask_transfer"))
    content["actors"]["away"] = {"name": "外市", "role": "dispatcher", "city": "990000"}
    assert read(content, tmp_path).actors["away"].city == "990000"
    del content["steps"][1]["needs"]
    with pytest.raises(BadStory, match=r"actors\.away\.city: there is no policy of a city '990000'"):
        read(content, tmp_path)
