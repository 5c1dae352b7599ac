"""The form of a case, filled as agents do."""

from playwright.sync_api import Page, expect

FIELDS = {
    "title": "小区暖气三天不热", "salutation": "王女士", "caller-number": "13812341234", "when": "1月10日晚起",
    "address": "幸福路8号院2号楼", "cause": "换热站停机", "course": "家中不足十二度，有老人和婴儿",
}  # fmt: skip


def fill_by_keyboard(page: Page) -> None:
    """F2 goes to the first field; Tab leads through the others in their order."""
    page.keyboard.press("F2")
    for name, text in FIELDS.items():
        expect(page.locator(f"#{name}")).to_be_focused()
        page.keyboard.insert_text(text)
        page.keyboard.press("Tab")
