"""The case machine as a whole: its invariants under any commands, and its table against what decisions really do."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.dispatch.domain.case import Case, is_known
from services.dispatch.domain.decide import _DECIDE
from services.dispatch.domain.evolve import _APPLY, evolve
from services.dispatch.domain.states import state_of
from shared.auth import ROLES
from shared.events.cases import CASES
from shared.events.commands import COMMANDS, verb_of
from shared.moves import BY_VERB, MOVES, Move, door_roles, possible
from shared.states import ENDED, OVER
from tests.unit.dispatch.explorer import Explorer
from tests.unit.dispatch.machine import COMERS, VERBS, Step, Walk, finish

CHUNK, MOST = 5_000, 250_000
TIED = {"MERGING", "MERGED", "LINKED"}
TIES = {
    "merge_into", "absorb", "record_merge", "take_on", "undo_merge", "release", "split", "record_split",
    "declare_event", "link", "detach", "take_answer", "refuse_link",
}  # fmt: skip
"""What needs a second case: tests/protocol/test_ties.py drives it."""


class CaseMachine(RuleBasedStateMachine):
    """One case under any commands in any order, sensible or not; wrong ones raise Rejected and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.walk: Walk

    @initialize(seed=st.randoms(use_true_random=False))
    def begin(self, seed: object) -> None:
        self.walk = Walk(seed.randrange)  # type: ignore[attr-defined]
        self.walk.step("register")

    @rule(verb=st.sampled_from(VERBS))
    def command(self, verb: str) -> None:
        check_step(self.walk.step(verb))

    @rule()
    def likely(self) -> None:
        """A command that the table allows now."""
        state = state_of(self.walk.case)
        check_step(self.walk.step(self.walk.of([verb for verb in VERBS if state in BY_VERB[verb].case])))

    @rule(verb=st.sampled_from(COMERS))
    def comes_or_leaves(self, verb: str) -> None:
        check_step(self.walk.step(verb))

    @invariant()
    def in_follow_up_there_is_somebody_to_ask(self) -> None:
        case = self.walk.case
        if state_of(case) == "PENDING_CALLBACK":
            assert any(is_known(debt.reporter.person) for debt in case.reporters())

    @invariant()
    def ended_cases_owe_nothing_and_have_no_open_order(self) -> None:
        case = self.walk.case
        if state_of(case) in OVER:
            assert not case.unpaid()
            assert all(order.state in ENDED for order in case.orders)
            assert not case.transferred()

    @invariant()
    def no_order_ends_before_those_handed_down_from_it(self) -> None:
        case = self.walk.case
        assert not [order.id for order in case.orders if order.state in ENDED and case.children(order)]

    @invariant()
    def an_order_of_an_earlier_cycle_has_ended(self) -> None:
        case = self.walk.case
        assert all(order.state in ENDED for order in case.orders if order.cycle < case.cycle)

    @invariant()
    def nobody_waits_for_two_replies(self) -> None:
        """But for who waits here and, as somebody of a merged case, under that one's number too."""
        open_debts = [debt for debt in self.walk.case.debts if debt.state == "open"]
        assert len(open_debts) == len({(debt.merge, debt.reporter.person.caller_ref) for debt in open_debts})

    def teardown(self) -> None:
        """What the events say is the case; and it can still be brought to its end."""
        if not hasattr(self, "walk"):
            return
        replayed = Case(id=self.walk.case.id)
        for event, at in self.walk.history:
            evolve(replayed, event, at)
        assert replayed == self.walk.case
        finish(self.walk)


def check_step(step: Step | None) -> None:
    """What was done is a line of the table."""
    if step is None:
        return
    move = BY_VERB[step.verb]
    assert step.after in move.case[step.before], step
    if step.order is not None and move.order is not None:
        before, after = step.order
        assert after in move.order[before], step


TestCaseMachine = CaseMachine.TestCase
TestCaseMachine.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)


RARE = {("follow_up", "to PENDING_DISPATCH")}
"""What a walk meets too seldom: a partner's result that did not solve it (test_transfers.py shows it)."""


@pytest.fixture(scope="module")
def explored() -> Explorer:
    """A walk long enough to have seen all that the table says, or too long."""
    found = Explorer(seed=7)
    for taken in range(MOST):
        found.step()
        if taken % CHUNK == 0 and not any(unseen(found, move) for move in MOVES):
            break
    return found


def unseen(found: Explorer, move: Move) -> set[str]:
    """States from which, and to which the command is listed to lead, and which no walk has left or reached by it."""
    if move.verb == "register" or move.verb in TIES:
        return set()
    case = [step for step in found.cases if step[0] == move.verb]
    orders = [step for step in found.orders if step[0] == move.verb]
    found_not = {
        *(f"from {state}" for state in set(move.case) - TIED - {step[1] for step in case}),
        *(f"to {state}" for to in move.case.values() for state in set(to) - TIED - {step[2] for step in case}),
        *(f"order from {state}" for state in set(move.order or ()) - {step[1] for step in orders}),
    }
    return {one for one in found_not if (move.verb, one) not in RARE}


def test_decisions_do_nothing_that_the_table_does_not_say(explored: Explorer) -> None:
    listed = {(move.verb, a, b) for move in MOVES for a, afters in move.case.items() for b in afters}
    assert sorted(explored.cases - listed) == []
    steps = {(move.verb, a, b) for move in MOVES for a, afters in (move.order or {}).items() for b in afters}
    named = {move.verb for move in MOVES if move.order}
    assert sorted(step for step in explored.orders - steps if step[0] in named) == []


def test_the_table_says_nothing_that_decisions_do_not_do(explored: Explorer) -> None:
    assert {move.verb: missing for move in MOVES if (missing := unseen(explored, move))} == {}


def test_every_case_that_was_found_can_be_brought_to_its_end(explored: Explorer) -> None:
    ends = explored.ends()
    assert len(ends) > 1_000
    assert max(finish(walk) for walk in ends) < 60


def test_only_an_ended_case_offers_nothing_but_a_new_beginning() -> None:
    for state in {state for move in MOVES for state in move.case} - OVER - {"UNKNOWN"}:
        onward = [move.verb for move in possible(state) if set(move.case[state]) - {state}]
        orders = [move.verb for move in MOVES if move.order and set(move.case.get(state, ())) - {state}]
        assert onward or orders or state in ("TRANSFERRED", "MERGING"), state


def test_the_table_is_whole() -> None:
    """Each command once, with known roles; each event of the case is applied."""
    assert set(BY_VERB) == {verb_of(COMMANDS.types[model]) for model in _DECIDE}
    assert len(BY_VERB) == len(MOVES)
    assert {role for move in MOVES for role in move.roles} <= {*ROLES, "unit"}
    assert door_roles().keys() >= {"withdraw", "park", "keep", "arbitrate"}
    assert "breach" not in door_roles()
    assert set(_APPLY) <= set(CASES.models.values())
