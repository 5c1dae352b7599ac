"""Nothing is decided by not choosing: what a person judges or says of the result has no answer filled in."""

import re

import pytest

from services.desk.domain.forms import Incomplete, command_body
from tests.unit.desk.test_view import order_of
from tests.unit.desk.world import UNIT, World

FILLED = {"order": "o1", "supervision": "s1", "public_answer": "已修复", "unit": UNIT, "reason": "r", "text": "t"}


@pytest.mark.parametrize(
    ("verb", "field"),
    [("answer", "solved"), ("follow_up", "solved"), ("audit", "decision"), ("judge_return", "decision"),
     ("judge_extension", "decision"), ("judge_supervision", "decision"), ("report_contact", "reached")],
)  # fmt: skip
def test_a_choice_that_was_not_made_is_asked_for(verb: str, field: str) -> None:
    with pytest.raises(Incomplete) as missing:
        command_body(verb, FILLED)
    assert missing.value.field == field


async def test_no_choice_is_made_beforehand_and_the_page_says_what_is_missing() -> None:
    world = World()
    case = await world.case()
    async with world.browser(f"unit:{UNIT}", UNIT) as browser:
        await browser.post(f"/cases/{case}/commands/sign", data={"order": order_of(case), "key": "k1"})
        page = (await browser.get(f"/cases/{case}")).text
        answer = {"order": order_of(case), "public_answer": "已修复", "key": "k2"}
        refused = await browser.post(f"/cases/{case}/commands/answer", data=answer)
    choices = re.findall(r'<input type="radio" name="(?:solved|decision)"[^>]*>', page)
    assert choices
    assert not any("checked" in one for one in choices)
    assert "Please fill in: Solved" in refused.text
    assert [ask.path for ask in world.city.asked if ask.path.endswith("/answer")] == []


async def test_no_partner_city_is_chosen_beforehand() -> None:
    world = World()
    case = await world.case(topic="99")
    async with world.browser("dispatcher") as browser:
        page = (await browser.get(f"/cases/{case}")).text
    assert re.search(r'<select [^>]*name="target" required><option value="">', page)
