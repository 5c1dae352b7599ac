"""What an agent sees of the caller's cases and of who waits: what is over is not open, and no count ends silently."""

import re

import pytest
from msgspec import Struct

from services.desk.domain.calls import WAITING, Facts
from shared.events import cases as e
from tests.unit.desk.world import World

CLOSED = e.CaseClosed(reason="r")
OVER: dict[str, list[Struct]] = {
    "Closed": [CLOSED],
    "Archived": [CLOSED, e.CaseArchived(reason="r")],
    "Withdrawn": [e.CaseWithdrawn(reason="r"), CLOSED],
    "Merged": [e.CaseMerged(merge="m", target="t")],
    "Referred": [e.CaseReferred(reason="r", route="l"), CLOSED],
}


async def shown(world: World) -> tuple[list[str], str]:
    """Cases that something can be added to, and the page around them, of a call of the same person."""
    await world.city.call("1", "ref-1", "017")
    async with world.browser("agent") as browser:
        page = (await browser.get("/agent/caller")).text
    return re.findall(r'name="case_id" value="([^"]*)"', page), page


@pytest.mark.parametrize("state", OVER)
async def test_what_is_over_is_history(state: str) -> None:
    world = World()
    over, still_open = await world.case("over"), await world.case("open")
    for event in OVER[state]:
        await world.city.tell(over, event)
    addable, page = await shown(world)
    assert addable == [still_open]
    assert f'/cases/{over}"' in page.partition("Earlier cases")[2]
    assert state in page.partition("Earlier cases")[2]


@pytest.mark.parametrize(
    ("still_open", "over", "count", "said"),
    [(8, 0, "8", False), (9, 0, "8+", True), (3, 6, "3", True), (3, 5, "3", False)],
)
async def test_more_cases_than_are_shown_are_said(still_open: int, over: int, count: str, said: bool) -> None:
    world = World()
    for n in range(still_open):
        await world.case(f"open-{n}")
    for n in range(over):
        await world.case(f"over-{n}", answer="已告知")
    addable, page = await shown(world)
    assert len(addable) == min(still_open, 8)
    assert (f"Open cases <small>{count}</small>" in page, "There are more" in page) == (True, said)


@pytest.mark.parametrize(
    ("waiting", "role", "path", "said"),
    [
        (199, "supervisor", "/supervisor/queue", ">199<"),
        (201, "supervisor", "/supervisor/queue", ">200+<"),
        (999, "agent", "/agent/strip", ">999<"),
        (1001, "agent", "/agent/strip", ">1001<"),
    ],
)
async def test_a_queue_longer_than_what_is_listed_has_a_plus(waiting: int, role: str, path: str, said: str) -> None:
    world = World()
    offered = {"offered": {"time": world.clock.now(), "channel": "call"}}
    await world.store.apply([Facts(str(n), offered, WAITING) for n in range(waiting)])
    async with world.browser(role) as browser:
        assert said in (await browser.get(path)).text
