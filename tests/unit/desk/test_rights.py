"""Who sees what: units their own, reports of misconduct an alias, every view on record."""

import re

import pytest
from msgspec import Struct

from services.desk.domain.forms import _BODIES
from services.desk.domain.rights import FORMS
from services.desk.render import load_words
from services.desk.store import View
from shared.events import cases as e
from shared.events.commands import Reporter
from shared.moves import door_roles
from tests.factories import START
from tests.unit.desk.test_view import order_of
from tests.unit.desk.world import OTHER, UNIT, World

STAFF = ["agent", "dispatcher", "auditor", "supervisor"]


@pytest.mark.parametrize("role", [*STAFF, f"unit:{UNIT}"])
async def test_a_case_is_shown_masked_and_the_view_recorded(role: str) -> None:
    world = World()
    case = await world.case()
    async with world.browser(role) as browser:
        page = await browser.get(f"/cases/{case}")
        number = await browser.get(f"/cases?number={world.store.seen[0].number}")
    assert (page.status_code, number.status_code) == (200, 200)
    assert "138****1234" in page.text
    for secret in ("k1.", "ref-1"):
        assert secret not in page.text
    assert [(view.who, view.role, view.what, view.case) for view in world.store.seen] == [
        ("017", role, "page", case),
        ("017", role, "page", case),
    ]


@pytest.mark.parametrize("role", ["officer", "operator", "editor"])
async def test_others_see_no_case(role: str) -> None:
    world = World()
    case = await world.case()
    async with world.browser(role) as browser:
        assert (await browser.get(f"/cases/{case}")).status_code == 403
    assert world.store.seen == []


async def test_a_unit_sees_its_own_cases_and_its_own_part_of_them() -> None:
    world = World()
    case, hidden = await world.case("a"), await world.case("b")
    await world.city.issue(case, OTHER, "supporting")
    other_order = order_of(case, OTHER)
    await world.city.tell(case, e.WorkOrderSigned(order=other_order, unit=OTHER))
    await world.city.tell(
        case, e.WorkOrderAnswered(order=other_order, unit=OTHER, public_answer="p", internal="内部机密", solved=True)
    )
    async with world.browser(f"unit:{UNIT}") as own, world.browser(f"unit:{OTHER}") as other:
        mine, theirs = (await own.get(f"/cases/{case}")).text, (await other.get(f"/cases/{case}")).text
        assert (await other.get(f"/cases/{hidden}")).status_code == 404
        assert (await other.post(f"/cases/{hidden}/commands/note", data={"text": "x"})).status_code == 404
        listed = (await other.get("/inbox?tab=waiting")).text
    assert "内部机密" in theirs
    assert "内部机密" not in mine
    assert listed.count("SJZ-") >= 1
    assert hidden not in listed


async def test_who_reported_misconduct_is_an_alias() -> None:
    world = World()
    case = await world.case(request_type="JB")
    path = f"/cases/{case}/reveal"
    async with world.browser("dispatcher") as browser, world.browser(f"unit:{UNIT}") as unit:
        for one in (browser, unit):
            assert "138****1234" not in (await one.get(f"/cases/{case}")).text
            assert (await one.post(path, data={"why": "核实举报线索"})).status_code == 403


TOLD = "来电人：李建国 在该站上班\n时间：今早\n起因：站长收钱放行"


@pytest.mark.parametrize("role", [*STAFF, f"unit:{UNIT}"])
async def test_nobody_reads_the_name_of_who_reported_misconduct(role: str) -> None:
    world = World()
    case, ordinary = await world.case("a", request_type="JB", text=TOLD), await world.case("b", text=TOLD)
    for event in (
        e.ContactAttached(reporter=Reporter(contact_id="c9"), text=TOLD, obligation=""),
        e.CaseSupplemented(text=TOLD, address="", area="", topic=""),
        e.CaseNoted(text=TOLD),
    ):
        await world.city.tell(case, event, role)
    async with world.browser(role) as browser:
        secret, other = (await browser.get(f"/cases/{case}")).text, (await browser.get(f"/cases/{ordinary}")).text
    assert secret.count("站长收钱放行") == 5
    assert "李建国" not in secret
    assert "李建国" in other


async def test_a_case_that_becomes_a_report_of_misconduct_hides_who_reported_it() -> None:
    world = World()
    case = await world.case(text=TOLD)
    regraded = e.CaseRegraded(priority="P2", request_type="JB", topic="", reason="举报")
    await world.city.tell(case, regraded)
    async with world.browser("supervisor") as browser:
        assert "李建国" not in (await browser.get(f"/cases/{case}")).text


async def test_who_called_is_no_word_by_which_a_case_is_found() -> None:
    world = World()
    case = await world.case(request_type="JB", text=TOLD)
    words = world.store.table.rows[case]["words"]
    assert "站长" in words
    assert "李建国" not in words


INNER: tuple[tuple[Struct, str, bool], ...] = (
    (e.CaseNoted(text="拟约谈其局长"), "supervisor:s1", False),
    (e.CaseNoted(text="拟约谈其局长", purpose="reach_unit", callee=OTHER), "supervisor:s1", False),
    (e.CaseNoted(text="现场照片已存", purpose=None), f"unit:{UNIT}", True),
    (e.CaseKept(keeper="018", note="内部交接"), "agent:017", False),
    (e.CaseSupplementAsked(text="请问清楚楼号"), "dispatcher:d1", False),
    (e.CaseDispatched(rule="person", why="routing reason", policy_version="v", units=(UNIT,)), "dispatcher:d1", False),
    (e.TransferCompleted(transfer="t", target="130200", number="TS-1", text="外市答复"), "service:transfer", False),
    (e.MergeAsked(merge="m", target="N-1", kind="merge", reason="疑似同一事", number="", reporters=()), "", False),
    (e.ContactAttached(reporter=Reporter(contact_id="c"), text="市民补充：夜里更冷", obligation=""), "", True),
    (e.CaseParked(reason="等待材料", review_at=START), "supervisor:s1", True),
    (e.CaseReopened(cycle=2, reason="仍未解决", obligations=()), "supervisor:s1", True),
)


