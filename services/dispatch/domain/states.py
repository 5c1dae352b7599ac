"""The state of a case from its orders, debts and facts, and the one place that says "not possible now"."""

from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.rejected import Rejected
from shared.events import commands as c
from shared.moves import BY_VERB, Move, allows, in_words, possible
from shared.states import GONE, CaseState, OrderState, Standing, case_state


def state_of(case: Case) -> CaseState:
    """The case's state, derived. Each decision asks for it: one pass over the orders."""
    states: set[OrderState] = set()
    again = case.cycle > 1
    for order in case.orders:
        if order.cycle == case.cycle and not order.parent and order.state not in GONE:
            states.add(order.state)
            again = again or order.again
    return case_state(
        Standing(
            registered=case.registered,
            merge=case.related.merging(),
            linked=case.related.waits(),
            closed=case.closed,
            end=case.end,
            archived=case.archived,
            reopen_requested=case.reopen_requested,
            parked=case.parked_at is not None,
            supplement=case.supplement,
            again=again,
            transferred=bool(case.transfers) and case.transferred(),
            answered=bool(case.answer),
            waiting=bool(case.unpaid()),
            orders=states,
        )
    )


def check(case: Case, command: Struct) -> None:
    """Rejects a command that the table does not allow now, and names what is possible instead, and for whom."""
    move = BY_VERB[c.verb_of(c.COMMANDS.type_of(command))]
    state = state_of(case)
    if move.order is None:
        if not allows(move, state, None):
            raise Rejected(move.refusal, f"case {case.number} is {state}; possible now: {in_words(possible(state))}")
        return
    _check_order(case, getattr(command, "order", ""), move, state)


def _check_order(case: Case, order_id: str, move: Move, state: CaseState) -> None:
    order = case.order(order_id)
    if order is None:
        raise Rejected("not_its_order", "the case has no such order")
    if not allows(move, state, order.state):
        now = in_words(possible(state, order.state))
        raise Rejected(move.refusal, f"the order is {order.state}, its case {state}; possible now: {now}")
