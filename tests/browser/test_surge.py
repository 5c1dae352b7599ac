"""A surge profile from the supervisor's switch to the strip of the wall board."""

from playwright.sync_api import expect

from tests.browser.conftest import People, Running, visit
from tests.browser.test_accessible import serious


def test_a_profile_switched_on_stands_on_the_board(desk: Running, people: People) -> None:
    page, board = people.page("supervisor"), people.page("supervisor")
    visit(page, f"{desk.url}/supervisor")
    profile = page.locator("#surge article", has_text="疫情应急")
    profile.locator("summary").click()
    profile.get_by_label("原因").fill("市指挥部 3 号通告")
    profile.get_by_label("截止时间").fill("2021-01-20T08:00")
    profile.get_by_label("截止时间").press("Control+Enter")
    expect(profile).to_contain_text("已开启")
    assert serious(page) == []
    people.picture(page, "supervisor_surge")
    visit(board, f"{desk.url}/board")
    expect(board.locator("#running")).to_contain_text("市指挥部 3 号通告")
    assert serious(board) == []
    assert board.evaluate("document.documentElement.scrollHeight") <= 768
    people.picture(board, "board_surge")
