"""Surge profiles: who switches them, why, until when; and what the board says of it."""

from services.desk.clients import Reply
from tests.unit.desk.world import World

FORM = {"on": "yes", "why": "防疫通告", "until": "2021-01-20T08:00"}
PATH = "/supervisor/profiles/epidemic"


async def test_a_profile_is_switched_on_with_reason_and_end_and_off_again() -> None:
    world = World()
    async with world.browser("supervisor") as browser:
        before = (await browser.get("/board/profiles")).text
        assert "Please fill in: Why" in (await browser.post(PATH, data={**FORM, "why": " "})).text
        await browser.post(PATH, data=FORM)
        strip, switches = (await browser.get("/board/profiles")).text, (await browser.get("/supervisor/surge")).text
        await browser.post(PATH, data={**FORM, "on": "no"})
        after = (await browser.get("/board/profiles")).text
    assert "No surge profile runs" in before
    for text in (strip, switches):
        assert all(one in text for one in ("Epidemic surge", "防疫通告", "until 01-20 08:00", "Supervisor 017"))
    assert "No surge profile runs" in after
    bodies = [ask.body for ask in world.city.asked if ask.method == "PUT"]
    assert bodies[0] == {"on": True, "why": "防疫通告", "until": "2021-01-20T08:00:00+08:00"}


async def test_others_see_the_switches_and_cannot_move_them() -> None:
    world = World()
    async with world.browser("dispatcher") as browser:
        text = (await browser.get("/supervisor/surge")).text
        assert (await browser.post(PATH, data=FORM)).status_code == 403
    assert "Epidemic surge" in text
    assert "<form" not in text


async def test_a_refusal_and_an_absent_service_are_words() -> None:
    world = World()
    world.city.refusals["PUT", "/profiles/epidemic"] = Reply(409, {"reason": "ends_in_the_past", "detail": "d"})
    async with world.browser("supervisor") as browser:
        assert "The end must lie ahead" in (await browser.post(PATH, data=FORM)).text
        world.city.away = {"knowledge"}
        assert "not known" in (await browser.get("/board/profiles")).text
        assert "knowledge does not answer" in (await browser.get("/supervisor/surge")).text
