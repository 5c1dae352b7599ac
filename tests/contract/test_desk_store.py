"""The desk's store, in memory and on MongoDB: the same lists, figures, drafts and changes."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.desk.domain.calls import ENDED, OFFERED, CallFigures, Facts, Waiting
from services.desk.domain.days import day_of
from services.desk.domain.reveals import Reveal
from services.desk.memory import MemoryStore
from services.desk.reveals import MemoryReveals, MongoReveals, Reveals
from services.desk.store import Change, MongoStore, Store, View, Wanted
from services.desk.testing import LittleCity
from shared.events import cases as e
from shared.events import contacts as k
from shared.events.commands import Reporter
from shared.events.contacts import SealedPerson
from shared.ids import case_id, contact_id, derive
from shared.mongo import connect
from shared.settings import Settings
from shared.testing import FakeClock
from tests.unit.desk.world import CITY, OTHER, SECRET, UNIT

pytestmark = pytest.mark.real
CALLER = "+8613812341234"


@pytest.fixture(params=["memory", "mongo"])
async def city(request: pytest.FixtureRequest) -> AsyncIterator[LittleCity]:
    if request.param == "memory":
        yield LittleCity(CITY, FakeClock(), SECRET, MemoryStore())
        return
    settings: Settings = request.getfixturevalue("servers")
    database = connect(settings, "desk_contract")
    await database.client.drop_database(database.name)
    store = MongoStore(database)
    await store.prepare()
    yield LittleCity(CITY, FakeClock(), SECRET, store)
    database.client.close()


async def register(city: LittleCity, name: str, **more: object) -> str:
    contact = contact_id("test", "web", name)
    case = case_id("normal", contact, 1)
    person = SealedPerson(caller_ref="ref-1", masked="138****1234", sealed="k1.x")
    body = {"title": "小区暖气不热", "text": "三天了", **more}
    await city.register(case, Reporter(contact_id=contact, person=person), body)
    return case


async def pages(store: Store, wanted: Wanted, limit: int) -> list[str]:
    after, seen = "", []
    while True:
        page = await store.page(wanted, after, limit)
        seen += [sheet.number for sheet in page.sheets]
        after = page.next
        if not after:
            return seen


async def test_a_unit_is_listed_by_its_own_deadline(city: LittleCity) -> None:
    case, soon = await register(city, "own"), city.clock.now() + timedelta(hours=1)
    issued = e.WorkOrderIssued(
        order="o2", unit=OTHER, role="supporting", cycle=1, returns=0, priority="P2", request_type="QZ", due=soon
    )
    await city.tell(case, issued)
    await city.tell(case, e.WorkOrderSigned(order="o2", unit=OTHER))
    late = [
        Wanted(unit=one, order_states=("WAIT_SIGN", "HANDLING"), due_before=soon + timedelta(hours=1))
        for one in (UNIT, OTHER)
    ]
    assert [await city.store.count(one) for one in late] == [0, 1]
    assert [await pages(city.store, one, 1) for one in late] == [[], ["SJZ-20210113-000001"]]


async def test_lists_of_a_unit_and_of_the_centre(city: LittleCity) -> None:
    cases = [await register(city, f"c{n}") for n in range(5)]
    pending = await register(city, "p", topic="99")
    closed = await register(city, "z", answer="已告知")
    order = derive("order", cases[0], UNIT)
    await city.tell(cases[0], e.WorkOrderSigned(order=order, unit=UNIT))
    new = Wanted(unit=UNIT, order_states=("WAIT_SIGN",))
    assert sorted(await pages(city.store, new, 2)) == [f"SJZ-20210113-{n:06d}" for n in (2, 3, 4, 5)]
    assert await city.store.count(new) == 4
    assert await pages(city.store, Wanted(case_states=("PENDING_DISPATCH",)), 9) == ["SJZ-20210113-000006"]
    assert await city.store.count(Wanted(order_states=("HANDLING",))) == 1
    late = city.clock.now() + timedelta(days=60)
    assert await city.store.count(Wanted(unit=UNIT, order_states=("WAIT_SIGN", "HANDLING"), due_before=late)) == 5
    assert await city.store.count(Wanted(order_states=("WAIT_SIGN",), due_before=city.clock.now())) == 0
    assert await city.store.by_state() == {"DISPATCHED": 4, "HANDLING": 1, "PENDING_DISPATCH": 1}
    found = await city.store.by_number("SJZ-20210113-000006")
    assert found is not None
    assert (found.id, await city.store.by_number("SJZ-9")) == (pending, None)
    mine = await city.store.of_caller("ref-1", 10)
    assert (len(mine), mine[-1].id, mine[0].timeline) == (7, closed, mine[0].timeline)
    assert len(await city.store.with_words(["暖气"], 10)) == 6


async def test_supervised_cases_by_state_and_unit(city: LittleCity) -> None:
    cases = [await register(city, f"s{n}") for n in range(3)]
    for case in cases:
        await city.tell(case, e.SupervisionOpened(supervision=case, order="", unit=UNIT, reason="r"))
    await city.tell(cases[0], e.SupervisionAnswered(supervision=cases[0], unit=UNIT, text="t"))
    assert len(await pages(city.store, Wanted(supervised=("ISSUED",), unit=UNIT), 1)) == 2
    assert len(await pages(city.store, Wanted(supervised=("ISSUED", "ANSWERED")), 2)) == 3
    assert await city.store.count(Wanted(supervised=("ISSUED",), unit="130100-02-002")) == 0
    await city.tell(cases[0], e.SupervisionClosed(supervision=cases[0], unit=UNIT, text=""))
    assert await city.store.count(Wanted(supervised=("ANSWERED",))) == 0


async def test_a_step_of_a_reveal_is_taken_once_and_in_time(city: LittleCity) -> None:
    reveals: Reveals = MongoReveals(city.store._database) if isinstance(city.store, MongoStore) else MemoryReveals()
    now = city.clock.now()
    await reveals.add(Reveal(id="r", case="N-1", by="a", why="w", until=now + timedelta(minutes=1)))
    (one,) = await reveals.of_case("N-1")
    assert (one.by, await reveals.of_case("N-2")) == ("a", [])
    assert not await reveals.step(one, now + timedelta(minutes=1), state="approved")
    assert await reveals.step(one, now, state="approved", judged_by="b")
    assert not await reveals.step(one, now, state="refused")
    assert [found.state for found in await reveals.of_case("N-1")] == ["approved"]


async def test_breaches_of_the_day(city: LittleCity) -> None:
    case = await register(city, "a")
    today = day_of(city.clock.now())
    assert await city.store.count(Wanted(breached_since=today)) == 0
    order = derive("order", case, UNIT)
    await city.tell(case, e.DeadlineBreached(clock="sign", order=order, unit=UNIT, due=city.clock.now()))
    assert await city.store.count(Wanted(breached_since=today)) == 1
    assert await city.store.count(Wanted(breached_since=today + timedelta(days=1))) == 0


async def test_calls_in_any_order_and_figures(city: LittleCity) -> None:
    assert await city.store.figures(day_of(city.clock.now())) == CallFigures()
    contact = await city.call("1", CALLER, "017", wait_s=20.0)
    await city.fact(contact, k.Ended(number=4, by="agent", served=True))
    await city.fact(contact, k.Answered(number=3, agent="017", wait_s=20.0))
    served = await city.call("2", CALLER)
    await city.fact(served, k.KeyPressed(number=3, menu="main", key="1", action="play"))
    await city.fact(served, k.Ended(number=4, by="ivr", served=True))
    waiting = await city.call("3", CALLER)
    now = city.clock.now()
    assert await city.store.figures(day_of(now)) == CallFigures(offered=3, answered=1, self_served=1)
    assert await city.store.waiting(day_of(now)) == Waiting(calls=1, oldest=now)
    assert await city.store.waiting(now + timedelta(seconds=1)) == Waiting()
    assert [call.id for call in await city.store.queue(day_of(now), 5)] == [waiting]
    (mine,) = await city.store.calls_of("017", 5)
    assert (mine.id, mine.masked, mine.path, mine.ended) == (contact, "138****1234", "3", True)
    known = await city.store.call(contact)
    assert known == mine
    assert await city.store.call("nobody") is None


async def test_lost_calls_are_those_that_asked_for_a_person_last(city: LittleCity) -> None:
    begun = {"time": city.clock.now(), "channel": "call"}
    for n, by in enumerate(("caller", "ivr")):
        await city.store.apply([Facts(f"no key {n}", {"offered": begun, "ended": {"by": by, "served": False}}, ENDED)])
    for n, actions in enumerate((("play", "urgent"), ("person", "play"))):
        contact = await city.call(f"{n}", CALLER)
        for number, action in zip((9, 10), actions, strict=True):
            await city.fact(contact, k.KeyPressed(number=number, menu="main", key="1", action=action))
        await city.fact(contact, k.Ended(number=11, by="caller", served=False))
    talked = await city.call("talked", CALLER, "017")
    await city.fact(talked, k.Ended(number=4, by="caller", served=True))
    found = await city.store.figures(day_of(city.clock.now()))
    assert (found.offered, found.answered, found.lost) == (5, 1, 2)


async def test_a_call_whose_beginning_is_read_last(city: LittleCity) -> None:
    now = city.clock.now()
    begun = {"time": now, "channel": "call", "receipt": "", "masked": "138****1234"}
    await city.store.apply([Facts("late", {"ended": {"time": now, "by": "agent", "served": True}}, ENDED)])
    assert await city.store.queue(day_of(now), 5) == []
    await city.store.apply([Facts("late", {"offered": begun, "keys.2": {"time": now, "key": "3"}}, OFFERED)])
    known = await city.store.call("late")
    assert known is not None
    assert (known.masked, known.path, known.ended) == ("138****1234", "3", True)
    assert await city.store.queue(day_of(now), 5) == []


async def test_drafts_agents_and_views(city: LittleCity) -> None:
    assert await city.store.get("drafts", "a/b") == {}
    await city.store.put("drafts", "a/b", {"fields": {"title": "t"}})
    await city.store.put("drafts", "a/b", {"matter": 2})
    assert await city.store.get("drafts", "a/b") == {"_id": "a/b", "fields": {"title": "t"}, "matter": 2}
    assert await city.store.drafts(["a/b", "a/c"]) == {"a/b": await city.store.get("drafts", "a/b")}
    await city.store.put("agents", "018", {"state": "ready"})
    await city.store.put("agents", "017", {"state": "busy"})
    assert [one["_id"] for one in await city.store.agents()] == ["017", "018"]
    views = [
        View(who="w", role="agent", what="page", case=case, number="n", at=city.clock.now() + timedelta(seconds=n))
        for n, case in enumerate(("N-1", "N-2", "N-1"))
    ]
    for view in views:
        await city.store.viewed(view)
    assert await city.store.views("N-1", 9) == [views[2], views[0]]
    assert [view.case for view in await city.store.views("", 2)] == ["N-1", "N-2"]


async def test_changes_name_the_case_and_the_agent_who_took_the_call(city: LittleCity) -> None:
    seen: list[Change] = []

    async def listen() -> None:
        async for change in city.store.changes():
            seen.append(change)

    listening = asyncio.create_task(listen())
    async with asyncio.timeout(60):
        for n in itertools.count():  # the stream tells only what comes after it was opened
            await register(city, f"before-{n}")
            await asyncio.sleep(0.1)
            if seen:
                break
        case = await register(city, "a")
        contact = await city.call("1", CALLER, "017")
        while Change("contacts", contact, "017") not in seen:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert Change("cases", case) in seen
    assert seen[-1] == Change("contacts", contact, "017")
