"""Timers fire once, in order, and only up to what has been read."""

from datetime import datetime, timedelta

import msgspec

from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Context
from services.dispatch.domain.fold import Commanded, Folder
from shared.clock import CHINA
from shared.events import cases as e
from shared.events import commands as c
from shared.events.envelope import decode
from tests.factories import LEAD, RULES, commanded, register
from tests.factories import case_of as register_case
from tests.factories import order_of as order_id
from tests.unit.sla.world import (
    COMMANDS_TOPIC,
    PLAIN,
    TOPICS,
    Watching,
    World,
    answered,
    case_of,
    event,
    issued,
    sent_back,
    signed,
)

START = datetime(2021, 1, 13, 10, 0, tzinfo=CHINA)
CASE = case_of("a")


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


async def watching() -> Watching:
    """A P0 order: sign 10 minutes (warned after 8), resolve 120 (warned after 96)."""
    made = Watching(World(), START, schedule=PLAIN)
    await made.read(event(CASE, 1, START, issued("o", "P0")))
    return made


async def test_each_rung_is_told_once_at_its_moment() -> None:
    one = await watching()
    assert await one.fire(after(7)) == []
    assert await one.fire(after(8)) == ["warn-sign"]
    assert await one.fire(after(9)) == []
    assert await one.fire(after(10)) == ["breach-sign", "sign"]
    assert await one.fire(after(200)) == ["warn-resolve", "breach-resolve"]
    assert await one.fire(after(10_000)) == []


async def test_silence_is_accepted_only_after_the_breach_was_told() -> None:
    one = await watching()
    assert await one.fire(after(500)) == ["warn-sign", "breach-sign", "sign", "warn-resolve", "breach-resolve"]
    command = decode(one.world.log.all(COMMANDS_TOPIC)[2].value)
    assert c.COMMANDS.data(command) == c.Sign(order="o", due=after(10))
    assert command.actor == "service:sla"


async def test_a_clock_that_has_stopped_tells_nothing() -> None:
    one = await watching()
    await one.read(event(CASE, 2, after(5), signed("o")))
    assert await one.fire(after(60)) == []
    await one.read(event(CASE, 3, after(61), answered("o")))
    assert await one.fire(after(500)) == []


async def test_sent_back_the_clock_tells_again_where_it_had_not() -> None:
    one = await watching()
    await one.read(event(CASE, 2, after(5), signed("o")))
    assert await one.fire(after(97)) == ["warn-resolve"]
    await one.read(event(CASE, 3, after(100), answered("o")), event(CASE, 4, after(110), sent_back("o")))
    assert await one.fire(after(500)) == ["breach-resolve"]


async def test_a_stop_that_came_too_late_does_not_hide_the_breach() -> None:
    """sla was away: it reads the late signature before its timers have fired."""
    one = await watching()
    await one.read(event(CASE, 2, after(11), signed("o")))
    assert await one.fire(after(12)) == ["warn-sign", "breach-sign"]
    await one.read(event(CASE, 3, after(120), answered("o")))
    assert await one.fire(after(500)) == [], "at the last moment is in time"


async def test_nothing_fires_past_what_has_been_read() -> None:
    """The wall clock is far ahead, the events are known up to minute 9: a signature of minute 9.5 may still come."""
    one = await watching()
    one.clock.forward(hours=5)
    assert await one.fire(after(9)) == ["warn-sign"]
    await one.read(event(CASE, 2, after(9.5), signed("o")))
    assert await one.fire(after(95)) == []


async def test_an_unknown_horizon_and_a_partition_of_others_fire_nothing() -> None:
    one = await watching()
    await one.timers.fire()
    assert one.world.told() == []
    one.known = {1: after(500)}
    await one.timers.fire()
    assert one.world.told() == [], "the case is in partition 0"


async def test_two_owners_tell_the_same_command() -> None:
    one = await watching()
    other = Watching(one.world, START, schedule=PLAIN)
    rows = await one.timers._store.due("N", [0], after(8), 10)
    await other.fire(after(8))
    await one.timers._tell(rows, after(8))
    assert len(one.world.told()) == 2
    assert len(set(one.world.told())) == 1, "a repeat carries the same id"


def _dispatch(case: Case, command: Commanded, at: datetime) -> list[str]:
    """Types of the events that dispatch's decision of the command leads to."""
    given = Context(
        at=at, now=max(at, case.time) if case.time else at, actor=command.envelope.actor, rules=RULES, number="SJZ-1",
        first_case="",
    )  # fmt: skip
    return [
        decode(entry.value).type
        for entry in Folder(TOPICS, frozenset()).fold(case, command, given)
        if "cases" in entry.topic
    ]


async def test_dispatch_takes_warn_and_breach_once_and_refuses_them_where_the_clock_had_stopped() -> None:
    case = Case(id=register_case())
    order = order_id(case.id)
    _dispatch(case, commanded(case.id, register(), "r"), START)
    due = after(60)
    for data, types in (
        (c.Warn(clock="sign", order=order, due=due), ["deadline.warned.v1"]),
        (c.Warn(clock="sign", order=order, due=due), ["command.rejected.v1"]),
        (c.Breach(clock="sign", order=order, due=due), ["deadline.breached.v1"]),
        (c.Breach(clock="sign", order=order, due=due), ["command.rejected.v1"]),
    ):
        name = f"{type(data).__name__}{types}"
        assert _dispatch(case, commanded(case.id, data, name, actor="service:sla"), after(61)) == types
    sign = commanded(case.id, c.Sign(order=order), "s", actor=f"unit:{LEAD}")
    assert _dispatch(case, sign, after(70)) == ["work_order.signed.v1"]
    answer = commanded(case.id, c.Answer(order=order, public_answer="x"), "a", actor=f"unit:{LEAD}")
    _dispatch(case, answer, after(80))
    late = c.Breach(clock="resolve", order=order, due=after(90))
    assert _dispatch(case, commanded(case.id, late, "b", actor="service:sla"), after(95)) == ["command.rejected.v1"]
    early = msgspec.structs.replace(late, due=after(79))
    assert _dispatch(case, commanded(case.id, early, "b2", actor="service:sla"), after(95)) == ["deadline.breached.v1"]
    assert e.DeadlineBreached in e.CASES.types


async def test_the_archive_is_sent_once_through_restarts_and_a_lost_write() -> None:
    """Whoever fires it again, because a write was lost, sends the same command."""
    world = World()
    one = Watching(world, START)
    await one.read(event(CASE, 1, START, issued("o")), event(CASE, 2, START, e.CaseClosed(reason="solved")))
    due = datetime(2021, 2, 3, 17, 30, tzinfo=CHINA)
    assert "archive" not in await one.fire(due - timedelta(seconds=1))
    before = msgspec.json.encode(world.clocks(CASE))
    assert await one.fire(due) == ["archive"]
    world.table.rows[CASE]["state"] = msgspec.json.decode(before)
    world.table.rows[CASE]["next"] = due
    second = Watching(world, START)
    assert await second.fire(due) == ["archive"]
    assert await Watching(world, START).fire(due + timedelta(days=100)) == []
    assert len({told.id for told in world.told() if told.verb == "archive"}) == 1
    await second.read(event(CASE, 3, due, e.CaseArchived(reason="r")))
    assert world.clocks(CASE).next() is None
