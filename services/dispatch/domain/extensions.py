"""More time for an order (延期): asked early enough, approved by those above the unit, within policy's limits."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.dispatch.domain.case import Case, Order, is_known
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.orders import judged_order, own_order
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.suborders import due_of
from shared.events import cases as e
from shared.events import commands as c
from shared.ids import derive


def ask_extension(case: Case, command: c.AskExtension, context: Context) -> Events:
    order = own_order(case, command.order, context)
    _check_possible(case, order, context)
    _check_until(case, order, command.until, context)
    return [
        e.WorkOrderExtensionAsked(
            order=order.id, unit=order.unit, until=command.until, reason=command.reason, plan=command.plan
        )
    ]


def _check_possible(case: Case, order: Order, context: Context) -> None:
    limits, due = context.rules.extensions, due_of(case, order, context.rules)
    if case.priority in c.URGENT:
        raise Rejected("urgent", f"a {case.priority} case is never extended; a supervisor can regrade it")
    if order.extensions >= limits.times:
        raise Rejected("no_more_extensions", f"the order was extended {order.extensions} times, the most there is")
    if context.rules.due(context.at, limits.ask_before) > due:
        raise Rejected("too_late", f"more time is asked {limits.ask_before} before {due.isoformat()}")


def _check_until(case: Case, order: Order, until: datetime, context: Context) -> None:
    """Between the present deadline and what one extension, and all of them together, may add."""
    limits, due = context.rules.extensions, due_of(case, order, context.rules)
    most = min(
        context.rules.due(due, limits.each),
        context.rules.due(order.first_due or due, limits.total),
        *([due_of(case, above, context.rules)] if (above := case.order(order.parent)) else []),
    )
    if not due < until <= most:
        raise Rejected("until", f"the new deadline lies after {due.isoformat()} and not after {most.isoformat()}")


def judge_extension(case: Case, command: c.JudgeExtension, context: Context) -> Events:
    order = judged_order(case, command.order, context)
    if not command.approve:
        return [e.WorkOrderExtensionRefused(order=order.id, unit=order.unit, reason=command.reason)]
    due = due_of(case, order, context.rules)
    if case.priority in c.URGENT or order.asked_until is None or order.asked_until <= due:
        raise Rejected("moved", f"the case is {case.priority} and due {due.isoformat()} by now; refuse the request")
    extended = e.WorkOrderExtended(
        order=order.id, unit=order.unit, until=order.asked_until, reason=command.reason or order.asked_why, due=due
    )
    return [extended, *_notices(case, order, extended)]


def _notices(case: Case, order: Order, extended: e.WorkOrderExtended) -> Events:
    """One for each who waits and left a contact. What a unit grants its lower unit changes no citizen's date."""
    waiting = [] if order.parent else [debt for debt in case.unpaid() if is_known(debt.reporter.person)]
    return [
        e.NoticeDue(
            notice=derive("notice", order.id, debt.id, extended.until.isoformat()),
            number=debt.number or case.number,
            reporter=debt.reporter,
            until=extended.until,
            reason=extended.reason,
        )
        for debt in waiting
    ]


def _asked(case: Case, event: e.WorkOrderExtensionAsked, now: datetime) -> None:
    order = case.known(event.order)
    order.state, order.asked_until, order.asked_why = "EXTENSION_ASKED", event.until, event.reason


def _extended(case: Case, event: e.WorkOrderExtended, now: datetime) -> None:
    order = case.known(event.order)
    if not order.extensions:
        order.own = order.due
    order.first_due = order.first_due or event.due
    order.state, order.due, order.asked_until, order.extended_at = "HANDLING", event.until, None, now
    order.extensions += 1


def _refused(case: Case, event: e.WorkOrderExtensionRefused, now: datetime) -> None:
    order = case.known(event.order)
    order.state, order.asked_until = "HANDLING", None


def fall_away(order: Order) -> None:
    """What may not be extended any more is due as if it never had been (domain.md §3.3)."""
    if order.extensions:
        order.due, order.own, order.first_due, order.extended_at = order.own, None, None, None
        order.extensions = 0


APPLY: dict[type[Struct], Callable[[Case, Any, datetime], None]] = {
    e.WorkOrderExtensionAsked: _asked,
    e.WorkOrderExtended: _extended,
    e.WorkOrderExtensionRefused: _refused,
}
