"""What the city office reads: from a sealed report the way leads on."""

from playwright.sync_api import expect

from services.desk.testing import SPECIAL
from tests.browser.conftest import People, Running, visit
from tests.browser.test_accessible import serious


def test_the_query_of_a_special_report_leads_to_its_cases_as_they_are_now(desk: Running, people: People) -> None:
    page = people.page("officer")
    visit(page, f"{desk.url}/office")
    with page.expect_popup() as opened:
        page.locator(f"a[href='/office/reports/special/{SPECIAL['id']}.html']").click()
    report = opened.value
    report.get_by_role("link").click()
    expect(report.get_by_role("heading", level=1)).to_have_text("专报所涉诉求重新统计")
    expect(report.locator("main")).to_contain_text("长安区")
    assert serious(report) == []
    people.picture(report, "selection")
