"""What people do becomes requests to the other services, and what those answer becomes words."""

import pytest

from services.desk.clients import Reply
from shared.events.topics import is_case_id
from tests.unit.desk.test_view import order_of, sheet_of
from tests.unit.desk.world import CALLER, UNIT, World

FORM = {
    "matter": "1", "title": "小区暖气不热", "salutation": "王女士", "when": "昨晚起", "address": "某小区1号楼",
    "cause": "暖气停供", "course": "家中十度", "request_type": "QZ", "caller": "13812341234",
}  # fmt: skip


async def test_a_call_pops_up_only_at_the_agent_who_took_it() -> None:
    world = World()
    old = await world.case("old")
    row = world.store.table.rows[old]
    row["refs"] = [CALLER]
    await world.city.call("1", CALLER, "017")
    async with world.browser("agent", "017") as mine, world.browser("agent", "018") as other:
        mine_text, other_text = (await mine.get("/agent")).text, (await other.get("/agent")).text
    assert "138****1234" in mine_text
    assert row["number"] in mine_text
    assert "case-form" in mine_text
    assert "138****1234" not in other_text
    assert "Waiting for a call" in other_text


async def test_the_form_becomes_a_case_and_the_next_one_is_the_next_matter() -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    async with world.browser("agent") as browser:
        made = await browser.post(f"/agent/calls/{contact}/cases", data=FORM)
        page = (await browser.get("/agent")).text
    asked = world.city.asked[0]
    assert (asked.service, asked.path) == ("intake", f"/contacts/{contact}/cases")
    assert asked.body["key"] == "3"
    assert "起因：暖气停供" in asked.body["text"]
    assert "answer" not in asked.body
    assert "Pickup code" in made.text
    assert made.headers["hx-trigger"] == "desk-done"
    assert 'name="matter" value="2"' in page


async def test_an_answer_on_the_spot_closes_the_case() -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    async with world.browser("agent") as browser:
        without = await browser.post(f"/agent/calls/{contact}/cases", data={**FORM, "on_the_spot": "yes"})
        await browser.post(f"/agent/calls/{contact}/cases", data={**FORM, "on_the_spot": "yes", "answer": "已告知"})
    assert "Please fill in: Answer" in without.text
    (case,) = world.store.table.rows
    assert is_case_id(case)
    assert (await sheet_of(world, case)).state == "CLOSED"


async def test_the_draft_is_on_the_server_without_the_number() -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    async with world.browser("agent") as browser:
        await browser.post(f"/agent/calls/{contact}/draft", data=FORM)
    async with world.browser("agent") as elsewhere:
        page = (await elsewhere.get("/agent")).text
    assert 'value="小区暖气不热"' in page
    assert "家中十度" in page
    assert "13812341234" not in str(world.store.kept)


async def test_what_is_typed_is_not_swapped_away_by_the_same_call() -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    async with world.browser("agent") as browser:
        assert (await browser.get(f"/agent/work?shown={contact}")).status_code == 204
        assert (await browser.get("/agent/work?shown=")).status_code == 200
        done = await browser.post(f"/agent/calls/{contact}/finish")
        assert "Waiting for a call" in (await browser.get("/agent/work?shown=x")).text
    assert "desk-call" in done.headers["hx-trigger"]
    assert world.city.asked[-1].body == {"state": "ready"}


async def test_not_ready_before_the_bulletins_are_acknowledged() -> None:
    world = World()
    refusal = Reply(409, {"reason": "unacknowledged_bulletins", "detail": "b1"})
    world.city.refusals["PUT", "/agents/me/state"] = refusal
    world.city.bulletins = [{"id": "b1", "level": "I", "title": "t", "text": "x", "acknowledged": False}]
    async with world.browser("agent") as browser:
        refused = await browser.post("/agent/state", data={"state": "ready"})
        assert world.store.kept["agents"] == {}
        assert "Acknowledge the level I bulletins" in refused.text
        assert "/agent/bulletins/b1/acknowledge" in (await browser.get("/agent/bulletins")).text
        await browser.post("/agent/bulletins/b1/acknowledge")
        assert "/acknowledge" not in (await browser.get("/agent/bulletins")).text


async def test_attach_and_outbound() -> None:
    world = World()
    case = await world.case()
    contact = await world.city.call("1", CALLER, "017")
    async with world.browser("agent") as browser:
        await browser.post(f"/agent/calls/{contact}/attachments", data={"case_id": case, "text": "还是不热"})
        await browser.post(
            "/agent/outbound",
            data={"case_id": case, "purpose": "department", "callee": UNIT, "result": "promised", "promise": "今晚修"},
        )
        missing = await browser.post("/agent/outbound", data={"case_id": case})
    paths = [(ask.method, ask.path, ask.body["case_id"]) for ask in world.city.asked]
    assert paths == [("POST", f"/contacts/{contact}/attachments", case), ("POST", "/calls/outbound", case)]
    assert "promise_due" not in world.city.asked[1].body
    assert "Please fill in: Purpose" in missing.text


