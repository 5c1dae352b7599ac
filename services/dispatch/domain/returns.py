"""Returns of work orders: asked within their time, judged, and after the last allowed one arbitrated."""

from services.dispatch.domain.case import Case, Order
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.orders import check_units, issue, own_order
from services.dispatch.domain.rejected import Rejected
from shared.events import cases as e
from shared.events import commands as c


def ask_return(case: Case, command: c.AskReturn, context: Context) -> Events:
    order = own_order(case, command.order, context)
    _check_return(case, order, context)
    if command.proposed_unit:
        check_units((command.proposed_unit,), context)
    return [
        e.WorkOrderReturnAsked(
            order=order.id,
            unit=order.unit,
            reason=command.reason,
            basis=command.basis,
            proposed_unit=command.proposed_unit,
        )
    ]


def _check_return(case: Case, order: Order, context: Context) -> None:
    if order.fixed or order.returns >= context.rules.max_returns:
        raise Rejected("no_more_returns", "the unit is in charge; the order cannot be returned again")
    undoes_silence = order.silent_until is not None and context.at < order.silent_until
    if order.state != "WAIT_SIGN" and not (order.state == "HANDLING" and undoes_silence):
        raise Rejected("not_returnable", f"the order is {order.state}; only an unsigned order can be returned")
    urgent = case.priority in ("P0", "P1")
    period = context.rules.return_within_urgent if urgent else context.rules.return_within
    due = context.rules.due(order.issued_at, period)
    if context.at > due:
        raise Rejected("too_late", f"a return had to be asked by {due.isoformat()}")


def judge_return(case: Case, command: c.JudgeReturn, context: Context) -> Events:
    order = own_order(case, command.order, context)
    if order.state != "RETURN_ASKED":
        raise Rejected("nothing_to_judge", f"the order is {order.state}; no return is asked")
    if not command.approve:
        return [e.WorkOrderReturnRefused(order=order.id, unit=order.unit, reason=command.reason)]
    returns = order.returns + 1
    if returns >= context.rules.max_returns:
        return [e.CaseArbitrationOpened(order=order.id, returns=returns, unit=order.unit)]
    return [e.WorkOrderReturned(order=order.id, unit=order.unit), _replacement(case, order, command, context)]


def _replacement(case: Case, order: Order, command: c.JudgeReturn, context: Context) -> e.WorkOrderIssued:
    if not command.unit or command.unit == order.unit:
        raise Rejected("no_unit", "name the unit that gets the order instead")
    check_units((command.unit,), context)
    if any(other.unit == command.unit for other in case.current()):
        raise Rejected("already_issued", f"{command.unit} already has an order on this case")
    return issue(case, command.unit, order.role, case, cycle=case.cycle, returns=order.returns + 1)
