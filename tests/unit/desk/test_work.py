"""What waits for a person beside the telephone is on one page; replies that no machine can tell are settled by hand."""

from typing import Any

from shared.events import cases as e
from shared.ids import derive
from tests.unit.desk.test_view import REPORTER, order_of, sheet_of, walk
from tests.unit.desk.world import UNIT, World


def debt(case: str, obligation: str, state: str) -> dict[str, Any]:
    return {
        "case": case, "obligation": obligation, "kind": "reply", "number": "SJZ-20210113-000001",
        "reporter": "138****1234", "state": state, "attempt": 3, "sent_at": None, "how": "", "proof": "",
    }  # fmt: skip


async def waiting(world: World, name: str = "a") -> tuple[str, str]:
    """A case whose answer nobody could tell, and the obligation."""
    case = await world.case(name)
    obligation = derive("obligation", case, (await sheet_of(world, case)).contacts[0].id)
    order = order_of(case)
    answered = e.WorkOrderAnswered(order=order, unit=UNIT, public_answer="已恢复", internal="", solved=True)
    owed = e.ReplyOwed(obligation=obligation, number="n", reporter=REPORTER, answer="已恢复")
    await walk(world, case, e.WorkOrderSigned(order=order, unit=UNIT), answered)
    await walk(world, case, e.WorkOrderDone(order=order, unit=UNIT), owed)
    return case, obligation


async def test_a_person_settles_a_reply_that_no_machine_can_tell() -> None:
    world = World()
    case, obligation = await waiting(world)
    world.city.debts = [debt(case, obligation, "unknown"), debt(case, "other", "sending")]
    path = f"/obligations/{case}/{obligation}/settle"
    async with world.browser("agent") as browser:
        assert f"/cases/{case}/replies" in (await browser.get(f"/cases/{case}")).text
        shown = (await browser.get(f"/cases/{case}/replies")).text
        at = f"/cases/{case}/replies/{obligation}"
        unsaid = await browser.post(at, data={"proof": "call 7", "key": "k"})
        done = await browser.post(at, data={"how": "person", "proof": "call 7", "key": "k"})
    assert shown.count("<form") == 1
    assert f'hx-post="{at}"' in shown
    assert ("Please fill in: How" in unsaid.text, "Done" in done.text) == (True, True)
    sent = [ask for ask in world.city.asked if ask.method == "POST"]
    assert [(ask.path, ask.body, ask.key) for ask in sent] == [(path, {"how": "person", "proof": "call 7"}, "k")]
    async with world.browser("auditor") as browser:
        assert "<form" not in (await browser.get(f"/cases/{case}/replies")).text
        assert (await browser.post(at, data={"how": "person", "proof": "p"})).status_code == 403


async def test_my_work_shows_kept_cases_open_replies_and_what_is_to_be_completed_or_asked() -> None:
    world = World()
    kept, (told, obligation) = await world.case("k"), await waiting(world)
    asked = await world.case("s", topic="99")
    await walk(world, asked, e.CaseSupplementAsked(text="门牌号？"))
    world.city.kept, world.city.debts = [kept], [debt(told, obligation, "unknown"), debt(told, "other", "sending")]
    async with world.browser("agent") as browser:
        page = (await browser.get("/work")).text
    numbers = [(await sheet_of(world, case)).number for case in (kept, asked)]
    parts = page.split("<section")
    assert numbers[0] in parts[1]
    assert f"/cases/{told}" in parts[2]
    assert numbers[1] in parts[3]
    mine = [ask.query for ask in world.city.asked if ask.path == "/cases"]
    assert [query["keeper"] for query in mine] == ["017"]


async def test_a_service_that_is_away_is_said_to_be() -> None:
    world = World()
    world.city.away = {"dispatch", "notify"}
    async with world.browser("agent") as browser:
        page = await browser.get("/work")
    assert (page.status_code, page.text.count('class="note"')) == (200, 3)
