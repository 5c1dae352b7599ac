"""What happens between a page and its stream: each page is told once to fetch what it may have missed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from services.desk.pages_inbox import PAGE
from shared.events import cases as e
from tests.browser.conftest import People, Running, follow, settled, visit
from tests.unit.desk.test_view import order_of
from tests.unit.desk.world import CALLER, UNIT

COUNTED = "addEventListener('desk-resync', () => (window.resyncs = (window.resyncs || 0) + 1), true)"


def late(source: Callable[..., AsyncIterator[Any]], begun: asyncio.Event) -> Callable[..., AsyncIterator[Any]]:
    async def held(*about: object) -> AsyncIterator[Any]:
        await begun.wait()
        async for one in source(*about):
            yield one

    return held


@pytest.fixture(params=["stream", "store"])
def begin(desk: Running, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Callable[[], None]:
    """Until it is called no stream begins, or none can be told yet what is written."""
    begun, world = asyncio.Event(), desk.world
    whose, name = {"stream": (world.hub, "events"), "store": (world.store, "changes")}[request.param]
    monkeypatch.setattr(whose, name, late(getattr(whose, name), begun))

    async def let() -> None:
        begun.set()

    return partial(desk.do, let)


def warn(desk: Running, case: str) -> None:
    """News that the page of a case shows as 临期提醒."""
    due = desk.world.clock.now()
    warned = e.DeadlineWarned(clock="resolve", order=order_of(case), unit=UNIT, due=due)
    desk.do(lambda: desk.world.city.tell(case, warned))


def unfold_note(page: Page) -> None:
    page.locator("summary").get_by_text("备注", exact=True).click()


def test_a_call_that_rings_before_the_stream_begins_is_shown(
    desk: Running, people: People, begin: Callable[[], None]
) -> None:
    page = people.page("agent")
    page.add_init_script(COUNTED)
    page.goto(f"{desk.url}/agent")
    expect(page.get_by_text("等待来电")).to_be_visible()
    desk.do(lambda: desk.world.city.call("1", CALLER, "017"))
    begin()
    expect(page.locator("#caller")).to_contain_text("138****1234")
    settled(page)
    assert page.evaluate("window.resyncs") == 1


def test_a_tab_that_joins_an_open_stream_is_told_what_it_missed(desk: Running, people: People) -> None:
    first = people.page("agent")
    first.add_init_script(COUNTED)
    visit(first, f"{desk.url}/agent")
    second, held = people.beside(first), list[Route]()
    second.add_init_script(COUNTED)
    second.route("**/static/live.js", lambda route: held.append(route))
    with second.expect_request("**/static/live.js"):
        second.goto(f"{desk.url}/agent", wait_until="commit")
    desk.do(lambda: desk.world.city.call("1", CALLER, "017"))
    expect(first.locator("#caller")).to_contain_text("138****1234")
    expect(second.get_by_text("等待来电")).to_be_visible()
    held[0].continue_()
    expect(second.locator("#caller")).to_contain_text("138****1234")
    for tab in (first, second):
        assert tab.evaluate("window.resyncs") == 1


def test_what_somebody_opened_and_where_he_is_outlast_what_he_missed(
    desk: Running, people: People, begin: Callable[[], None]
) -> None:
    case = desk.do(lambda: desk.world.case())
    page = people.page("supervisor")
    page.goto(f"{desk.url}/cases/{case}")
    unfold_note(page)
    warn(desk, case)
    begin()
    expect(page.locator("#sheet")).to_contain_text("临期提醒")
    expect(page.locator("textarea[name=text]")).to_be_visible()
    expect(page.locator("summary").get_by_text("备注", exact=True)).to_be_focused()


def test_what_somebody_typed_stays_and_he_is_told_only_of_news(
    desk: Running, people: People, begin: Callable[[], None]
) -> None:
    cases = desk.do(lambda: desk.world.case("a")), desk.do(lambda: desk.world.case("b"))
    page, other = people.page("supervisor"), people.page("supervisor", "018")
    for one, case in zip((page, other), cases, strict=True):
        one.goto(f"{desk.url}/cases/{case}")
        unfold_note(one)
        one.locator("textarea[name=text]").fill("已电话催办")
    warn(desk, cases[0])
    begin()
    expect(page.locator("#changed")).to_be_visible()
    settled(other)
    expect(other.locator("#changed")).to_be_hidden()
    for one in (page, other):
        expect(one.locator("textarea[name=text]")).to_have_value("已电话催办")
    assert [view.what for view in desk.world.store.seen if view.case == cases[1]] == ["page"]


def test_the_second_page_of_an_inbox_stays_the_second(desk: Running, people: People) -> None:
    for n in range(PAGE + 1):
        desk.do(partial(desk.world.case, str(n)))
    page = people.page(f"unit:{UNIT}", UNIT)
    visit(page, f"{desk.url}/inbox")
    expect(page.locator("[data-row]")).to_have_count(PAGE)
    follow(page.get_by_role("link", name="下一页"))
    expect(page.locator("[data-row]")).to_have_count(1)


def test_also_the_last_of_several_news_is_shown(desk: Running, people: People) -> None:
    unit = people.page(f"unit:{UNIT}", UNIT)
    visit(unit, f"{desk.url}/inbox")
    for n in range(1, 4):
        desk.do(partial(desk.world.case, str(n)))
        expect(unit.locator("[data-row]")).to_have_count(n)
