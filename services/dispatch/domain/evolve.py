"""What each event does to a case. Total: an event that was written is never refused."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.dispatch.domain import deadlines, supervision
from services.dispatch.domain import transfers as t
from services.dispatch.domain.case import Case, Debt, Order
from shared.events import cases as e


def evolve(case: Case, event: Struct, now: datetime) -> None:
    """Apply one event in place; counts the case's sequence and the order's steps."""
    case.sequence += 1
    case.time = now
    _APPLY[type(event)](case, event, now)
    deadlines.note(case, event, now)
    order = case.order(getattr(event, "order", ""))
    if order is not None:
        order.steps += 1


def _registered(case: Case, event: e.CaseRegistered, now: datetime) -> None:
    case.registered = True
    for name in ("number", "title", "text", "request_type", "topic", "area", "address", "priority"):
        setattr(case, name, getattr(event, name))
    case.reporter = event.reporter.person.masked
    state = event.obligation_state
    case.debts.append(Debt(id=event.obligation, reporter=event.reporter, cycle=1, state=state))


def _answered(case: Case, event: e.CaseAnswered, now: datetime) -> None:
    case.answer = event.answer


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
    order.silent_until = event.due


def _return_asked(case: Case, event: e.WorkOrderReturnAsked, now: datetime) -> None:
    _order(case, event).state = "RETURN_ASKED"


def _returned(case: Case, event: e.WorkOrderReturned, now: datetime) -> None:
    _order(case, event).state = "RETURNED"


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


def _done(case: Case, event: e.WorkOrderDone, now: datetime) -> None:
    _order(case, event).state = "DONE"
    if case.all_done():
        case.answer = case.answers()


def _sent_back(case: Case, event: e.WorkOrderSentBack, now: datetime) -> None:
    _order(case, event).state = "HANDLING"


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
        debt = Debt(id=event.obligation, reporter=event.reporter, cycle=case.cycle, state="open")
        case.debts.append(debt)


def _closed(case: Case, event: e.CaseClosed, now: datetime) -> None:
    case.closed, case.reopen_requested = True, False


def _reopen_requested(case: Case, event: e.CaseReopenRequested, now: datetime) -> None:
    case.closed, case.reopen_requested = False, True


def _reopened(case: Case, event: e.CaseReopened, now: datetime) -> None:
    reporters = case.reporters()
    case.closed = case.reopen_requested = case.arbitration = False
    case.cycle, case.answer = event.cycle, ""
    for debt_id, reporter in zip(event.obligations, reporters, strict=False):
        if debt_id:
            case.debts.append(Debt(id=debt_id, reporter=reporter, cycle=event.cycle, state="open"))


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
    e.DeadlineWarned: _nothing,
    e.DeadlineBreached: _nothing,
    e.CaseEscalated: _nothing,
    e.CommandRejected: _nothing,
    **supervision.APPLY,
    **t.APPLY,
}
