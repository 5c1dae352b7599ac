"""Figures with targets, and lists in pages."""

from datetime import timedelta
from typing import Any

import pytest

from services.desk.domain.board import Level, figures
from services.desk.domain.calls import CallFigures, Waiting, lost
from services.desk.domain.days import SHIFT, day_of, next_day
from services.desk.policy import City
from services.desk.store import Wanted
from shared.events import contacts as k
from tests.unit.desk.world import POLICY, UNIT, World

TARGETS = City(POLICY).desk.targets


@pytest.mark.parametrize(
    ("calls", "waiting", "breaches", "levels"),
    [
        (CallFigures(), 0, 0, ["good", "none", "none", "none", "good"]),
        (
            CallFigures(offered=10, answered=8, in_time=8, self_served=2),
            0,
            1,
            ["good", "good", "good", "watch", "bad"],
        ),
        (
            CallFigures(offered=20, answered=10, in_time=5, self_served=8, lost=2),
            6,
            0,
            ["watch", "bad", "bad", "good", "good"],
        ),
        (CallFigures(offered=100, answered=92, in_time=70, lost=8), 0, 0, ["good", "watch", "watch", "watch", "good"]),
    ],
)
def test_levels(calls: CallFigures, waiting: int, breaches: int, levels: list[Level]) -> None:
    found = figures(calls, Waiting(calls=waiting), breaches, TARGETS, World().clock.now())
    assert [figure.level for figure in found] == levels


def test_a_long_wait_is_bad_even_if_few_wait() -> None:
    now = World().clock.now()
    waiting = figures(CallFigures(), Waiting(calls=1, oldest=now - timedelta(seconds=16)), 0, TARGETS, now)[0]
    assert (waiting.level, waiting.note) == ("bad", "16 s")


async def test_calls_are_counted_once_in_whatever_order_their_facts_come() -> None:
    world = World()
    contact = await world.city.call("1", "+8613812341234", "017", wait_s=20.0)
    await world.city.fact(contact, k.Ended(number=4, by="agent", served=True))
    await world.city.fact(contact, k.Answered(number=3, agent="017", wait_s=20.0))
    served = await world.city.call("2", "+8613812340000")
    await world.city.fact(served, k.KeyPressed(number=3, menu="main", key="1", action="play"))
    await world.city.fact(served, k.Ended(number=4, by="ivr", served=True))
    await world.city.call("3", "+8613812340001")
    found = await world.store.figures(day_of(world.clock.now()))
    assert found == CallFigures(offered=3, answered=1, self_served=1, lost=0)
    now = world.clock.now()
    assert await world.store.waiting(now - SHIFT) == Waiting(calls=1, oldest=now)


async def test_who_waits_at_midnight_still_waits_and_the_rates_begin_anew() -> None:
    world = World()
    now = world.clock.now()
    world.clock.forward(seconds=(next_day(now) - now).total_seconds() - 60)  # type: ignore[attr-defined]
    await world.city.call("1", "+8613812340000")
    world.clock.forward(minutes=2)  # type: ignore[attr-defined]
    async with world.browser("supervisor") as supervisor, world.browser("agent") as agent:
        queue, board = (await supervisor.get("/supervisor/queue")).text, (await supervisor.get("/board/figures")).text
        strip = (await agent.get("/agent/strip")).text
        world.clock.forward(seconds=SHIFT.total_seconds())  # type: ignore[attr-defined]
        later = (await supervisor.get("/supervisor/queue")).text
    assert "138****0000</span> 120 s" in queue
    assert "138****0000" not in later
    assert "longest wait 120 s" in board
    assert "0 calls today" in board
    assert "Waiting <strong>1</strong>" in strip


async def test_the_connect_rate_is_of_calls_that_asked_for_a_person_and_are_decided() -> None:
    world = World()
    for n in range(2):
        await world.city.call(f"talks-{n}", "+8613812341234", "017")
        gone = await world.city.call(f"gone-{n}", "+8613812341234")
        await world.city.fact(gone, k.Ended(number=3, by="caller", served=False))
    back = await world.city.call("back in the menu", "+8613812341234")
    await world.city.fact(back, k.KeyPressed(number=10, menu="main", key="1", action="play"))
    await world.city.fact(back, k.Ended(number=11, by="caller", served=False))
    now = world.clock.now()
    connect = figures(await world.store.figures(day_of(now)), Waiting(), 0, TARGETS, now)[2]
    assert (connect.name, connect.value, connect.note) == ("connect", "50.0", "2/4")


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ({"ended": {"by": "caller"}}, True),
        ({"ended": {"by": "ivr"}}, False),
        ({"ended": {"by": "caller"}, "keys": {"2": {"action": "play"}, "10": {"action": "urgent"}}}, True),
        ({"ended": {"by": "caller"}, "keys": {"2": {"action": "person"}, "10": {"action": "play"}}}, False),
        ({"ended": {"by": "agent"}, "answered": {"agent": "017"}}, False),
        ({"keys": {"2": {"action": "person"}}}, False),
    ],
)
def test_a_lost_call_asked_for_a_person_last_and_nobody_came(call: dict[str, Any], expected: bool) -> None:
    assert lost(call) == expected


async def test_an_unreadable_fact_is_a_dead_letter_and_stops_nothing() -> None:
    from services.desk.testing import TOPICS
    from shared.events.envelope import Envelope, raw
    from shared.records import record_of
    from shared.testing import MemoryLog

    world = World()
    log = MemoryLog(partitions=1)
    odd = Envelope(
        id="1", type="contact.answered.v1", source="/i", subject="c", time=world.clock.now(), data=raw(k.SealedPerson())
    )  # fmt: skip
    log.append(record_of(TOPICS.contacts, odd), 0)
    await world.city.handlers.contacts(log.all(TOPICS.contacts))
    published = world.city.handlers._publisher.published  # type: ignore[attr-defined]
    assert [record.topic for record in published] == [TOPICS.dead_letters]


async def test_lists_are_paged_by_deadline_without_gap_or_repeat() -> None:
    world = World()
    for n in range(7):
        await world.case(f"c{n}")
        world.clock.forward(days=1)  # type: ignore[attr-defined]
    wanted, after, seen = Wanted(unit=UNIT, order_states=("WAIT_SIGN",)), "", []
    while True:
        page = await world.store.page(wanted, after, 3)
        seen += [sheet.number for sheet in page.sheets]
        after = page.next
        if not after:
            break
    assert sorted(seen) == [f"SJZ-20210113-{n:06d}" for n in range(1, 8)]
    async with world.browser(f"unit:{UNIT}") as browser:
        assert (await browser.get("/inbox?after=nonsense")).status_code == 422


async def test_tabs_count_what_is_due_and_overdue() -> None:
    world = World()
    await world.case("a")
    async with world.browser(f"unit:{UNIT}") as browser:
        fresh = (await browser.get("/inbox?tab=overdue")).text
        world.clock.forward(days=30)  # type: ignore[attr-defined]
        late = (await browser.get("/inbox?tab=overdue")).text
    assert "No work orders" in fresh
    assert "✕" in late
    assert "overdue" in late
