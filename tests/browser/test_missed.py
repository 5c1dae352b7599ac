"""A lost call from the list to the call back, without a mouse."""

from functools import partial

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import People, Running, settled, visit
from tests.browser.test_accessible import serious
from tests.unit.desk.test_missed import lost
from tests.unit.desk.world import CALLER


def test_by_keyboard_from_the_list_to_the_call_back(desk: Running, people: People) -> None:
    contact = desk.do(partial(lost, desk.world, "m"))
    desk.do(partial(desk.world.case, "a"))
    page = people.page("agent")
    visit(page, f"{desk.url}/agent")
    page.get_by_role("link", name="漏话回拨").press("Enter")
    expect(page.locator("[data-row]")).to_have_count(1)
    assert serious(page) == []
    people.picture(page, "missed")
    page.locator("main").focus()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/missed/{contact}")
    settled(page)
    page.keyboard.press("Enter")
    expect(page.locator("#number")).to_contain_text(CALLER)
    page.get_by_label("结果").select_option("no_answer")
    page.get_by_label("备注").fill("无人接听，半小时后再打")
    page.get_by_label("备注").press("Control+Enter")
    expect(page.locator("#result .outcome.good")).to_be_visible()
    expect(page.locator("#tries")).to_contain_text("半小时后再打")
    assert serious(page) == []
    people.picture(page, "missed_call")
    page.get_by_label("结果").select_option("connected")
    page.get_by_label("结果").press("Control+Enter")
    expect(page.locator("#tries")).to_contain_text("已接通")
    visit(page, f"{desk.url}/missed")
    expect(page.locator("[data-row]")).to_have_count(0)


def test_who_is_reached_gets_his_case_from_the_same_page(desk: Running, people: People) -> None:
    contact = desk.do(partial(lost, desk.world, "m"))
    page = people.page("agent")
    visit(page, f"{desk.url}/missed/{contact}")
    filled = {
        "#title": "小区停水",
        "#salutation": "王女士",
        "#when": "今早",
        "#address": "某小区",
        "#cause": "停水",
        "#course": "无水",
    }
    for field, text in filled.items():
        page.fill(field, text)
    page.keyboard.press("F8")
    expect(page.locator("#result .outcome.good")).to_be_visible()
    asked = [ask.body["sealed_caller"] for ask in desk.world.city.asked if ask.path == f"/contacts/{contact}/cases"]
    assert asked == [f"k1.{CALLER}"]


@pytest.mark.parametrize(("role", "lang"), [("agent", "en"), ("supervisor", "zh-CN"), ("supervisor", "en")])
def test_both_pages_fit_and_are_accessible(desk: Running, people: People, role: str, lang: str) -> None:
    contact = desk.do(partial(lost, desk.world, "m"))
    page = people.page(role, lang=lang)
    for path in ("/missed", f"/missed/{contact}"):
        visit(page, desk.url + path)
        assert serious(page) == []
        assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
