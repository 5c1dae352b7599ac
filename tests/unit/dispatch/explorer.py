"""Walks over the case machine that go where few have been: which transitions there are, and from where."""

import random
from collections import Counter
from typing import Any

import msgspec

from services.dispatch.domain.case import Case
from services.dispatch.domain.states import state_of
from shared.events import commands as c
from shared.moves import BY_VERB
from shared.states import ENDED, OVER
from tests.factories import LOWER, THIRD, register, reporter
from tests.unit.dispatch.machine import VERBS, Choose, Walk, finish, sensible

_encoder, _decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Case)
ORDERS, TRANSFERS, DEBTS, CYCLES = 9, 3, 5, 3
"""No larger cases are walked on from."""


class Explorer:
    """Keeps one case of each kind, and tries commands on those that were tried least."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._kept: dict[Any, Walk] = {}
        self._places: list[Any] = []
        self._visits: Counter[Any] = Counter()
        self._taken: Counter[str] = Counter()
        self.cases: set[tuple[str, str, str]] = set()
        """(verb, state before, state after)"""
        self.orders: set[tuple[str, str, str]] = set()
        for walk in (self._fresh(), *beginnings(self._choose)):
            self._keep(walk)

    def _choose(self, count: int) -> int:
        return self._random.randrange(count)

    def _fresh(self) -> Walk:
        return Walk(self._choose)

    def walk(self) -> Walk:
        """A copy of a case that was seldom walked on from."""
        tried = [self._places[self._choose(len(self._places))] for _ in range(4)]
        place = min(tried, key=lambda one: self._visits[one])
        self._visits[place] += 1
        kept, walk = self._kept[place], self._fresh()
        walk.case, walk.now, walk.contacts = _decoder.decode(_encoder.encode(kept.case)), kept.now, kept.contacts
        return walk

    def step(self) -> None:
        """One command that the table allows in this state, with whatever content; now and then a sensible one."""
        walk = self.walk()
        state = state_of(walk.case)
        if state in OVER or state == "UNKNOWN" or self._choose(4):
            taken = walk.step(self._verb([verb for verb in VERBS if state in BY_VERB[verb].case]))
        else:
            taken = walk.do(sensible(walk.case))
        if taken is None:
            return
        self._taken[taken.verb] += 1
        self.cases.add((taken.verb, taken.before, taken.after))
        if taken.order is not None:
            self.orders.add((taken.verb, *taken.order))
        self._keep(walk)

    def _verb(self, verbs: list[str]) -> str:
        """Rather one that seldom succeeds."""
        return min((verbs[self._choose(len(verbs))] for _ in range(2)), key=lambda verb: self._taken[verb])

    def _keep(self, walk: Walk) -> None:
        case = walk.case
        small = len(case.orders) <= ORDERS and len(case.transfers) <= TRANSFERS and len(case.debts) <= DEBTS
        if small and case.cycle <= CYCLES and (kind := _kind(case)) not in self._kept:
            self._kept[kind] = walk
            self._places.append(kind)

    def ends(self) -> list[Walk]:
        """One walk of each kind of case that was found, to be walked on."""
        return [walk for walk in self._kept.values() if walk.case.registered]


def beginnings(choose: Choose) -> list[Walk]:
    """Lives that chance seldom leads into, each at its turning point."""
    answered = [_answered(choose, text, name) for text in ("routed", "both") for name in ("wang", "")]
    again = [_reopened(choose), _returned_twice(_reopened(choose)), _asked_of_two(choose), _overdue(choose)]
    return [*answered, *again, *(_returned_twice(_begun(choose, register(text=text))) for text in ("routed", "both"))]


def _answered(choose: Choose, text: str, name: str) -> Walk:
    """A partner has answered while our units are still at work."""
    walk = _begun(choose, register(text=text, reporter=reporter("c1", name)))
    walk.do(c.AskTransfer(target="120", reason="r", asked_action="a"))
    transfer = walk.case.transfers[0].id
    for step in ("receipted", "accepted", "completed"):
        walk.do(c.RecordTransfer(transfer=transfer, step=step, text="theirs"))
    return walk


def _asked_of_two(choose: Choose) -> Walk:
    """Where one partner's transfer ends, the other still has the case."""
    walk = _begun(choose, register(text="unclear"))
    for target in ("120", "110000"):
        walk.do(c.AskTransfer(target=target, reason="r", asked_action="a", consent=True))
    return walk


def _overdue(choose: Choose) -> Walk:
    """A partner lets his time run out on a case whose sheet was sent back."""
    walk = _begun(choose, register(text="unclear"))
    walk.do(c.AskSupplement(text="where?"))
    walk.do(c.AskTransfer(target="120", reason="r", asked_action="a"))
    late = c.RecordTransfer(transfer=walk.case.transfers[0].id, step="unacknowledged", due=walk.now)
    walk.do(late)
    return walk


def _returned_twice(walk: Walk) -> Walk:
    """A ruling is awaited."""
    for unit in (THIRD, LOWER):
        order = next(one.id for one in walk.case.current() if one.role == "lead")
        walk.do(c.AskReturn(order=order, reason="not_ours"))
        walk.do(c.JudgeReturn(order=order, approve=True, unit=unit))
    assert walk.case.arbitration
    return walk


def _reopened(choose: Choose) -> Walk:
    """Somebody came back to a closed case and is still to be told its old answer when it is at work again."""
    walk = _begun(choose, register(text="both"))
    finish(walk)
    walk.do(c.Attach(reporter=reporter("c9", "zhao")))
    walk.do(c.Reopen(reason="r"))
    assert (walk.case.cycle, [debt.state for debt in walk.case.debts]) == (2, ["settled", "owed", "open", "open"])
    return walk


def _begun(choose: Choose, command: c.Register) -> Walk:
    walk = Walk(choose)
    walk.do(command)
    return walk


def _kind(case: Case) -> Any:
    orders = {
        (one.state, one.disputed, one.again, bool(one.parent), one.returns, one.silent_until is None)
        for one in case.counting()
    }
    at_work = sum(one.state not in ENDED for one in case.orders)
    debts = frozenset(debt.state for debt in case.debts)
    about = (case.join, case.request_type, case.priority == "P1", case.transferred(), bool(case.results()))
    return state_of(case), case.cycle > 1, frozenset(orders), min(at_work, 2), debts, about
