"""Written supervisions from the supervisor to the unit and back, their lists, and the ladder's notices."""

import re

from services.desk.store import Wanted
from tests.unit.desk.test_view import order_of, sheet_of
from tests.unit.desk.world import OTHER, UNIT, World

KEY = {"key": "k"}


async def test_a_supervision_is_issued_answered_sent_back_and_closed() -> None:
    world = World()
    case = await world.case()
    path = f"/cases/{case}/commands"
    async with world.browser("supervisor") as chief, world.browser(f"unit:{UNIT}") as unit:
        await chief.post(f"{path}/supervise", data={"reason": "群体诉求", "order": order_of(case), **KEY})
        assert "answer_supervision" in (await unit.get(f"/cases/{case}")).text
        assert "SJZ-20210113-000001" in (await chief.get("/supervisor/lists")).text.split('id="list-supervised"')[1]
        await unit.post(f"{path}/answer_supervision", data={"supervision": "s1", "text": "已派人", **KEY})
        assert await world.store.count(Wanted(supervised=("ANSWERED",))) == 1
        unsaid = await chief.post(f"{path}/judge_supervision", data={"supervision": "s1", "decision": "send_back"})
        back = {"supervision": "s1", "decision": "send_back", "text": "不够具体"}
        await chief.post(f"{path}/judge_supervision", data={**back, **KEY})
        assert (await sheet_of(world, case)).supervisions[0].state == "ISSUED"
        await unit.post(f"{path}/answer_supervision", data={"supervision": "s1", "text": "今晚恢复", **KEY})
        await chief.post(f"{path}/judge_supervision", data={"supervision": "s1", "decision": "pass", **KEY})
        text = (await chief.get(f"/cases/{case}")).text
    assert "Please fill in" in unsaid.text
    assert "closed" in text
    assert await world.store.count(Wanted(supervised=("ISSUED", "ANSWERED"))) == 0


async def test_a_supervision_that_nobody_can_answer_is_closed_with_the_reason() -> None:
    world = World()
    case = await world.case()
    path = f"/cases/{case}/commands"
    async with world.browser("supervisor") as chief:
        await chief.post(f"{path}/supervise", data={"reason": "群体诉求", "order": order_of(case), **KEY})
        page = (await chief.get(f"/cases/{case}")).text
        await chief.post(f"{path}/judge_supervision", data=_closing(page))
        state = (await sheet_of(world, case)).supervisions[0].state
    assert state == "CLOSED"
    assert 'value="send_back"' not in page.split("judge_supervision")[1].split("</form>")[0], "there is no report"


def _closing(page: str) -> dict[str, str]:
    """What the form on the page sends, with a reason."""
    form = page.split("commands/judge_supervision")[1].split("</form>")[0]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    return {**hidden, "text": "退回后另行督办"}


async def test_only_supervisors_issue_and_only_the_supervised_unit_answers() -> None:
    world = World()
    case = await world.case()
    await world.city.issue(case, OTHER, "supporting")
    async with world.browser("dispatcher") as dispatcher:
        assert "commands/supervise" not in (await dispatcher.get(f"/cases/{case}")).text
    async with world.browser("supervisor") as chief:
        await chief.post(f"/cases/{case}/commands/supervise", data={"reason": "r", "order": order_of(case), **KEY})
    async with world.browser(f"unit:{UNIT}") as mine, world.browser(f"unit:{OTHER}") as other:
        assert "SJZ-D1" in (await mine.get(f"/cases/{case}")).text
        assert "SJZ-20210113-000001" in (await mine.get("/inbox?tab=supervised")).text
        assert "SJZ-D1" not in (await other.get(f"/cases/{case}")).text
        assert "SJZ-20210113-000001" not in (await other.get("/inbox?tab=supervised")).text


async def test_notices_name_their_cases_by_number() -> None:
    world = World()
    case = await world.case()
    about = {"role": "supervisor", "unit": UNIT, "channel": "desk", "rung": "urge", "clock": "resolve"}
    world.city.notices = [{**about, "since": "2021-01-13T04:00:00Z", "count": 30, "cases": [case, "N-unread"]}]
    async with world.browser("supervisor") as browser:
        text = (await browser.get("/supervisor/notices")).text
        world.city.away = {"sla"}
        away = (await browser.get("/supervisor/notices")).text
    assert all(one in text for one in ("01-13 12:00", "Urged", "SJZ-20210113-000001", "30"))
    assert "N-unread" not in text
    assert "deadlines does not answer" in away
