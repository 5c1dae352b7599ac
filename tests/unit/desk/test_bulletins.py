"""Bulletins on the pages: what must be confirmed, who was called away, and whom the supervisor has to remind."""

from services.desk.clients import Reply
from tests.unit.desk.world import UNIT, World

GRAVE = {"id": "b1", "level": "I", "title": "全员核酸", "text": "今天起", "acknowledged": False}
PLAIN = {"id": "b2", "level": "III", "title": "排班", "text": "下周", "acknowledged": False}


async def test_what_must_be_confirmed_stands_over_the_page_until_it_is() -> None:
    world = World()
    world.city.bulletins = [dict(GRAVE), dict(PLAIN)]
    async with world.browser("agent") as browser:
        assert "alertdialog" in (await browser.get("/agent/bulletins")).text
        await browser.post("/agent/bulletins/b1/acknowledge")
        shown = (await browser.get("/agent/bulletins")).text
    assert "alertdialog" not in shown
    assert "排班" in shown


async def test_a_unit_reads_and_confirms_nothing() -> None:
    world = World()
    world.city.bulletins = [dict(GRAVE)]
    async with world.browser(f"unit:{UNIT}") as browser:
        shown = (await browser.get("/inbox/bulletins")).text
    assert "全员核酸" in shown
    assert "<form" not in shown


async def test_an_agent_who_was_called_away_sees_why() -> None:
    world = World()
    async with world.browser("agent") as browser:
        await browser.post("/agent/state", data={"state": "ready"})
        away = {"agent": "017", "state": "break", "why": "unacknowledged_bulletins"}
        world.city.refusals["GET", "/agents/me/state"] = Reply(200, away)
        assert "no longer ready" in (await browser.get("/agent/strip")).text
    assert (await world.store.get("agents", "017"))["state"] == "break"


async def test_the_strip_stays_while_intake_is_away() -> None:
    world = World()
    async with world.browser("agent") as browser:
        await browser.post("/agent/state", data={"state": "ready"})
        world.city.away.add("intake")
        assert "Ready" in (await browser.get("/agent/strip")).text


async def test_supervisors_see_who_has_not_confirmed() -> None:
    world = World()
    agents = [{"agent": "a001", "state": "busy"}, {"agent": "a002", "state": "break"}]
    item = {"bulletin": "b1", "title": "全员核酸", "overdue": True, "read": 3, "agents": agents}
    world.city.refusals["GET", "/agents/unread"] = Reply(200, {"items": [item]})
    async with world.browser("supervisor") as browser:
        shown = (await browser.get("/supervisor/unread")).text
        assert "3 have, 2 have not" in shown
        assert "a002" in shown
    async with world.browser("dispatcher") as browser:
        assert (await browser.get("/supervisor/unread")).status_code == 403
