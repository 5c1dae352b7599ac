"""What a partner says stands on the case's page in words, not in codes."""

from typing import Any

import pytest

from services.desk.domain.forms import command_body
from shared.events import cases as e
from tests.factories import START
from tests.unit.desk.world import World


@pytest.mark.parametrize(
    ("lang", "reason", "words"),
    [
        ("en", "unknown_partner", "no connection to this partner"),
        ("zh-CN", "not_local", "不属本地"),
        ("zh-CN", "invalid", "格式有误"),
        ("en", "its_own_code", "its_own_code"),
    ],
)
async def test_why_a_transfer_was_refused(lang: str, reason: str, words: str) -> None:
    world = World()
    case = await world.case()
    await world.city.tell(case, e.TransferRefused(transfer="t1", target="130200", reason=reason, text=""))
    async with world.browser("supervisor", lang=lang) as browser:
        page = (await browser.get(f"/cases/{case}")).text
    assert f": {words}</span>" in page


async def test_a_supervisor_ends_a_transfer_once_the_partner_missed_a_deadline() -> None:
    world = World()
    case = await world.case()
    about: Any = {"transfer": "t1", "target": "130200"}
    await world.city.tell(case, e.TransferAccepted(number="TS-1", **about))
    late = e.TransferUnacknowledged(clock="result", due=START, **about)
    said = {"transfer": "t1", "text": "已协调放行", "key": "k"}
    async with world.browser("supervisor") as chief, world.browser("dispatcher") as other:
        before = (await chief.get(f"/cases/{case}")).text
        await world.city.tell(case, late)
        after, others = (await chief.get(f"/cases/{case}")).text, (await other.get(f"/cases/{case}")).text
        await world.city.tell(case, e.TransferRefused(reason="no_answer", text="", **about))
        over = (await chief.get(f"/cases/{case}")).text
    assert ["end_transfer" in text for text in (before, after, others, over)] == [False, True, False, False]
    for decision, outcome in (("answered", "completed"), ("taken_back", "refused")):
        body = command_body("end_transfer", {**said, "decision": decision})
        assert body == {"transfer": "t1", "outcome": outcome, "text": "已协调放行"}
