"""Returns of work orders (退单): asked within their time, judged, and after the last allowed one arbitrated."""

from datetime import datetime

from services.dispatch.domain.answers import check_childless
from services.dispatch.domain.case import Case, Order
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.orders import check_units, issue, judged_order, own_order, withdrawn
from services.dispatch.domain.rejected import Rejected
from shared.events import cases as e
from shared.events import commands as c


def ask_return(case: Case, command: c.AskReturn, context: Context) -> Events:
    order = own_order(case, command.order, context)
    _check_return(case, order, context)
    check_childless(case, order)
    _check_grounds(command, context)
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
    if order.state == "HANDLING" and not undoes_silence:
        raise Rejected("not_returnable", "the order is HANDLING; only an unsigned order can be returned")
    due = _return_due(case, order, context)
    if context.at > due:
        raise Rejected("too_late", f"a return had to be asked by {due.isoformat()}; the unit is in charge")


def _return_due(case: Case, order: Order, context: Context) -> datetime:
    """Where the case became urgent later, the shorter time counts from there, within what there was before."""
    rules = context.rules
    due = rules.due(order.issued_at, rules.return_within)
    if case.priority not in c.URGENT:
        return due
    start = max(order.issued_at, case.raised_at or order.issued_at)
    return min(due, rules.due(start, rules.return_within_urgent))


def _check_grounds(command: c.AskReturn, context: Context) -> None:
    reasons = context.rules.return_reasons
    if command.reason not in reasons:
        raise Rejected("reason_unknown", f"reasons are {', '.join(sorted(reasons))}")
    if reasons[command.reason] and not command.basis:
        raise Rejected("no_basis", f"{command.reason} needs its legal basis")
    if command.proposed_unit:
        check_units((command.proposed_unit,), context)


def judge_return(case: Case, command: c.JudgeReturn, context: Context) -> Events:
    """Approved: to another unit, back to the unit that handed it down, or after too many returns to arbitration."""
    order = judged_order(case, command.order, context)
    if not command.approve:
        return [e.WorkOrderReturnRefused(order=order.id, unit=order.unit, reason=command.reason)]
    returned = e.WorkOrderReturned(order=order.id, unit=order.unit)
    if order.parent:
        return [returned]
    if order.returns + 1 >= context.rules.max_returns:
        return _open_arbitration(case, order, returned)
    unit = _other_unit(case, order, command.unit or order.proposed, context)
    return [returned, _replacement(case, order, unit)]


def _replacement(case: Case, order: Order, unit: str) -> e.WorkOrderIssued:
    returns = order.returns + 1
    return issue(case, unit, order.role, case, cycle=case.cycle, returns=returns, instead_of=order.id)


def _other_unit(case: Case, order: Order, unit: str, context: Context) -> str:
    if not unit or unit == order.unit:
        raise Rejected("no_unit", "name the unit that gets the order instead")
    check_units((unit,), context)
    if any(other.unit == unit for other in case.counting()):
        raise Rejected("already_issued", f"{unit} already has an order on this case")
    return unit


def _open_arbitration(case: Case, order: Order, returned: e.WorkOrderReturned) -> Events:
    """Until the ruling the unit that had the order first serves the citizen (首接负责)."""
    returns, first = order.returns + 1, _first_unit(case, order)
    if first == order.unit or any(other.unit == first for other in case.counting()):
        return [e.CaseArbitrationOpened(order=order.id, returns=returns, unit=order.unit)]
    serves = _replacement(case, order, first)
    return [returned, serves, e.CaseArbitrationOpened(order=serves.order, returns=returns, unit=first)]


def _first_unit(case: Case, order: Order) -> str:
    before = case.order(order.instead_of)
    return _first_unit(case, before) if before else order.unit


def arbitrate(case: Case, command: c.Arbitrate, context: Context) -> Events:
    """The ruling: the unit in charge has no return left; another one than serves now gets the order from it."""
    order = judged_order(case, command.order, context)
    if not order.disputed:
        raise Rejected("nothing_to_judge", "nobody disputes this order")
    ruled = e.CaseArbitrated(order=order.id, unit=command.unit, reason=command.reason)
    if command.unit == order.unit:
        return [ruled]
    unit = _other_unit(case, order, command.unit, context)
    return [ruled, *withdrawn(case, [order], command.reason), _replacement(case, order, unit)]
