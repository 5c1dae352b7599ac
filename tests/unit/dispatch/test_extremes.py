"""Whatever a command says within its types: a decision takes it or refuses it, and every reader can live with that."""

from typing import Any

import bson
import msgspec
import pytest

from services.desk.domain.dues import Dues
from services.desk.domain.view import SheetView
from services.dispatch.domain.states import state_of
from services.notify.domain.view import DebtsView
from services.reports.domain.view import FactsView
from services.sla.domain.clocks import Clocks
from services.sla.domain.telling import command
from services.transfer.domain.view import TransfersView
from services.transfer.policy import load_transfer
from shared.calendars import load_calendar
from shared.deadlines import load_rulebook
from shared.events import commands as c
from shared.events.cases import CASES
from shared.moves import BY_VERB
from shared.reader import View
from tests.unit.dispatch.extremes import Hostile
from tests.unit.dispatch.machine import VERBS, seeded
from tests.unit.sla.world import DAY, POLICY, SCHEDULE, VIEW

STEPS = 60
PARTNERS = load_transfer(POLICY)
READERS: tuple[View[Any], ...] = (
    VIEW, FactsView(), DebtsView(), SheetView(Dues(load_rulebook(POLICY))),
    TransfersView(PARTNERS.deadlines(load_calendar(POLICY)), PARTNERS.progress),
)  # fmt: skip


def walked(seed: int) -> Hostile:
    """Sensible commands and extreme ones by turns; more of those that the table allows."""
    walk = Hostile(seeded(seed))
    walk.step("register") if walk.often() else walk.anything("register")
    for _ in range(STEPS):
        state = state_of(walk.case)
        sensible = [verb for verb in VERBS if state in BY_VERB[verb].case]
        allowed = [verb for verb in c.VERBS if state in BY_VERB[verb].case]
        if sensible and not walk.often():
            walk.step(walk.of(sensible))
        else:
            walk.anything(walk.of(allowed if allowed and walk.often() else [*c.VERBS]))
    return walk


def read(view: View[Any], walk: Hostile) -> Any:
    """The reader's state after all that was told, as its database takes it."""
    state = None
    for event in walk.told:
        data = CASES.data(event)
        if event.type in view.interests and (after := view.fold(state, event, data)) is not None:
            state = after
    if state is not None:
        bson.encode({"state": msgspec.to_builtins(state), **view.index(state)})
    return state


def fired(case: str, state: Clocks, walk: Hostile) -> None:
    """Everything that its clocks still tell."""
    while (one := SCHEDULE.pending(state, walk.now + 400 * DAY)) is not None:
        command(case, state, SCHEDULE, one, walk.now)
        SCHEDULE.told(state, one)


@pytest.mark.parametrize("seed", range(200))
def test_any_values_are_taken_or_refused_and_can_be_read_by_everybody(seed: int) -> None:
    walk = walked(seed)
    clocks, *_ = [read(view, walk) for view in READERS]
    if clocks is not None:
        fired(walk.case.id, clocks, walk)
    assert walk.told
