"""sla counts and dispatch judges: after any commands both say the same of every clock, pause and deadline."""

from collections.abc import Mapping
from datetime import datetime

import pytest

from services.dispatch.domain.case import Case
from services.dispatch.domain.states import state_of
from services.dispatch.domain.suborders import due_of
from services.sla.domain.clocks import Clocks, Running
from shared.events.commands import Clock
from shared.states import ENDED, CaseState
from tests.unit.sla.both import COUNTED, Both

WAITS: tuple[CaseState, ...] = ("PENDING_DISPATCH", "PENDING_SUPPLEMENT", "REOPEN_REQUESTED", "PARKED")
"""The centre is waited for: to dispatch, to judge, to review."""


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
