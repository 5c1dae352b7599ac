"""A shift hands its open cases over; what nobody keeps is counted."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from services.dispatch.desk import Desk
from services.dispatch.domain.case import Case
from services.dispatch.keepers import Handover, Keepers, watch_unkept
from services.dispatch.store import MemoryState, MemoryStore, write_of
from shared import names
from shared.auth import Identity
from shared.codes import Codes
from shared.events.cases import CASES, CaseKept, CommandRejected
from shared.events.commands import COMMANDS
from shared.events.envelope import Envelope, decode, raw
from shared.events.topics import Topics
from shared.follow import Outcomes
from shared.records import Record, record_of
from shared.service import Problem
from shared.settings import Settings
from shared.testing import FakeClock, MemoryPublisher
from tests.factories import START, case_of, register
from tests.unit.dispatch.test_orders import do

TOPICS = Topics("130100")
CODES = Codes(Settings().policy)
SUPERVISOR = Identity("s", "supervisor")
NOTE = Handover(to="a2", note="the district calls back at nine")


class Centre:
    """Cases of agent a1 and a desk before them; dispatch takes every command but those of `stubborn` cases."""

    def __init__(self, count: int) -> None:
        self.cases = [case_of(f"c{n}") for n in range(count)]
        self.stubborn: set[str] = set()
        self.out = MemoryPublisher()
        self.outcomes = Outcomes()
        self.state = MemoryState()
        self.store = MemoryStore(self.state)
        self.keepers = Keepers(self.store, Desk(self.store, self, self.outcomes, FakeClock(), TOPICS, CODES))

    async def begin(self, actor: str = "agent:a1") -> "Centre":
        for case_id in self.cases:
            case = Case(id=case_id)
            do(case, register(), actor=actor)
            await self.store.cases.save([write_of(case, 0, "", [])])
        return self

    async def publish(self, records: Sequence[Record]) -> None:
        await self.out.publish(records)
        for record in records:
            asyncio.get_running_loop().call_soon(self._decided, decode(record.value))

    def _decided(self, command: Envelope) -> None:
        refused = command.subject in self.stubborn
        data: Any = (
            CommandRejected(verb="keep", reason="not_possible", detail="d") if refused else CaseKept(keeper="a2")
        )
        event = Envelope(
            id="e", type=CASES.type_of(data), source="/dispatch", subject=command.subject, time=START,
            causationid=command.id, data=raw(data),
        )  # fmt: skip
        self.out.log.produce(record_of("seen", event))
        self.outcomes.see(self.out.log.all("seen")[-1])


async def test_all_open_cases_of_a_shift_move_with_a_note() -> None:
    centre = await Centre(3).begin()
    centre.stubborn.add(centre.cases[1])
    result = await centre.keepers.hand_over("a1", NOTE, "k", SUPERVISOR)
    assert sorted(result["moved"]) == sorted([centre.cases[0], centre.cases[2]])
    assert result["refused"] == [{"case": centre.cases[1], "reason": "not_possible", "detail": "d"}]
    sent = [decode(record.value) for record in centre.out.published]
    assert {(COMMANDS.data(one).keeper, COMMANDS.data(one).note) for one in sent} == {("a2", NOTE.note)}


async def test_a_repeat_sends_the_same_commands() -> None:
    centre = await Centre(2).begin()
    for _ in range(2):
        await centre.keepers.hand_over("a1", NOTE, "k", SUPERVISOR)
    assert len({decode(record.value).id for record in centre.out.published}) == 2


@pytest.mark.parametrize(
    ("who", "to", "status"),
    [(Identity("a3", "agent"), "a2", 403), (Identity("d", "dispatcher"), "a2", 403), (SUPERVISOR, "a1", 422)],
)
async def test_nobody_gives_away_what_others_keep(who: Identity, to: str, status: int) -> None:
    centre = await Centre(1).begin()
    with pytest.raises(Problem) as problem:
        await centre.keepers.hand_over("a1", Handover(to=to, note="n"), "k", who)
    assert (problem.value.status, centre.out.published) == (status, [])


async def test_cases_without_a_keeper_are_counted_once_they_are_late() -> None:
    centre = await Centre(2).begin(actor="service:web")
    assert await centre.store.unkept(START - timedelta(minutes=1)) == 0
    assert await centre.store.unkept(START) == 2
    clock = FakeClock()
    task = asyncio.create_task(watch_unkept(centre.store, clock, clock.now() - START))
    await asyncio.sleep(0.05)
    task.cancel()
    assert names.UNKEPT._value.get() == 2
