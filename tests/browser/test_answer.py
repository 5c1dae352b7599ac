"""An answer on the spot is sent as that, or kept: no key dispatches the case and loses it."""

import pytest
from playwright.sync_api import Page, expect

from shared.ids import receipt_code
from tests.browser.conftest import People, Running, visit
from tests.browser.keyboard import fill_by_keyboard
from tests.unit.desk.world import CALLER


def with_an_answer(desk: Running, people: People) -> tuple[Page, str]:
    """A page on which a form and an answer on the spot are written; and its call."""
    contact = desk.do(lambda: desk.world.city.call("1", CALLER, "017"))
    page = people.page("agent")
    visit(page, f"{desk.url}/agent")
    fill_by_keyboard(page)
    page.locator("summary").get_by_text("当场答复").click()
    page.locator("#answer").fill("先报换热站")
    return page, contact


def registered(desk: Running) -> list[str]:
    """The answers of the cases that were sent; empty where a case was dispatched."""
    return [ask.body.get("answer", "") for ask in desk.world.city.asked if ask.path.endswith("/cases")]


@pytest.mark.parametrize(("field", "key"), [("title", "Enter"), ("title", "Control+Enter"), ("course", "F8")])
def test_a_form_with_an_answer_is_not_dispatched_and_keeps_it(
    desk: Running, people: People, field: str, key: str
) -> None:
    page, contact = with_an_answer(desk, people)
    page.locator(f"#{field}").press(key)
    expect(page.locator("#result")).to_contain_text("请按“答复并办结”")
    assert registered(desk) == []
    expect(page.locator("#answer")).to_have_value("先报换热站")
    page.locator("#answer").fill("")
    page.locator(f"#{field}").press(key)
    expect(page.locator("#result")).to_contain_text(receipt_code(contact))
    assert registered(desk) == [""]


def test_ctrl_enter_in_the_answer_answers(desk: Running, people: People) -> None:
    page, contact = with_an_answer(desk, people)
    page.locator("#answer").press("Control+Enter")
    expect(page.locator("#result")).to_contain_text(receipt_code(contact))
    assert registered(desk) == ["先报换热站"]


def test_ctrl_enter_on_one_of_several_buttons_presses_that_one_once(desk: Running, people: People) -> None:
    page = people.page("agent")
    visit(page, f"{desk.url}/agent")
    page.locator("#strip").get_by_role("button", name="小休").press("Control+Enter")
    expect(page.locator("#result .good")).to_be_visible()
    assert [ask.body for ask in desk.world.city.asked if ask.method == "PUT"] == [{"state": "break"}]
