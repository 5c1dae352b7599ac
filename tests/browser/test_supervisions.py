"""A written supervision from the supervisor to the department and back."""

from playwright.sync_api import expect

from tests.browser.conftest import People, Running, follow, visit
from tests.browser.test_accessible import serious
from tests.unit.desk.world import UNIT


def test_a_supervision_goes_to_the_department_and_comes_back(desk: Running, people: People) -> None:
    case = desk.do(lambda: desk.world.case())
    about = {"role": "supervisor", "unit": UNIT, "channel": "desk", "rung": "urge", "clock": "resolve"}
    desk.world.city.notices = [{**about, "since": "2021-01-12T20:00:00Z", "count": 1, "cases": [case]}]
    chief, unit = people.page("supervisor"), people.page(f"unit:{UNIT}", UNIT)
    visit(chief, f"{desk.url}/cases/{case}")
    form = chief.locator("form[hx-post*='/supervise']")
    chief.locator("summary", has_text="督办").first.click()
    form.locator("input[name=reason]").fill("多户老人受冻")
    form.locator("input[name=reason]").press("Control+Enter")
    expect(chief.locator("#sheet")).to_contain_text("待反馈")

    visit(unit, f"{desk.url}/inbox?tab=supervised")
    assert serious(unit) == []
    follow(unit.locator("tr", has_text="小区暖气不热").get_by_role("link"))
    unit.locator("summary", has_text="督办反馈").click()
    unit.get_by_label("办理情况", exact=True).fill("抢修队已到场，今晚恢复。")
    unit.get_by_label("办理情况", exact=True).press("Control+Enter")
    expect(unit.locator("#sheet")).to_contain_text("待审核")
    assert serious(unit) == []
    people.picture(unit, "case_supervised")

    visit(chief, f"{desk.url}/supervisor")
    expect(chief.locator("#notices")).to_contain_text("催办")
    expect(chief.get_by_role("region", name="督办反馈待审")).to_contain_text("小区暖气不热")
    assert serious(chief) == []
    people.picture(chief, "supervisor_supervisions")
