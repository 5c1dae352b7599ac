"""Merging by keyboard: from the suggestion to the undoing."""

from playwright.sync_api import expect

from tests.browser.conftest import People, Running, visit
from tests.browser.test_accessible import serious


def test_a_suggested_duplicate_is_merged_by_keyboard_and_let_go_again(desk: Running, people: People) -> None:
    case, other = desk.do(lambda: desk.world.case("a")), desk.do(lambda: desk.world.case("b"))
    desk.do(lambda: desk.world.city.alike(other, same_caller=True))
    page = people.page("dispatcher")
    visit(page, f"{desk.url}/cases/{case}")
    expect(page.locator("#ties")).to_contain_text("同一来电人")
    assert serious(page) == []
    people.picture(page, "case_duplicates")
    page.keyboard.press("m")
    field = page.locator("#other-target")
    expect(field).to_be_focused()
    expect(field).to_have_value("SJZ-20210113-000002")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#ties")).to_contain_text("已并入 SJZ-20210113-000002")
    assert serious(page) == []
    people.picture(page, "case_merged")

    visit(page, f"{desk.url}/cases/{other}")
    page.locator("#ties summary").click()
    page.locator("#ties input[name=reason]").fill("两处地址不同")
    page.keyboard.press("Enter")
    expect(page.locator("#ties")).not_to_contain_text("SJZ-20210113-000001")
