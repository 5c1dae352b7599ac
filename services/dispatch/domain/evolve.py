"""What each event does to a case. Total: an event that was written is never refused."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.dispatch.domain import event_case, merging, splitting
from services.dispatch.domain import transfers as t
from services.dispatch.domain.case import Case, Debt, Order
from services.dispatch.domain.replies import begin_cycle
from shared.events import cases as e


def evolve(case: Case, event: Struct, now: datetime) -> None:
    """Apply one event in place; counts the case's sequence and the order's steps."""
    case.sequence += 1
    case.time = now
    _APPLY[type(event)](case, event, now)
    order = case.order(getattr(event, "order", ""))
    if order is not None:
        order.steps += 1


def _registered(case: Case, event: e.CaseRegistered, now: datetime) -> None:
    case.registered = True
    for name in ("number", "title", "text", "request_type", "topic", "area", "address", "priority"):
        setattr(case, name, getattr(event, name))
    case.reporter, case.related.received = event.reporter.person.masked, event.received
    state = event.obligation_state
    case.debts.append(Debt(id=event.obligation, reporter=event.reporter, cycle=1, state=state))


def _answered(case: Case, event: e.CaseAnswered, now: datetime) -> None:
    case.answer = event.answer
    if event.event_case and case.related.link is not None:
        case.related.link.answered = True


def _issued(case: Case, event: e.WorkOrderIssued, now: datetime) -> None:
    case.orders.append(
        Order(
            id=event.order,
            unit=event.unit,
            role=event.role,
            cycle=event.cycle,
            returns=event.returns,
            issued_at=now,
        )
    )


def _order(case: Case, event: Any) -> Order:
    order = case.order(event.order)
    if order is None:
        raise LookupError(f"{case.id}: event about unknown order {event.order}")
    return order


def _signed(case: Case, event: e.WorkOrderSigned, now: datetime) -> None:
    order = _order(case, event)
    order.state = "HANDLING"
    order.stopped["sign"] = now
    order.silent_until = event.due


def _return_asked(case: Case, event: e.WorkOrderReturnAsked, now: datetime) -> None:
    order = _order(case, event)
    order.state = "RETURN_ASKED"
    order.stopped["sign"] = now


def _returned(case: Case, event: e.WorkOrderReturned, now: datetime) -> None:
    order = _order(case, event)
    order.state = "RETURNED"
    order.stopped["resolve"] = now


def _withdrawn(case: Case, event: e.WorkOrderWithdrawn, now: datetime) -> None:
    order = _order(case, event)
    order.state = "WITHDRAWN"
    order.stopped.setdefault("sign", now)
    order.stopped.setdefault("resolve", now)


def _kept(case: Case, event: e.WorkOrderReturnRefused, now: datetime) -> None:
    order = _order(case, event)
    order.state, order.fixed = "HANDLING", True


def _arbitration(case: Case, event: e.CaseArbitrationOpened, now: datetime) -> None:
    case.arbitration = True
    order = _order(case, event)
    order.state, order.fixed = "HANDLING", True


def _fed_back(case: Case, event: e.WorkOrderAnswered, now: datetime) -> None:
    order = _order(case, event)
    order.state, order.answer = "FED_BACK", event.public_answer
    order.stopped["resolve"] = now


def _done(case: Case, event: e.WorkOrderDone, now: datetime) -> None:
    _order(case, event).state = "DONE"
    if case.all_done():
        case.answer = case.answers()


def _sent_back(case: Case, event: e.WorkOrderSentBack, now: datetime) -> None:
    order = _order(case, event)
    order.state = "HANDLING"
    order.stopped.pop("resolve", None)


def _owed(case: Case, event: e.ReplyOwed, now: datetime) -> None:
    debt = case.debt(event.obligation)
    if debt is not None:
        debt.state = "owed"


def _settled(case: Case, event: e.ReplySettled, now: datetime) -> None:
    debt = case.debt(event.obligation)
    if debt is not None:
        debt.state = "settled"


def _attached(case: Case, event: e.ContactAttached, now: datetime) -> None:
    if event.obligation:
        debt = Debt(
            id=event.obligation, reporter=event.reporter, cycle=case.cycle, state="open",
            merge=event.merge, number=event.number,
        )  # fmt: skip
        case.debts.append(debt)


def _closed(case: Case, event: e.CaseClosed, now: datetime) -> None:
    case.closed, case.reopen_requested = True, False


def _reopen_requested(case: Case, event: e.CaseReopenRequested, now: datetime) -> None:
    case.closed, case.reopen_requested = False, True


def _reopened(case: Case, event: e.CaseReopened, now: datetime) -> None:
    begin_cycle(case, event.cycle, event.obligations)


def _warned(case: Case, event: e.DeadlineWarned, now: datetime) -> None:
    _order(case, event).warned.append(event.clock)


def _breached(case: Case, event: e.DeadlineBreached, now: datetime) -> None:
    _order(case, event).breached.append(event.clock)


def _nothing(case: Case, event: Struct, now: datetime) -> None:
    """The event is history only."""


_APPLY: dict[type[Struct], Callable[[Case, Any, datetime], None]] = {
    e.CaseRegistered: _registered,
    e.CaseAnswered: _answered,
    e.CaseDispatched: _nothing,
    e.CaseArbitrationOpened: _arbitration,
    e.CaseFollowedUp: _nothing,
    e.CaseClosed: _closed,
    e.CaseReopenRequested: _reopen_requested,
    e.CaseReopened: _reopened,
    e.CaseNoted: _nothing,
    e.ContactAttached: _attached,
    e.WorkOrderIssued: _issued,
    e.WorkOrderSigned: _signed,
    e.WorkOrderReturnAsked: _return_asked,
    e.WorkOrderReturned: _returned,
    e.WorkOrderReturnRefused: _kept,
    e.WorkOrderAnswered: _fed_back,
    e.WorkOrderDone: _done,
    e.WorkOrderSentBack: _sent_back,
    e.ReplyOwed: _owed,
    e.ReplySettled: _settled,
    e.DeadlineWarned: _warned,
    e.DeadlineBreached: _breached,
    e.CommandRejected: _nothing,
    e.WorkOrderWithdrawn: _withdrawn,
    **t.APPLY,
    **merging.APPLY,
    **splitting.APPLY,
    **event_case.APPLY,
}
