"""Reports on the office's page: daily ones made and read; special ones listed, made by hand, completed, signed."""

from services.desk.clients import Reply
from services.desk.testing import SPECIAL
from tests.unit.desk.world import UNIT, World

WINDOW = {"since": "2021-01-13T08:00", "until": "2021-01-13T10:00"}


async def test_the_office_lists_makes_completes_and_signs() -> None:
    world = World()
    remarks = {"cause": "换热站停机", "suggestion": "补偿", "unit": UNIT, "due": "2021-01-20"}
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
        half = await browser.post(f"/office/special/{SPECIAL['id']}", data={"suggestion": "补偿"})
        untitled = await browser.post("/office/special", data=WINDOW)
    assert "Department" in half.text
    assert "Title" in untitled.text
    assert all(ask.method == "GET" for ask in world.city.asked)


async def test_who_may_not() -> None:
    world = World()
    async with world.browser("agent") as agent, world.browser("supervisor") as supervisor:
        assert (await agent.get("/office/specials")).status_code == 403
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
