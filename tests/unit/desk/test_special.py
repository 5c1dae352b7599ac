"""Reports on the office's page: daily ones made and read; special ones listed, made by hand, completed, signed."""

import re
from typing import Any

from services.desk.clients import Reply
from services.desk.testing import SPECIAL
from tests.unit.desk.world import OTHER, UNIT, World

WINDOW = {"since": "2021-01-13T08:00", "until": "2021-01-13T10:00"}


async def test_the_office_lists_makes_completes_and_signs() -> None:
    world = World()
    remarks = {"cause": "换热站停机", "suggestion-0": "补偿", "unit-0": UNIT, "due-0": "2021-01-20"}
    async with world.browser("officer") as browser:
        assert str(SPECIAL["title"]) in (await browser.get("/office")).text
        await browser.post("/office/special", data={**WINDOW, "title": "供暖", "topic": "05", "key": "k"})
        await browser.post(f"/office/special/{SPECIAL['id']}", data=remarks)
        await browser.post(f"/office/special/{SPECIAL['id']}/sign")
    made, written, signed = (ask for ask in world.city.asked if ask.method != "GET")
    assert (made.path, made.key, made.body["topic"]) == ("/reports/special", "k", "05")
    assert made.body["since"] == "2021-01-13T08:00:00+08:00"
    assert written.body["suggestions"] == [{"text": "补偿", "unit": UNIT, "due": "2021-01-20"}]
    assert signed.path.endswith("/sign")


async def test_half_a_suggestion_and_a_report_without_title_name_what_is_missing() -> None:
    world = World()
    async with world.browser("officer") as browser:
        half = await browser.post(f"/office/special/{SPECIAL['id']}", data={"suggestion-0": "补偿"})
        untitled = await browser.post("/office/special", data=WINDOW)
    assert "Department" in half.text
    assert "Title" in untitled.text
    assert all(ask.method == "GET" for ask in world.city.asked)


WRITTEN: dict[str, Any] = {
    "title": "关于供暖的专报", "cause": "换热站停机", "policy": "供热条例", "measures": "已派抢修",
    "suggestions": [
        {"text": "补偿停供天数", "unit": UNIT, "due": "2021-01-20"},
        {"text": "检修换热站", "unit": OTHER, "due": "2021-01-21"},
    ],
}  # fmt: skip


def filled(page: str) -> dict[str, str]:
    """What a browser would send of the form, by name of the field."""
    found = dict(re.findall(r'<input id="[^"]*" name="([a-z]+-\d+)"[^>]* value="([^"]*)"', page))
    found |= re.findall(r'<textarea [^>]*name="(\w+)"[^>]*>([^<]*)</textarea>', page)
    for name, options in re.findall(r'<select name="(unit-\d+)"(.*?)</select>', page, re.DOTALL):
        found[name] = "".join(re.findall(r'value="([^"]*)" selected', options))
    return found


async def test_what_was_written_is_in_the_form_and_an_emptied_row_goes() -> None:
    world = World()
    world.city.refusals["GET", "/reports/special"] = Reply(200, {"items": [{**SPECIAL, "remarks": WRITTEN}]})
    async with world.browser("officer") as browser:
        form = filled((await browser.get("/office/specials")).text)
        await browser.post(f"/office/special/{SPECIAL['id']}", data=form)
        await browser.post(f"/office/special/{SPECIAL['id']}", data=form | {"suggestion-0": " ", "measures": ""})
    assert {name: form[name] for name in form if name.endswith("-2")} == {"suggestion-2": "", "due-2": "", "unit-2": ""}
    same, less = (ask.body for ask in world.city.asked if ask.method == "PUT")
    assert same == {**WRITTEN, "title": ""}, "reports keeps a title that is not sent"
    assert less == {**same, "measures": "", "suggestions": WRITTEN["suggestions"][1:]}


async def test_there_are_as_many_rows_as_reports_takes_and_no_form_where_it_does_not_say_what_was_written() -> None:
    world = World()
    full = {**WRITTEN, "suggestions": WRITTEN["suggestions"][:1] * 10}
    older = {name: value for name, value in SPECIAL.items() if name != "remarks"}
    async with world.browser("officer") as browser:
        world.city.refusals["GET", "/reports/special"] = Reply(200, {"items": [{**SPECIAL, "remarks": full}]})
        form = filled((await browser.get("/office/specials")).text)
        await browser.post(f"/office/special/{SPECIAL['id']}", data=form)
        world.city.refusals["GET", "/reports/special"] = Reply(200, {"items": [older]})
        assert filled((await browser.get("/office/specials")).text) == {}
    (sent,) = (ask.body for ask in world.city.asked if ask.method == "PUT")
    assert sent["suggestions"] == full["suggestions"]