async def test_a_unit_signs_many_at_once_and_answers() -> None:
    world = World()
    cases = [await world.case(name) for name in "abc"]
    pairs = [f"{case}/{order_of(case)}" for case in cases]
    async with world.browser(f"unit:{UNIT}", "x") as browser:
        done = await browser.post("/inbox/sign", data={"order": pairs, "key": "k"})
        none = await browser.post("/inbox/sign", data={"key": "k"})
        answer = {"order": order_of(cases[0]), "public_answer": "已修复", "solved": "yes", "key": "k2"}
        await browser.post(f"/cases/{cases[0]}/commands/answer", data=answer)
    assert "3 signed" in done.text
    assert "Mark at least one order" in none.text
    assert len({ask.key for ask in world.city.asked}) == 4
    assert [(await sheet_of(world, case)).state for case in cases] == ["PENDING_AUDIT", "HANDLING", "HANDLING"]


@pytest.mark.parametrize(
    ("verb", "form", "field"),
    [
        ("ask_return", {"order": "o", "reason": "r"}, "Legal basis"),
        ("answer", {"order": "o"}, "Answer to the citizen"),
        ("note", {}, "Note"),
    ],
)
async def test_empty_fields_are_named_and_nothing_is_sent(verb: str, form: dict[str, str], field: str) -> None:
    world = World()
    case = await world.case()
    async with world.browser(f"unit:{UNIT}") as browser:
        answer = await browser.post(f"/cases/{case}/commands/{verb}", data=form)
    assert "Please fill in" in answer.text
    assert world.city.asked == [], field


async def test_refusals_lateness_and_absence_are_words() -> None:
    world = World()
    case = await world.case()
    path = f"/cases/{case}/commands/close"
    form = {"reason": "r", "key": "k"}
    async with world.browser("supervisor") as browser:
        world.city.refusals["POST", path] = Reply(409, {"reason": "orders_open", "detail": "d"})
        refused = (await browser.post(path, data=form)).text
        world.city.refusals["POST", path] = Reply(202, {"command": "c7", "outcome": "/x"})
        late = (await browser.post(path, data=form)).text
        world.city.refusals["GET", f"/cases/{case}/commands/c7"] = Reply(404, {"reason": "not_decided"})
        still = (await browser.get(f"/cases/{case}/outcomes/c7")).text
        world.city.away = {"dispatch"}
        away = (await browser.post(path, data=form)).text
        unknown = await browser.post(f"/cases/{case}/commands/explode", data=form)
    assert "Work orders are open" in refused
    assert f"/cases/{case}/outcomes/c7" in late
    assert f"/cases/{case}/outcomes/c7" in still
    assert "dispatch does not answer" in away
    assert unknown.status_code == 422


async def test_without_the_other_services_the_pages_say_so_and_work() -> None:
    world = World()
    world.city.away = {"knowledge", "reports", "intake"}
    async with world.browser("agent") as agent, world.browser("officer") as officer:
        assert "knowledge does not answer" in (await agent.get("/agent/bulletins")).text
        assert "knowledge does not answer" in (await agent.get("/agent/knowledge?q=x")).text
        assert "intake does not answer" in (await agent.post("/agent/state", data={"state": "ready"})).text
        office = await officer.get("/office")
        report = await officer.get("/office/reports/daily/2021-01-13.pdf")
    assert "reports does not answer" in office.text
    assert (office.status_code, report.status_code) == (200, 503)


async def test_a_report_is_shown_sealed_off() -> None:
    world = World()
    async with world.browser("officer") as browser:
        page = await browser.get("/office/reports/daily/2021-01-13.html")
        pdf = await browser.get("/office/reports/daily/2021-01-13.pdf")
        odd = await browser.get("/office/reports/daily/..%2Fx.html")
    assert "sandbox" in page.headers["content-security-policy"]
    assert "script-src" not in page.headers["content-security-policy"]
    assert pdf.headers["content-type"] == "application/pdf"
    assert odd.status_code == 404


async def test_surge_needs_a_reason_an_end_and_a_supervisor() -> None:
    world = World()
    form = {"on": "yes", "why": "防疫通告", "until": "2021-01-14T08:00"}
    async with world.browser("supervisor") as browser, world.browser("auditor") as auditor:
        assert "Please fill in: Until" in (await browser.post("/supervisor/surge", data={**form, "until": ""})).text
        await browser.post("/supervisor/surge", data=form)
        assert "防疫通告" in (await browser.get("/supervisor/surge")).text
        assert (await auditor.post("/supervisor/surge", data=form)).status_code == 403
    assert world.city.surge == {"on": True, "why": "防疫通告", "until": "2021-01-14T08:00:00+08:00"}


async def test_without_a_typed_number_the_answer_goes_to_that_of_the_call() -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    async with world.browser("agent", "017") as browser:
        await browser.post(f"/agent/calls/{contact}/cases", data={**FORM, "caller": ""})
        await browser.post(f"/agent/calls/{contact}/cases", data={**FORM, "matter": "2", "caller": "13812340000"})
    unnamed, named = [ask.body for ask in world.city.asked if ask.path.endswith("/cases")]
    assert "caller" not in unnamed
    assert unnamed["sealed_caller"] == f"k1.{CALLER}"
    assert "sealed_caller" not in named
    assert named["caller"] == "13812340000"
