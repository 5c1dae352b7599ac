"""The spoken menu, the lane and the numbers: pure rules over the city's own files."""

from pathlib import Path

import pytest

from services.intake.domain.ivr import Choice, Menu, Voice
from services.intake.domain.numbers import NoNumber, normal
from services.intake.policy import load_ivr, load_lanes
from shared.events.commands import Priority

POLICY = Path("policy/130100")
IVR = load_ivr(POLICY)
VOICE = Voice(IVR)


def test_a_call_begins_with_the_emergency_sentence() -> None:
    begin = VOICE.begin(surge=True)
    assert (begin.menu, begin.action) == ("main", "menu")
    assert "危及生命请拨110、120" in begin.prompt


@pytest.mark.parametrize(
    ("menu", "key", "wrong", "then"),
    [
        ("main", "1", 0, ("policy", "menu", 0)),
        ("policy", "5", 0, ("policy", "play", 0)),
        ("main", "2", 0, ("districts", "menu", 0)),
        ("districts", "23", 1, ("districts", "play", 1)),
        ("main", "3", 0, ("main", "person", 0)),
        ("policy", "0", 1, ("policy", "person", 1)),
        ("districts", "0", 0, ("districts", "person", 0)),
        ("main", "9", 0, ("main", "urgent", 0)),
        ("policy", "*", 1, ("policy", "repeat", 1)),
        ("main", "", 0, ("main", "person", 0)),
        ("main", "7", 0, ("main", "wrong", 1)),
        ("main", "7", 1, ("main", "person", 2)),
        ("no longer there", "1", 0, ("no longer there", "person", 0)),
    ],
)
def test_a_key_leads_on(menu: str, key: str, wrong: int, then: tuple[str, str, int]) -> None:
    step = VOICE.step(menu, key, wrong)
    assert (step.menu, step.action, step.wrong_keys) == then
    assert step.prompt


def test_the_menu_is_the_articles() -> None:
    assert len(IVR.menus["policy"].keys) <= 5
    assert len({entry.code for entry in IVR.districts.entries}) == 23
    assert "藁城区" in VOICE.step("districts", "06").prompt


def test_a_key_that_leads_nowhere_is_a_problem() -> None:
    wrong = IVR.model_copy(update={"menus": {"main": Menu(prompt="p", keys={"1": Choice(menu="gone")})}})
    assert wrong.problems() == ["menu main, key 1: no menu 'gone'"]


@pytest.mark.parametrize(
    ("key", "urgent", "text", "lane"),
    [
        ("3", False, "咨询健康码", "normal"),
        ("9", False, "咨询健康码", "urgent"),
        ("", True, "咨询健康码", "urgent"),
        ("", False, "楼上着火了", "urgent"),
    ],
)
def test_the_lane_is_set_at_the_door(key: str, urgent: bool, text: str, lane: str) -> None:
    assert load_lanes(POLICY).lane(key=key, urgent=urgent, text=text) == lane


@pytest.mark.parametrize(("priority", "lane"), [("P0", "urgent"), ("P1", "urgent"), ("P2", "normal"), (None, "normal")])
def test_what_a_person_judges_urgent_has_the_urgent_lane(priority: Priority | None, lane: str) -> None:
    assert load_lanes(POLICY).lane(key="3", urgent=False, text="路灯不亮", priority=priority) == lane


@pytest.mark.parametrize(
    ("dialled", "stored"),
    [
        ("13812341234", "+8613812341234"),
        ("+86 138-1234-1234", "+8613812341234"),
        ("0311-88881234", "+8631188881234"),
        ("88881234", "+8631188881234"),
        ("010 88881234", "+861088881234"),
        ("12345", "0311-12345"),
        ("95588", "0311-95588"),
        ("(0531)12345", "0531-12345"),
        ("010-110", "010-110"),
        ("+14155552671", "+14155552671"),
        ("１３８１２３４１２３４", "+8613812341234"),
        ("138１２３４１２３４", "+8613812341234"),
        ("＋86　138－1234－1234", "+8613812341234"),
        ("１２３４５", "0311-12345"),
        ("（０５３１）１２３４５", "0531-12345"),
        ("96123", "0311-96123"),
    ],
)
def test_numbers_have_one_form(dialled: str, stored: str) -> None:
    assert normal(dialled, "0311") == stored


@pytest.mark.parametrize(
    "dialled", ["abc", "77", "23812341234", "+999123", "1381234", "138", "139", "10138", "12000", "²²²²²²²"]
)
def test_what_is_no_number_is_said_without_repeating_it(dialled: str) -> None:
    with pytest.raises(NoNumber) as caught:
        normal(dialled, "0311")
    assert dialled not in str(caught.value)


def test_a_number_without_area_code_belongs_to_the_city_that_is_called() -> None:
    assert normal("2823456", "0315") == "+863152823456"
    assert normal("12345", "0315") == "0315-12345"
