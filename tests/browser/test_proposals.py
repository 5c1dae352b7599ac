"""One key takes a proposal over into the form that dispatches."""

from playwright.sync_api import expect

from tests.browser.conftest import People, Running, visit
from tests.browser.test_accessible import serious
from tests.unit.desk.test_proposals import PROPOSALS
from tests.unit.desk.world import CALLER, OTHER, UNIT


def test_a_dispatcher_and_an_agent_take_a_proposal_over_by_key(desk: Running, people: People) -> None:
    desk.world.city.proposals = PROPOSALS
    case = desk.do(lambda: desk.world.case(topic="99"))
    page = people.page("dispatcher")
    visit(page, f"{desk.url}/cases/{case}")
    expect(page.locator("#proposals")).to_contain_text("82 %")
    assert serious(page) == []
    page.keyboard.press("F7")
    form = page.locator("form[hx-post$='/commands/assign']")
    expect(form.locator("select[name=lead]")).to_have_value(UNIT)
    expect(form.locator(f"input[name=supporting][value='{OTHER}']")).to_be_checked()
    expect(form.locator("select[name=lead]")).to_be_focused()
    people.picture(page, "case_to_dispatch")

    desk.do(lambda: desk.world.city.call("1", CALLER, "017"))
    agent = people.page("agent")
    visit(agent, f"{desk.url}/agent")
    agent.locator("#course").press_sequentially("换热站停机")
    expect(agent.locator("#proposals")).to_contain_text("82 %")
    assert serious(agent) == []
    agent.keyboard.press("F7")
    expect(agent.locator("#topic")).to_have_value("05")
    people.picture(agent, "agent_proposals")
