"""How a case ends, and how it begins again: follow-up, close, reopen."""

from services.dispatch.domain.case import ENDED, Case, state_of
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.orders import issue
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.replies import obligations
from shared.events import cases as e
from shared.events import commands as c


def follow_up(case: Case, command: c.FollowUp, context: Context) -> Events:
    if state_of(case) != "PENDING_CALLBACK":
        raise Rejected("replies_open", f"the case is {state_of(case)}, not PENDING_CALLBACK")
    heard = e.CaseFollowedUp(solved=command.solved, satisfaction=command.satisfaction, comment=command.comment)
    if command.solved:
        return [heard, e.CaseClosed(reason="solved")]
    return [heard, *_new_cycle(case, "follow_up_unsolved")]


def _new_cycle(case: Case, reason: str) -> Events:
    """A new cycle: everybody is owed an answer again, and the same units get new orders."""
    cycle = case.cycle + 1
    orders = [issue(case, order.unit, order.role, case, cycle=cycle) for order in case.current()]
    return [e.CaseReopened(cycle=cycle, reason=reason, obligations=obligations(case, cycle)), *orders]


def close(case: Case, command: c.Close, context: Context) -> Events:
    if case.closed:
        raise Rejected("already_closed", "the case is CLOSED")
    if case.unpaid():
        raise Rejected("debts_open", f"{len(case.unpaid())} reporters still wait for their reply")
    if any(order.state not in ENDED for order in case.current()):
        raise Rejected("orders_open", f"work orders are open; the case is {state_of(case)}")
    if case.transferred():
        raise Rejected("transfers_open", "a partner still has the case; wait for its answer or its refusal")
    return [e.CaseClosed(reason=command.reason)]


def reopen(case: Case, command: c.Reopen, context: Context) -> Events:
    if state_of(case) not in ("CLOSED", "REOPEN_REQUESTED"):
        raise Rejected("not_closed", f"the case is {state_of(case)}")
    return _new_cycle(case, command.reason)