@pytest.mark.parametrize(("event", "actor", "seen"), INNER)
async def test_a_unit_sees_what_concerns_it_and_the_centre_everything(event: Struct, actor: str, seen: bool) -> None:
    world = World()
    case = await world.case()
    await world.city.tell(case, event, actor)
    words = load_words("en")["event." + e.CASES.type_of(event).removesuffix(".v1")]
    async with world.browser(f"unit:{UNIT}") as unit, world.browser("supervisor") as centre:
        own, all_of_it = [(await one.get(f"/cases/{case}")).text for one in (unit, centre)]
    lines = [page.split("timeline-title")[-1].count(f"<strong>{words}</strong>") for page in (own, all_of_it)]
    before = int(isinstance(event, e.CaseDispatched))
    assert lines == [int(seen), 1 + before]


async def test_a_unit_sees_a_call_to_itself_without_the_remark() -> None:
    world = World()
    case = await world.case()
    call = e.CaseNoted(text="多次推诿", purpose="reach_unit", callee=UNIT, result="promised", promise="今晚修复")
    await world.city.tell(case, call, "agent:017")
    async with world.browser(f"unit:{UNIT}") as unit:
        page = (await unit.get(f"/cases/{case}")).text
    assert "今晚修复" in page
    assert "多次推诿" not in page


async def test_the_operator_reads_who_looked_and_nothing_of_the_case() -> None:
    world = World()
    case = await world.case()
    async with world.browser("supervisor") as browser:
        await browser.get(f"/cases/{case}")
        assert (await browser.get("/audit")).status_code == 403
    async with world.browser("operator", "op") as browser:
        page, rows = await browser.get(f"/audit?case={case}"), (await browser.get("/audit.json")).json()["items"]
    assert "暖气" not in page.text
    assert "Supervisor" in page.text
    assert [(row["who"], row["what"], row["case"]) for row in rows] == [("017", "page", case)]


async def test_the_operator_names_a_case_by_its_number_or_id() -> None:
    world = World()
    case, _ = await world.case("a"), await world.case("b")
    async with world.browser("supervisor") as browser:
        await browser.get(f"/cases/{case}")
    async with world.browser("operator", "op") as browser:
        for named in (case, "SJZ-20210113-000001", " sjz-20210113-000001 "):
            assert "Supervisor" in (await browser.get("/audit", params={"case": named})).text
            found = (await browser.get("/audit.json", params={"case": named})).json()["items"]
            assert [row["case"] for row in found] == [case]
        unseen = (await browser.get("/audit?case=SJZ-20210113-000002")).text
        unknown = (await browser.get("/audit?case=SJZ-20210113-000009")).text
        refused = await browser.get("/audit.json?case=SJZ-20210113-000009", headers={"Accept": "application/json"})
    assert ("Nothing recorded" in unseen, "There is no such case" in unseen) == (True, False)
    assert ("Nothing recorded" in unknown, "There is no such case" in unknown) == (False, True)
    assert (refused.status_code, refused.json()["reason"]) == (404, "no_such_case")


@pytest.mark.parametrize(("looks", "said"), [(200, False), (201, True)])
async def test_the_audit_says_when_it_shows_the_newest_looks_alone(looks: int, said: bool) -> None:
    world = World()
    view = View(who="017", role="agent", what="page", case="c", number="n", at=world.clock.now())
    world.store.seen = [view] * looks
    async with world.browser("operator", "op") as browser:
        page = (await browser.get("/audit")).text
    assert (page.count("<td>017</td>"), "Only the newest 200" in page) == (200, said)


@pytest.mark.parametrize(
    ("role", "verbs"),
    [
        (f"unit:{UNIT}", ["sign", "ask_return", "report_contact", "note"]),
        ("agent", ["merge_into", "link", "ask_transfer", "withdraw", "keep", "note"]),
        ("auditor", ["merge_into", "link", "regrade", "note"]),
    ],
)
async def test_actions_are_those_the_role_has_now(role: str, verbs: list[str]) -> None:
    world = World()
    case = await world.case()
    async with world.browser(role) as browser:
        text = (await browser.get(f"/cases/{case}")).text
    assert re.findall(r"/commands/(\w+)", text) == verbs


@pytest.mark.parametrize(
    ("step", "role", "verb"),
    [
        ("return_asked", "supervisor", "judge_return"),
        ("answered", "auditor", "audit"),
        ("signed", f"unit:{UNIT}", "answer"),
        ("closed", "supervisor", "reopen"),
    ],
)
async def test_actions_follow_the_state(step: str, role: str, verb: str) -> None:
    world = World()
    case = await world.case()
    order = order_of(case)
    event = {
        "return_asked": e.WorkOrderReturnAsked(order=order, unit=UNIT, reason="r", basis="b", proposed_unit=OTHER),
        "answered": e.WorkOrderAnswered(order=order, unit=UNIT, public_answer="p", internal="", solved=True),
        "signed": e.WorkOrderSigned(order=order, unit=UNIT),
        "closed": e.CaseClosed(reason="r"),
    }[step]
    await world.city.tell(case, event)
    async with world.browser(role) as browser:
        assert f"/commands/{verb}" in (await browser.get(f"/cases/{case}")).text


def test_every_command_that_is_offered_has_a_form() -> None:
    assert set(FORMS) == set(_BODIES)
    assert set(FORMS) <= set(door_roles())
