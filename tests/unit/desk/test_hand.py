"""No call that an agent answered goes out of sight: what a newer call pushed aside can be gone on with."""

import re

import pytest

from shared.testing import FakeClock
from tests.unit.desk.test_actions import FORM
from tests.unit.desk.world import CALLER, World

OTHER, THIRD = "+8613912345678", "+8613712345678"
HALF = {"matter": "1", "title": "水管爆裂", "request_type": "QZ"}


async def calls(world: World, clock: FakeClock, *callers: str) -> list[str]:
    """Answered one after the other by agent 017, a minute apart."""
    made = []
    for number, caller in enumerate(callers):
        clock.forward(minutes=1)
        made.append(await world.city.call(str(number), caller, "017"))
    return made


def left(page: str) -> list[str]:
    return re.findall(r'hx-post="/agent/calls/([^"]*)/resume"', page)


def shown(page: str) -> str:
    found = re.search(r'id="shown" name="shown" value="([^"]*)"', page)
    assert found is not None
    return found[1]


async def test_a_half_filled_form_can_be_gone_on_with() -> None:
    world = World(clock := FakeClock())
    first, second = await calls(world, clock, CALLER, OTHER)
    async with world.browser("agent") as browser:
        await browser.post(f"/agent/calls/{first}/draft", data=HALF)
        page = (await browser.get("/agent")).text
        assert (shown(page), left(page)) == (second, [first])
        assert "138****1234" in page
        clock.forward(seconds=5)
        went = await browser.post(f"/agent/calls/{first}/resume")
        assert (went.status_code, went.headers["hx-trigger"]) == (204, "desk-call")
        back = (await browser.get(f"/agent/work?shown={second}")).text
        assert (await browser.get(f"/agent/work?shown={first}")).status_code == 204
    assert (shown(back), left(back)) == (first, [second])
    assert 'value="水管爆裂"' in back


async def test_a_newer_call_comes_before_one_that_was_gone_back_to() -> None:
    world = World(clock := FakeClock())
    first, second = await calls(world, clock, CALLER, OTHER)
    async with world.browser("agent") as browser:
        await browser.post(f"/agent/calls/{first}/resume")
        clock.forward(minutes=1)
        third = await world.city.call("third", THIRD, "017")
        page = (await browser.get("/agent")).text
        assert (shown(page), left(page)) == (third, [second, first])


async def test_a_call_is_over_once_something_came_of_it() -> None:
    world = World(clock := FakeClock())
    case = await world.case()
    saved, attached, finished, half, newest = await calls(world, clock, CALLER, OTHER, THIRD, CALLER, OTHER)
    async with world.browser("agent") as browser:
        assert left((await browser.get("/agent")).text) == [half, finished, attached, saved]
        await browser.post(f"/agent/calls/{saved}/cases", data=FORM)
        await browser.post(f"/agent/calls/{half}/cases", data=FORM)
        await browser.post(f"/agent/calls/{half}/draft", data={**HALF, "matter": "2"})
        await browser.post(f"/agent/calls/{attached}/attachments", data={"case_id": case, "text": "还是不热"})
        await browser.post(f"/agent/calls/{finished}/finish")
        assert left((await browser.get("/agent")).text) == [half]
        await browser.post(f"/agent/calls/{newest}/finish")
        page = (await browser.get("/agent")).text
        assert (shown(page), left(page)) == ("", [half])


async def test_a_mark_alone_keeps_no_call() -> None:
    world = World(clock := FakeClock())
    marked, _ = await calls(world, clock, CALLER, OTHER)
    async with world.browser("agent") as browser:
        await browser.post(f"/agent/calls/{marked}/cases", data=FORM)
        await browser.post(f"/agent/calls/{marked}/draft", data={"matter": "2", "request_type": "QZ", "urgent": "yes"})
        assert left((await browser.get("/agent")).text) == []


@pytest.mark.parametrize("kept", [True, False])
async def test_what_is_typed_and_not_saved_is_not_ended_with_the_call(kept: bool) -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    path = f"/agent/calls/{contact}"
    async with world.browser("agent") as browser:
        if kept:
            await browser.post(f"{path}/draft", data=HALF)
        refused = await browser.post(f"{path}/finish", data={} if kept else HALF)
        assert "Matter 1 of this call is not saved" in refused.text
        assert (shown((await browser.get("/agent")).text), world.city.asked[-1].method) == (contact, "GET")
        done = await browser.post(f"{path}/finish", data={**HALF, "discard": "yes"})
        assert shown((await browser.get("/agent")).text) == ""
    assert (f'hx-post="{path}/finish"' in refused.text, "hx-trigger" in refused.headers) == (True, False)
    assert "desk-call" in done.headers["hx-trigger"]


@pytest.mark.parametrize(
    "sent",
    [{"matter": "1", "title": "", "request_type": "TS", "urgent": "yes"}, {"matter": "1", "caller": "13812341234"}],
)
async def test_a_form_that_was_emptied_ends_with_the_call_whatever_its_draft_says(sent: dict[str, str]) -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    async with world.browser("agent") as browser:
        await browser.post(f"/agent/calls/{contact}/draft", data=HALF)
        done = await browser.post(f"/agent/calls/{contact}/finish", data=sent)
    assert "desk-call" in done.headers["hx-trigger"]


async def test_the_form_of_a_saved_matter_says_nothing_of_the_next_one() -> None:
    world = World()
    contact = await world.city.call("1", CALLER, "017")
    path = f"/agent/calls/{contact}"
    async with world.browser("agent") as browser:
        await browser.post(f"{path}/cases", data=FORM)
        await browser.post(f"{path}/draft", data={**HALF, "matter": "2"})
        other_tab = await browser.post(f"{path}/finish", data=FORM)
        await browser.post(f"{path}/draft", data={"matter": "2"})
        done = await browser.post(f"{path}/finish", data=FORM)
    assert "Matter 2 of this call is not saved" in other_tab.text
    assert "desk-call" in done.headers["hx-trigger"]


async def test_what_is_refused_ends_no_call() -> None:
    world = World(clock := FakeClock())
    case = await world.case()
    first, _ = await calls(world, clock, CALLER, OTHER)
    world.city.away.add("intake")
    async with world.browser("agent") as browser:
        await browser.post(f"/agent/calls/{first}/attachments", data={"case_id": case, "text": "还是不热"})
        world.city.away.clear()
        assert left((await browser.get("/agent")).text) == [first]


async def test_only_what_was_left_here_and_in_this_shift() -> None:
    world = World(clock := FakeClock())
    old, newest = await calls(world, clock, CALLER, OTHER)
    async with world.browser("agent") as browser, world.browser("agent", "018") as colleague:
        other = await colleague.post(f"/agent/calls/{old}/resume")
        assert (other.status_code, "no call" in other.text) == (404, True)
        assert left((await colleague.get("/agent")).text) == []
        clock.forward(hours=13)
        page = (await browser.get("/agent")).text
        assert (shown(page), left(page)) == (newest, [])
