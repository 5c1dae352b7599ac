"""What a partner says stands on the case's page in words, not in codes."""

import pytest

from shared.events import cases as e
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
