"""What the desk shows is what dispatch and sla say: state and deadlines, whatever happens to a case."""

import pytest

from services.desk.domain.dues import Dues
from services.desk.domain.sheet import Sheet
from services.desk.domain.view import SheetView
from services.dispatch.domain.states import state_of
from shared.deadlines import load_rulebook
from shared.events import cases as e
from shared.states import ENDED
from tests.unit.sla.both import Both
from tests.unit.sla.world import POLICY, event

VIEW = SheetView(Dues(load_rulebook(POLICY)))


class Shown(Both):
    """A case as dispatch keeps it and sla counts it, and the desk's sheet of it."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.sheet: Sheet | None = None
        self._shown = 0

    def look(self) -> Sheet | None:
        """Without what the walk makes up of missed deadlines: the desk believes whatever is told of those."""
        for data, at in self.walk.history[self._shown :]:
            self._shown += 1
            if not isinstance(data, e.DeadlineWarned | e.DeadlineBreached):
                self.sheet = VIEW.fold(self.sheet, event(self.walk.case.id, self._shown, at, data), data)
        return self.sheet


def agree(shown: Shown, sheet: Sheet) -> None:
    case, clocks = shown.walk.case, shown.clocks
    assert sheet.state == state_of(case)
    for order in case.orders:
        assert clocks is not None
        resolve, mine = clocks.orders[order.id].clocks["resolve"], sheet.order(order.id)
        if order.state not in ENDED and resolve.stopped is None and resolve.held is None:
            assert mine is not None
            assert mine.dues["resolve"] == resolve.due, (sheet.state, order)


@pytest.mark.parametrize("seed", range(100))
def test_the_desk_shows_the_state_and_the_deadlines_that_others_reckon_with(seed: int) -> None:
    shown = Shown(seed)
    shown.walk.step("register")
    for _ in range(80):
        shown.step()
        if (sheet := shown.look()) is not None:
            agree(shown, sheet)
