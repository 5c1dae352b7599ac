"""Lost calls on their own page: who calls back sees the number, on record, and logs the call without a case."""

from datetime import timedelta
from typing import Any

import pytest

from services.desk.clients import Reply
from shared import ids
from shared.events.contacts import Ended
from tests.unit.desk.world import CALLER, World

LATER = timedelta(minutes=30)


async def lost(world: World, name: str = "m", **more: Any) -> str:
    """A call that nobody answered, as intake tells it and as the desk has read it; returns the contact."""
    contact = await world.city.call(name, CALLER)
    await world.city.fact(contact, Ended(number=3, by="caller", served=False))
    now = world.clock.now()
    row: dict[str, Any] = {
        "contact_id": contact, "state": "open", "caller": "138****1234", "receipt": ids.receipt_code(contact),
        "offered_at": (now - LATER).isoformat(), "ended_at": (now - LATER + timedelta(seconds=40)).isoformat(),
        "tries": [], "again_from": None,
    }  # fmt: skip
    world.city.missed.append({**row, **more})
    return contact


def tried(world: World, result: str = "no_answer") -> dict[str, Any]:
    return {"at": world.clock.now().isoformat(), "by": "agent:018", "result": result, "text": "明早再打"}


@pytest.mark.parametrize("role", ["agent", "supervisor"])
async def test_who_still_has_to_be_called_is_listed_masked_and_the_way_there_is_in_the_bar(role: str) -> None:
    world = World()
    contact = await lost(world)
    again = (world.clock.now() + LATER).isoformat()
    other = await lost(world, "n", tries=[tried(world)], again_from=again)
    await lost(world, "r", state="reached")
    async with world.browser(role) as browser:
        page = (await browser.get("/missed")).text
        assert "/missed" in (await browser.get("/work")).text
    assert page.count("data-row") == 2
    assert f'href="/missed/{contact}"' in page
    assert "No answer" in page.split(other)[1]
    assert "counts from" in page.split(other)[1]
    assert CALLER not in page
    assert "k1." not in page


async def test_one_lost_call_shows_its_callers_cases_and_the_form_of_a_case() -> None:
    world = World()
    contact = await lost(world, tries=[tried(world)])
    async with world.browser("agent") as browser:
        page = (await browser.get(f"/missed/{contact}")).text
        await browser.post(f"/agent/calls/{contact}/draft", data={"matter": "1", "title": "停暖"})
        drafted = (await browser.get(f"/missed/{contact}")).text
    assert f'hx-post="/agent/calls/{contact}/cases"' in page
    assert "明早再打" in page
    assert "<dd>40 s</dd>" in page
    assert 'value="停暖"' in drafted
    async with world.browser("supervisor") as browser:
        assert f"/agent/calls/{contact}" not in (await browser.get(f"/missed/{contact}")).text


async def test_the_number_is_shown_to_dial_it_and_the_look_is_recorded_first() -> None:
    world = World()
    contact = await lost(world)
    async with world.browser("agent") as browser:
        shown = (await browser.post(f"/missed/{contact}/reveal")).text
    assert f'href="tel:{CALLER}"' in shown
    (view,) = world.store.seen
    assert (view.who, view.what, view.case, view.number) == ("017", "reveal_call", contact, ids.receipt_code(contact))
    asked = [ask.body for ask in world.city.asked if ask.path == "/numbers/reveal"]
    assert asked == [{"contact_id": contact, "sealed": f"k1.{CALLER}", "why": "漏话回拨"}]
    async with world.browser("operator") as browser:
        assert "saw the number of a missed call" in (await browser.get("/audit")).text


async def test_where_intake_does_not_open_it_the_number_stays_masked() -> None:
    world = World()
    contact = await lost(world)
    world.city.refusals["POST", "/numbers/reveal"] = Reply(503, {"reason": "not_now"})
    async with world.browser("agent") as browser:
        shown = (await browser.post(f"/missed/{contact}/reveal")).text
    assert "138****1234" in shown
    assert CALLER not in shown


