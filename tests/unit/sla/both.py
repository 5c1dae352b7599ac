"""One case in two services at once, driven by chance."""

from datetime import timedelta

from msgspec import Struct, structs

from services.dispatch.domain.case import Case, Order
from services.dispatch.domain.states import state_of
from services.dispatch.domain.suborders import due_of
from services.dispatch.policy import load_rules
from services.sla.domain.clocks import Clocks
from shared.events import cases as e
from shared.events import commands as c
from shared.moves import BY_VERB
from shared.states import OVER, CaseState
from tests.factories import RULES
from tests.unit.dispatch.machine import VERBS, Walk, seeded, sensible
from tests.unit.sla.world import POLICY, VIEW, case_of, event

REAL = load_rules(POLICY)
COUNTED = structs.replace(RULES, resolve=REAL.resolve, parked=REAL.parked, due=REAL.due)
"""Units and routing of the tests, deadlines of the city."""
OTHER = case_of("other")
TIED: frozenset[CaseState] = frozenset({"MERGING", "MERGED", "LINKED"})


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
