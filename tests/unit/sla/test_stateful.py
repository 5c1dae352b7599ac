"""Timers as a machine: events, time, crashes and two owners in any order; what is told depends on the events alone."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import Struct

from shared.clock import CHINA
from shared.events import cases as e
from shared.events.commands import Priority
from shared.events.envelope import Envelope
from tests.factories import LEAD
from tests.unit.sla.world import Told, Watching, World, answered, case_of, event, issued, sent_back, signed

START = datetime(2021, 1, 13, 10, 0, tzinfo=CHINA)
STEPS: dict[str, Struct] = {
    "sign": signed("o"),
    "contact": e.WorkOrderContacted(order="o", unit=LEAD, reached=True, text=""),
    "progress": e.WorkOrderProgressed(order="o", unit=LEAD, text="t"),
    "answer": answered("o"),
    "send back": sent_back("o"),
    "park": e.CaseParked(reason="r", review_at=START + timedelta(days=30)),
    "resume": e.CaseResumed(reason="r"),
    "up": e.CaseRegraded(priority="P0", request_type="QZ", topic="", reason="r"),
    "down": e.CaseRegraded(priority="P2", request_type="QZ", topic="", reason="r"),
    "supervise": e.SupervisionOpened(
        supervision="s", order="o", unit=LEAD, reason="r", due=START + timedelta(days=3), number="n"
    ),
    "report": e.SupervisionAnswered(supervision="s", unit=LEAD, text="t"),
    "not enough": e.SupervisionSentBack(supervision="s", unit=LEAD, text="t"),
    "close": e.CaseClosed(reason="r"),
    "ask again": e.CaseReopenRequested(contact_id="c"),
    "extend": e.WorkOrderExtended(order="o", unit=LEAD, until=START + timedelta(days=9), reason="r"),
}
MOOT = ("warn", "sign", "archive")
"""Not told late: a warning of a clock that has stopped in time, the silence of a unit that has signed, the archive of a
case that goes on."""


def certain(told: list[Told]) -> set[tuple[Any, ...]]:
    return {one[1:] for one in told if one.verb not in MOOT}


class Machine(RuleBasedStateMachine):
    """`ours` crashes and lags; at the end a serial owner, who is never late, tells the same."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world, self.now = World(), START
        self.owners = [self._owner(), self._owner()]
        self.events: list[Envelope] = []
        self.unread = 0

    def _owner(self) -> Watching:
        return Watching(self.world, START)

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @initialize(priority=st.sampled_from(["P0", "P1", "P2"]))
    def begin(self, priority: Priority) -> None:
        self._happen(issued("o", priority))

    def _happen(self, data: Struct) -> None:
        self.events.append(event(case_of("a"), len(self.events) + 1, self.now, data))
        self.unread += 1

    @rule(name=st.sampled_from(sorted(STEPS)))
    def happens(self, name: str) -> None:
        self._happen(STEPS[name])

    @rule(minutes=st.sampled_from([1, 7, 31, 200, 3_000, 20_000]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.unread)
    @rule(owner=st.integers(0, 1))
    def reads(self, owner: int) -> None:
        fresh = self.events[-self.unread :]
        self._do(self.owners[owner].read(*fresh))
        self.unread = 0

    @precondition(lambda self: not self.unread)
    @rule(owner=st.integers(0, 1))
    def fires(self, owner: int) -> None:
        """Only what is known: all events up to now have been read."""
        self._do(self.owners[owner].fire(self.now - timedelta(milliseconds=2)))

    @precondition(lambda self: not self.unread)
    @rule(owner=st.integers(0, 1))
    def tells_and_crashes(self, owner: int) -> None:
        """The commands are out, the write is lost: somebody tells them again."""
        kept = dict(self.world.table.rows)
        self._do(self.owners[owner].fire(self.now - timedelta(milliseconds=2)))
        self.world.table.rows.update(kept)
        self.owners[owner] = self._owner()

    @invariant()
    def no_rung_has_two_ids(self) -> None:
        """A supervision does not say of which deadline it is, so two of them may read the same."""
        told = [one for one in self.world.told() if one.verb != "supervise"]
        assert len({one.id for one in told}) == len({one[1:] for one in told})

    def teardown(self) -> None:
        if not self.events:
            self.loop.close()
            return
        self._do(self._settle(self.owners[0], self.events[-self.unread :] if self.unread else []))
        serial = Watching(World(), START)
        self._do(self._serially(serial))
        assert certain(self.world.told()) == certain(serial.world.told())
        self.loop.close()

    async def _settle(self, owner: Watching, fresh: list[Envelope]) -> None:
        if fresh:
            await owner.read(*fresh)
        while await owner.fire(self.now):
            pass

    async def _serially(self, owner: Watching) -> None:
        for one in self.events:
            while await owner.fire(one.time - timedelta(milliseconds=2)):
                pass
            await owner.read(one)
        while await owner.fire(self.now):
            pass


Machine.TestCase.settings = settings(
    max_examples=150, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestTimers = Machine.TestCase