async def test_the_office_reads_contacts_and_calls_apart() -> None:
    world = World()
    figures = [{"name": "offered", "value": 30}, {"name": "calls", "value": 12}]
    world.city.refusals["GET", "/figures"] = Reply(200, {"figures": figures, "tables": {}})
    async with world.browser("officer") as browser, world.browser("officer", lang="zh-CN") as chinese:
        assert "<dt>Contacts</dt><dd>30</dd><dt>Calls</dt><dd>12</dd>" in (await browser.get("/office")).text
        assert "<dt>来访</dt><dd>30</dd><dt>来电</dt><dd>12</dd>" in (await chinese.get("/office")).text


async def test_the_query_of_a_report_leads_to_its_figures_of_now() -> None:
    world = World()
    async with world.browser("officer") as browser:
        page = (await browser.get(str(SPECIAL["query"]))).text
        sealed = await browser.get(f"/office/reports/special/{SPECIAL['id']}.html")
        world.city.refusals["GET", "/selections"] = Reply(422, {"reason": "invalid", "detail": "since"})
        odd = (await browser.get("/selections?since=x&color=red")).text
    asked, _, wrong = (ask for ask in world.city.asked if "selections" in ask.path or ask.path.endswith("html"))
    assert asked.query == {"since": "2021-01-13T08:00:00+08:00", "until": "2021-01-13T10:00:00+08:00", "topic": "05"}
    assert wrong.query == {"since": "x"}
    assert "01-13 08:00 – 01-13 10:00 · Utilities" in page
    assert "<dt>Cases</dt><dd>21</dd>" in page
    assert "<dt>Chang&#39;an</dt><dd>15</dd>" in page
    assert "<dt>Help</dt><dd>21</dd>" in page
    assert str(SPECIAL["query"]) in sealed.text
    assert "filled in wrongly" in odd


async def test_who_may_not() -> None:
    world = World()
    async with world.browser("agent") as agent, world.browser("supervisor") as supervisor:
        assert (await agent.get("/office/specials")).status_code == 403
        assert (await agent.get(str(SPECIAL["query"]))).status_code == 403
        assert (await supervisor.post(f"/office/special/{SPECIAL['id']}/sign")).status_code == 403
        assert (await supervisor.get("/office/reports/special/..%2Fdaily.html")).status_code == 404


async def test_a_day_without_an_issue_has_a_button_that_makes_it_and_then_links() -> None:
    world = World()
    link, make = "/office/reports/daily/2021-01-12.pdf", 'hx-post="/office/reports/daily/2021-01-12"'
    async with world.browser("officer") as browser:
        before = (await browser.get("/office")).text
        made = await browser.post("/office/reports/daily/2021-01-12")
        after = (await browser.get("/office/dailies")).text
        odd = await browser.post("/office/reports/daily/yesterday")
    assert (link in before, make in before) == (False, True)
    assert (made.headers["hx-trigger"], "Done" in made.text) == ("desk-done", True)
    assert (link in after, make in after) == (True, False)
    assert odd.status_code == 404
    (asked,) = [ask for ask in world.city.asked if ask.method == "POST"]
    assert (asked.service, asked.path) == ("reports", "/reports/daily/2021-01-12")


async def test_an_issue_of_an_unfinished_day_can_be_made_anew_and_a_refusal_is_said() -> None:
    world = World()
    issue = {"date": "2021-01-13", "number": 1, "final": False}
    world.city.refusals["GET", "/reports/daily"] = Reply(200, {"items": [issue]})
    world.city.refusals["POST", "/reports/daily/2021-01-13"] = Reply(409, {"reason": "not_yet", "detail": "d"})
    async with world.browser("supervisor") as browser, world.browser("agent") as agent:
        page = (await browser.get("/office")).text
        refused = await browser.post("/office/reports/daily/2021-01-13")
        assert (await agent.post("/office/reports/daily/2021-01-13")).status_code == 403
        world.city.away = {"reports"}
        away = (await browser.get("/office/dailies")).text
    assert "/office/reports/daily/2021-01-13.pdf" in page
    assert "Make it anew" in page
    assert "That day has not begun" in refused.text
    assert "reports does not answer" in away
    assert "hx-post" not in away
