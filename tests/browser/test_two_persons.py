"""Two supervisors open a confidential reporter's number, each in a browser of his own."""

from playwright.sync_api import expect

from services.desk.testing import NUMBER
from tests.browser.conftest import People, Running, settled, visit
from tests.browser.test_accessible import serious


def test_two_supervisors_open_what_one_of_them_asked_for(desk: Running, people: People) -> None:
    case = desk.do(lambda: desk.world.case(request_type="JB", title="举报工地夜间违规施工"))
    one, other = people.page("supervisor", "班长01"), people.page("supervisor", "班长02")
    visit(one, f"{desk.url}/cases/{case}")
    one.locator("#reveals summary").click()
    one.locator("#reveal-why").fill("核实举报线索")
    one.locator("#reveal-why").press("Control+Enter")
    expect(one.locator("#reveals")).to_contain_text("须另一位班长同意")

    visit(other, f"{desk.url}/cases/{case}")
    expect(other.locator("#reveals")).to_contain_text("班长01 申请查看举报人")
    assert serious(other) == []
    people.picture(other, "case_two_persons")
    settled(other)
    other.get_by_role("button", name="同意查看").click()
    expect(one.get_by_role("button", name="查看一次")).to_be_visible(timeout=60_000)
    settled(one)
    one.get_by_role("button", name="查看一次").click()
    expect(one.locator("#reporters")).to_contain_text(NUMBER)
    expect(other.locator("body")).not_to_contain_text(NUMBER)
    assert serious(one) == []
