"""Merges, splits and event cases across several cases, under random schedules: nobody is lost on the way.

HOTLINE_SCHEDULES sets how many, one in fifty; each ends with every case at its end.
"""

import os
from collections.abc import Iterable

import pytest
import uvloop

from services.dispatch.domain.case import Case
from services.dispatch.domain.states import state_of
from services.dispatch.store import read_case
from shared.events import cases as e
from shared.events.envelope import Envelope
from tests.factories import commanded
from tests.protocol.test_protocol import check_debts, check_order, check_outcomes, check_readers, first_occurrences
from tests.protocol.ties import next_steps, script, second_thoughts
from tests.protocol.world import CASES, FAILS, World

SCHEDULES = max(150, int(os.environ.get("HOTLINE_SCHEDULES", "2000")) // 50)
"""A schedule of several cases costs five of one."""
CHUNK = 50
ROUNDS, THOUGHTS = 40, 4
"""Rounds until every case must be at its end, and the first ones, in which people change their minds."""
AT_END = ("CLOSED", "MERGED")


def cases_of(world: World) -> dict[str, Case]:
    found = {case: read_case(row) for case, row in world.state.cases.rows.items()}
    return {case: known for case, known in found.items() if known.registered}


def check_rest(world: World) -> None:
    """Nobody waits for an answer that will not come: of a target, of a new case, of an event case."""
    known = cases_of(world)
    for case in known.values():
        assert state_of(case) != "MERGING", f"{case.id} waits for its target"
        assert not case.related.leaving, f"a split of {case.id} has no end"
        assert all(debt.state != "leaving" for debt in case.debts)
        if case.related.waits() and not case.closed:
            parent = known[case.related.link.event_case]  # type: ignore[union-attr]
            assert parent.related.event is not None, f"{case.id} waits for what is no event case"
            assert parent.related.event.told != parent.cycle, f"{case.id} was not told what {parent.id} told all"


async def finish(world: World) -> None:
    """Everybody does his work until every case is at its end."""
    draw = world.schedule.random
    for number in range(ROUNDS):
        check_rest(world)
        known = list(cases_of(world).values())
        left = [case for case in known if state_of(case) not in AT_END]
        if not left and number >= THOUGHTS:
            return
        steps = [step for case in left for step in next_steps(case)]
        if number < THOUGHTS:
            steps = [*steps, *second_thoughts(known, draw, number)]
            world.fails = FAILS
        sent = [commanded(a, b, f"finish/{number}/{n}", actor=who) for n, (a, b, who) in enumerate(steps)]
        await world.run(sent, draw.randint(0, 8) if number < THOUGHTS else 0)
    raise AssertionError(f"cases without an end: {[(case.id, state_of(case)) for case in left]}")


def holder(cases: dict[str, Case], case: Case, contact: str, merge: str = "") -> tuple[Case, str]:
    """Who answers a contact in the end, and by which merge he came there."""
    while True:
        mine = [debt for debt in case.debts if (debt.reporter.contact_id, debt.merge) == (contact, merge)]
        into = case.related.merge
        if mine and mine[-1].state == "split":
            new = [one for one in cases.values() if one.debts[0].reporter.contact_id == contact and one is not case]
            case, merge = new[-1], ""
        elif into is not None:
            case, merge = cases[into.target], into.id
        else:
            return case, merge


def heard(events: dict[str, list[Envelope]]) -> Iterable[tuple[str, str]]:
    """Case and contact of everybody who turned to the platform and can be told an answer."""
    for case, history in events.items():
        for event in history:
            data = e.CASES.data(event)
            outside = isinstance(data, e.CaseRegistered | e.ContactAttached) and not getattr(data, "merge", "")
            if outside and data.reporter.person.sealed and not getattr(data, "split_from", ""):
                yield case, data.reporter.contact_id


def check_reporters(world: World, events: dict[str, list[Envelope]]) -> None:
    """Everybody has exactly one settled reply of the present cycle, in the case that answers him."""
    cases = cases_of(world)
    for origin, contact in heard(events):
        case, merge = holder(cases, cases[origin], contact)
        mine = [
            d for d in case.debts if d.reporter.contact_id == contact and d.cycle == case.cycle and d.merge == merge
        ]
        states = [debt.state for debt in mine]
        assert states == ["settled"], f"contact {contact} of {origin} in {case.id} (cycle {case.cycle}): {states}"


def check_owed_once(events: dict[str, list[Envelope]]) -> None:
    """Each obligation becomes payable once, and says the number that its reporter knows."""
    told = [e.CASES.data(event) for history in events.values() for event in history]
    numbers: dict[str, set[str]] = {}
    for data in told:
        if isinstance(data, e.CaseRegistered):
            numbers.setdefault(data.reporter.contact_id, set()).add(data.number)
    owed = [data for data in told if isinstance(data, e.ReplyOwed)]
    for data in owed:
        contact = data.reporter.contact_id
        assert data.number in numbers.get(contact, {data.number}), f"{contact} is told of {data.number}"
        assert "{number}" not in data.answer, f"{contact} is told a text without details"
    assert len(owed) == len({data.obligation for data in owed})


def check_released(events: dict[str, list[Envelope]]) -> None:
    """Who left with an undone merge is told nothing more in the case that he left."""
    for case, history in events.items():
        by_merge: dict[str, set[str]] = {}
        gone: set[str] = set()
        for data in map(e.CASES.data, history):
            match data:
                case e.CaseAbsorbed():
                    by_merge.setdefault(data.merge, set()).update(data.obligations)
                case e.ContactAttached() if data.merge:
                    by_merge.setdefault(data.merge, set()).add(data.obligation)
                case e.CaseReleased():
                    gone |= by_merge.get(data.merge, set())
                case e.ReplyOwed():
                    assert data.obligation not in gone, f"{case} answers somebody who has left"


async def check(seed: int) -> None:
    world = World(seed)
    await world.run(script(seed), steps=world.schedule.random.randint(5, 30))
    await finish(world)
    events = first_occurrences(world.log.all(CASES))
    check_order(events, world)
    check_outcomes(events, world)
    check_debts(events)
    check_readers(events, world)
    check_reporters(world, events)
    check_owed_once(events)
    check_released(events)


@pytest.mark.parametrize("start", range(0, SCHEDULES, CHUNK))
def test_no_order_of_events_loses_a_reporter(start: int) -> None:
    for seed in range(start, min(start + CHUNK, SCHEDULES)):
        try:
            uvloop.run(check(seed))
        except BaseException as error:
            error.add_note(f"schedule {seed}")
            raise
