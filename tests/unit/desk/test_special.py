"""Special reports on the office's page: listed, made by hand, completed, signed."""

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
