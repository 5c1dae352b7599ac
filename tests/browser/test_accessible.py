"""Each page without serious findings of axe, in both languages, and with everything reachable by keyboard."""

from functools import partial
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from shared.events import cases as e
from tests.browser.conftest import People, Running, still, visit
from tests.unit.desk.test_view import order_of
from tests.unit.desk.test_work import debt, waiting
from tests.unit.desk.world import CALLER, OTHER, UNIT, code_of

PAGES = [
    ("agent", "/agent"),
    ("agent", "/work"),
    ("agent", "/cases/{told}"),
    ("dispatcher", "/lists/dispatch"),
    (f"unit:{UNIT}", "/inbox"),
    ("supervisor", "/supervisor"),
    ("supervisor", "/board"),
    ("officer", "/office"),
    ("operator", "/audit"),
    ("supervisor", "/cases/{case}"),
    ("dispatcher", "/cases/{pending}"),
    (f"unit:{UNIT}", "/cases/{case}"),
    ("agent", "/cases/{case}"),
    ("", "/citizen"),
    ("", "/sign-in"),
]


def furnish(desk: Running) -> dict[str, str]:
    """Rows in every list; ids of a case at work and of one that waits for dispatch."""
    world = desk.world
    case = desk.do(lambda: world.case("a"))
    pending = desk.do(lambda: world.case("b", topic="99", request_type="JB", title="举报工地夜间违规施工"))
    asked = desk.do(lambda: world.case("c", title="路灯不亮影响出行"))
    fed = desk.do(lambda: world.case("d", title="下水道堵塞返味"))
    order = order_of(fed)
    asked_return = e.WorkOrderReturnAsked(
        order=order_of(asked), unit=UNIT, reason="不属本单位职责", basis="三定方案", proposed_unit=OTHER
    )
    answered = e.WorkOrderAnswered(order=order, unit=UNIT, public_answer="已疏通管道", internal="", solved=True)
    desk.do(partial(world.city.tell, asked, asked_return))
    desk.do(partial(world.city.tell, fed, e.WorkOrderSigned(order=order, unit=UNIT)))
    desk.do(partial(world.city.tell, fed, answered))
    for name in ("left", "1"):
        desk.do(partial(world.city.call, name, CALLER, "017"))
    for n in range(3):
        desk.do(partial(world.city.call, f"w{n}", f"+861381234000{n}"))
    for name, state in (("017", "ready"), ("018", "busy"), ("019", "wrap_up")):
        desk.do(partial(world.store.put, "agents", name, {"state": state, "since": world.clock.now()}))
    world.city.issues = ["2021-01-12"]
    world.city.bulletins = [{"id": "b1", "level": "I", "title": "封控调整", "text": "凭证通行", "acknowledged": False}]
    told, obligation = desk.do(lambda: waiting(world, "e"))
    world.city.kept, world.city.debts = [case, asked], [debt(told, obligation, "unknown")]
    return {"case": case, "pending": pending, "told": told}


def serious(page: Page) -> list[tuple[str, Any]]:
    found = Axe().run(page).response["violations"]
    return [
        (one["id"], [node["html"][:200] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_axe_finds_nothing_serious(desk: Running, people: People, lang: str) -> None:
    ids = furnish(desk)
    for role, path in PAGES:
        page = people.page(role, "017", lang)
        visit(page, desk.url + path.format(**ids))
        still(page)
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        assert serious(page) == [], (role, path)
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, (role, path)
        page.context.close()


def test_the_citizens_page_fits_a_phone(desk: Running, people: People) -> None:
    furnish(desk)
    page = people.page(phone=True)
    visit(page, f"{desk.url}/citizen")
    page.get_by_label("诉求编号").fill("SJZ-20210113-000001")
    page.get_by_label("查询码").fill(code_of("a"))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="SJZ-20210113-000001").wait_for()
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(("role", "path"), PAGES)
def test_tab_reaches_every_control(desk: Running, people: People, role: str, path: str) -> None:
    ids = furnish(desk)
    page = people.page(role)
    visit(page, desk.url + path.format(**ids))
    still(page)
    wanted = page.evaluate(
        """[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
        .filter((one) => one.checkVisibility() && !(one.type === "radio" && !one.checked)).length"""
    )
    reached = page.evaluate("new Set()") or set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("""(() => {
            const all = [...document.querySelectorAll("*")];
            return all.indexOf(document.activeElement);
        })()"""))  # fmt: skip
    assert len(reached - {-1}) >= wanted


@pytest.mark.parametrize(
    ("role", "path", "name"),
    [
        ("supervisor", "/supervisor", "supervisor"),
        ("supervisor", "/board", "board"),
        ("officer", "/office", "office"),
        ("operator", "/audit", "audit"),
        ("dispatcher", "/cases/{pending}", "case_to_dispatch"),
        ("", "/sign-in", "sign_in"),
    ],
)
def test_pages_have_their_heading_and_picture(desk: Running, people: People, role: str, path: str, name: str) -> None:
    ids = furnish(desk)
    page = people.page(role)
    visit(page, desk.url + path.format(**ids))
    assert page.locator("h1").count() == 1
    people.picture(page, name)
