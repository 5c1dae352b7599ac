"""sla counts and dispatch judges: after any commands both say the same of every clock, pause and deadline."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from msgspec import Struct, structs

from services.dispatch.domain.case import Case, Order
from services.dispatch.domain.states import state_of
from services.dispatch.domain.suborders import due_of
from services.dispatch.policy import load_rules
from services.sla.domain.clocks import Clocks, Running
from shared.events import cases as e
from shared.events import commands as c
from shared.events.commands import Clock
from shared.moves import BY_VERB
from shared.states import ENDED, OVER, CaseState
from tests.factories import RULES
from tests.unit.dispatch.machine import VERBS, Walk, seeded, sensible
from tests.unit.sla.world import POLICY, VIEW, case_of, event

REAL = load_rules(POLICY)
COUNTED = structs.replace(RULES, resolve=REAL.resolve, parked=REAL.parked, due=REAL.due)
"""Units and routing of the tests, deadlines of the city."""
OTHER = case_of("other")
TIED: frozenset[CaseState] = frozenset({"MERGING", "MERGED", "LINKED"})
WAITS: tuple[CaseState, ...] = ("PENDING_DISPATCH", "PENDING_SUPPLEMENT", "REOPEN_REQUESTED", "PARKED")
"""The centre is waited for: to dispatch, to judge, to review."""


class Both:
    """One case as dispatch keeps it, and its clocks as sla reads them from its events."""

    def __init__(self, seed: int) -> None:
        self.walk = Walk(seeded(seed), COUNTED)
        self.clocks: Clocks | None = None
        self._read = 0

    def step(self) -> None:
        case, drawn = self.walk.case, self.walk.of(range(12))
        state = state_of(case)
        if drawn == 0:
            self.walk.do(self._tie(case))
        elif drawn < 4 and state not in OVER and state not in TIED:
            self.walk.do(sensible(case))
        elif drawn == 4 and (busy := [order for order in case.orders if order.state == "HANDLING"]):
            self._more_time(case, self.walk.of(busy))
        else:
            self.walk.step(self.walk.of([verb for verb in VERBS if state in BY_VERB[verb].case]))
        self._hear()

    def _more_time(self, case: Case, order: Order) -> None:
        until = due_of(case, order, COUNTED) + timedelta(days=1)
        self.walk.do(c.AskExtension(order=order.id, until=until, reason="r"))
        self.walk.do(c.JudgeExtension(order=order.id, approve=True))

    def _tie(self, case: Case) -> Struct:
        """Something that another case is about."""
        related = case.related
        if related.merge is not None and related.merge.done:
            return c.RecordMerge(merge=related.merge.id, target=OTHER, step="released")
        if related.merge is not None:
            return self._outcome(related.merge.id)
        if related.link is not None and related.waits():
            number = related.link.number
            if self.walk.often():
                return c.TakeAnswer(event_case=OTHER, link=number, answer="a")
            return c.RefuseLink(event_case=OTHER, link=number, reason="r", detail="d")
        merge, link = c.MergeInto(target=OTHER, reason="r"), c.Link(event_case=OTHER, reason="r")
        return merge if self.walk.often() else link

    def _outcome(self, merge: str) -> Struct:
        return c.RecordMerge(merge=merge, target=OTHER, step="absorbed" if self.walk.often() else "refused")

    def _hear(self) -> None:
        for data, at in self.walk.history[self._read :]:
            self._read += 1
            if e.CASES.types[type(data)] in VIEW.interests:
                self.clocks = VIEW.fold(self.clocks, event(self.walk.case.id, self._read, at, data), data)


def agree(case: Case, clocks: Clocks) -> None:
    state = state_of(case)
    if state != "MERGING":
        assert waits(clocks) == (state in WAITS), state
    assert parked(clocks) == (case.parked_at is not None and state != "MERGED"), state
    check_stops(clocks.case.clocks, case.stopped)
    for order in case.orders:
        mine = clocks.orders[order.id].clocks
        check_stops(mine, order.stopped)
        if order.state not in ENDED and mine["resolve"].stopped is None and mine["resolve"].held is None:
            assert mine["resolve"].due == due_of(case, order, COUNTED), (state, order)


def waits(clocks: Clocks) -> bool:
    """Whether the case's own audit clock runs."""
    audit = clocks.case.clocks.get("audit")
    return audit is not None and audit.stopped is None


def parked(clocks: Clocks) -> bool:
    return any(pause.kind == "parked" and pause.until is None for pause in clocks.case.pauses)


def check_stops(ours: dict[Clock, Running], theirs: Mapping[Clock, datetime]) -> None:
    """A citizen may have been reached before the case is of a type for which policy asks that."""
    for clock, running in ours.items():
        assert clock == "contact" or theirs.get(clock) == running.stopped, clock


@pytest.mark.parametrize("seed", range(100))
def test_both_say_the_same_of_a_case_whatever_happens_to_it(seed: int) -> None:
    both = Both(seed)
    both.walk.step("register")
    for _ in range(80):
        both.step()
        if both.clocks is not None:
            agree(both.walk.case, both.clocks)