@pytest.mark.parametrize("role", ["agent", "supervisor"])
async def test_a_call_back_is_logged_under_its_key_without_a_case(role: str) -> None:
    world = World()
    contact = await lost(world)
    form = {"result": "no_answer", "text": " 关机 ", "key": "k1"}
    async with world.browser(role) as browser:
        done = await browser.post(f"/missed/{contact}/tries", data=form)
        unsaid = await browser.post(f"/missed/{contact}/tries", data={"key": "k2"})
        tries = await browser.get(f"/missed/{contact}/tries")
        listed = await browser.get("/missed/list")
        await browser.post(f"/missed/{contact}/tries", data={"result": "connected", "key": "k3"})
        gone = await browser.get("/missed/list")
    assert "Done" in done.text
    assert done.headers["Desk-Key"] != "k1"
    assert "Please fill in: Result" in unsaid.text
    assert "关机" in tries.text
    assert (contact in listed.text, contact in gone.text) == (True, False)
    sent = [(ask.path, ask.body, ask.key) for ask in world.city.asked if ask.method == "POST" and ask.key == "k1"]
    body = {"purpose": "missed_call", "contact_id": contact, "callee": "citizen", "result": "no_answer", "text": "关机"}
    assert sent == [("/calls/outbound", body, "k1")]


@pytest.mark.parametrize("path", ["/missed", "/missed/list", "/missed/{contact}", "/missed/{contact}/tries"])
@pytest.mark.parametrize("role", ["dispatcher", "auditor", "officer", "operator", "unit:130100-02-001"])
async def test_nobody_else_sees_lost_calls(role: str, path: str) -> None:
    world = World()
    contact = await lost(world)
    async with world.browser(role) as browser:
        assert (await browser.get(path.format(contact=contact))).status_code == 403
        assert (await browser.post(f"/missed/{contact}/reveal")).status_code == 403


async def test_a_call_that_was_not_lost_has_no_page_and_intake_away_is_said() -> None:
    world = World()
    async with world.browser("agent") as browser:
        assert (await browser.get("/missed/nobody")).status_code == 404
        world.city.away.add("intake")
        assert (await browser.get("/missed/nobody")).status_code == 503
        page = await browser.get("/missed")
    assert page.status_code == 200
    assert "does not answer" in page.text


async def test_a_further_page_is_asked_for_with_its_mark() -> None:
    world = World()
    await lost(world)
    items = {"items": world.city.missed, "next": "2021-01-13T04:00:00+08:00|c"}
    world.city.refusals["GET", "/calls/missed"] = Reply(200, items)
    async with world.browser("agent") as browser:
        page = (await browser.get("/missed?after=m")).text
    assert "/missed?after=2021-01-13T04%3A00%3A00%2B08%3A00%7Cc" in page
    assert 'hx-get="/missed/list?after=m"' in page
    (asked,) = [ask.query for ask in world.city.asked if ask.path == "/calls/missed"]
    assert asked == {"after": "m", "limit": "50"}


@pytest.mark.parametrize("role", ["agent", "supervisor"])
async def test_a_call_out_on_a_case_says_how_urgent_it_is(role: str) -> None:
    """Quiet hours are intake's to judge, which does not know a case's priority."""
    world = World()
    case = await world.case(urgent=True)
    form = {"case_id": case, "purpose": "follow_up", "callee": "citizen", "result": "connected", "key": "k"}
    async with world.browser(role) as browser:
        await browser.post("/agent/outbound", data=form)
    (sent,) = [ask.body for ask in world.city.asked if ask.path == "/calls/outbound"]
    assert (sent["case_id"], sent["priority"]) == (case, "P1")


async def test_a_call_at_night_is_refused_in_words() -> None:
    world = World()
    case = await world.case()
    world.city.refusals["POST", "/calls/outbound"] = Reply(422, {"reason": "quiet_hours", "detail": "22:00 to 08:00"})
    form = {"case_id": case, "purpose": "follow_up", "callee": "citizen", "result": "connected", "key": "k"}
    async with world.browser("agent") as browser:
        answer = await browser.post("/agent/outbound", data=form)
    assert "nobody is asked how content he is" in answer.text
