"""The protocol that loses nothing, under random schedules (design.md §3). HOTLINE_SCHEDULES sets how many."""

import os
from collections import defaultdict
from collections.abc import Iterable

import pytest
import uvloop

from services.dispatch.domain.fold import cause_of
from services.dispatch.store import read_case
from shared.events.cases import CASES as EVENTS
from shared.events.envelope import Envelope, decode
from shared.records import Received
from tests.factories import LEAD, SECOND
from tests.protocol.script import script
from tests.protocol.world import CASES, TOPICS, World

SCHEDULES = int(os.environ.get("HOTLINE_SCHEDULES", "2000"))
CHUNK = 100


def first_occurrences(records: Iterable[Received]) -> dict[str, list[Envelope]]:
    """Events by case, each sequence where it stands first; a repeat must be the same to the byte."""
    values: dict[tuple[str, int], bytes | None] = {}
    found: dict[str, list[Envelope]] = defaultdict(list)
    for record in records:
        event = decode(record.value)
        known = values.setdefault((event.subject, event.sequence), record.value)
        assert known == record.value, f"two different events under {event.subject} {event.sequence}"
        if event.sequence not in [e.sequence for e in found[event.subject]]:
            found[event.subject].append(event)
    return found


def check_order(events: dict[str, list[Envelope]], world: World) -> None:
    for case, history in events.items():
        assert [e.sequence for e in history] == list(range(1, len(history) + 1)), f"{case}: order or gaps"
        assert len(history) == read_case(world.state.cases.rows[case]).sequence, f"{case}: unpublished events"


def check_outcomes(events: dict[str, list[Envelope]], world: World) -> None:
    """Every command that was sent has exactly one outcome: one run of consecutive events."""
    for command in world.sent:
        case = read_case(world.state.cases.rows[command.subject])
        cause = cause_of(case, command)
        mine = [e.sequence for e in events[command.subject] if e.causationid == cause]
        assert mine, f"{command.type} of {command.subject} has no outcome"
        assert mine == list(range(mine[0], mine[-1] + 1)), f"{command.type}: {mine}"
        assert case.causes[cause][:2] == (mine[0], mine[-1])


def check_debts(events: dict[str, list[Envelope]]) -> None:
    for case, history in events.items():
        owed = [EVENTS.data(e).obligation for e in history if e.type == "reply.owed.v1"]
        settled = [EVENTS.data(e).obligation for e in history if e.type == "reply.settled.v1"]
        assert sorted(owed) == sorted(settled), f"{case}: owed {owed}, settled {settled}"


def check_readers(events: dict[str, list[Envelope]], world: World) -> None:
    for name, table in world.tables.items():
        for case, history in events.items():
            row = table.rows[case]
            expected = [(e.sequence, e.type) for e in history]
            assert [tuple(pair) for pair in row["state"]["events"]] == expected, f"{name} of {case}"
            assert not row["parked"], f"{name} of {case} is parked"


def check_feeds(world: World) -> None:
    for unit in (LEAD, SECOND):
        steps: dict[tuple[str, int], bytes | None] = {}
        seen: dict[str, int] = defaultdict(int)
        for record in world.log.all(TOPICS.feed(unit)):
            event = decode(record.value)
            if not event.ordersequence:
                continue
            order = EVENTS.data(event).order if event.type != "work_order.issued.v1" else "issued"
            order = f"{event.subject}/{order}" if order == "issued" else f"{event.subject}/issued"
            assert steps.setdefault((order, event.ordersequence), record.value) == record.value
            if event.ordersequence > seen[order]:
                assert event.ordersequence == seen[order] + 1, f"{unit}: feed of {order} has a gap"
                seen[order] = event.ordersequence


def check_parked(world: World) -> None:
    """What a reader could not read is parked there, with one dead letter."""
    for name, blind in world.blind.items():
        for case, sequence in blind:
            row = world.tables[name].rows.get(case)
            if row and row["parked"]:
                assert decode(row["parked"][0]["value"]).sequence == sequence


async def live(seed: int) -> World:
    world = World(seed)
    commands = script(seed)
    draw = world.schedule.random
    if draw.random() < 0.4:
        name = draw.choice(list(world.blind))
        world.blind[name].add((draw.choice(commands).envelope.subject, draw.randint(1, 6)))
    await world.run(commands, steps=draw.randint(5, 40))
    check_parked(world)
    await world.mend()
    if any(group.behind() for group in world.groups.values()):
        world.fails = 0.0
        await world.run([], steps=0)
    return world


async def check(seed: int) -> None:
    world = await live(seed)
    events = first_occurrences(world.log.all(CASES))
    check_order(events, world)
    check_outcomes(events, world)
    check_debts(events)
    check_readers(events, world)
    check_feeds(world)
    assert not world.state.waiting
    assert world.commits


@pytest.mark.parametrize("start", range(0, SCHEDULES, CHUNK))
def test_nothing_is_lost_reordered_or_done_twice(start: int) -> None:
    for seed in range(start, min(start + CHUNK, SCHEDULES)):
        try:
            uvloop.run(check(seed))
        except BaseException as error:
            error.add_note(f"schedule {seed}")
            raise
