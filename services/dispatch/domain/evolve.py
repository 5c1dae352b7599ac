"""What each event does to a case. Total: an event that was written is never refused."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.dispatch.domain import (
    deadlines,
    event_case,
    extensions,
    keeping,
    leaving,
    matter,
    merging,
    parking,
    splitting,
    supervision,
    transfers,
)
from services.dispatch.domain.case import Case, Debt, Order
from services.dispatch.domain.replies import begin_cycle
from shared.events import cases as e


def evolve(case: Case, event: Struct, now: datetime) -> None:
    """Apply one event in place; counts the case's sequence and the order's steps."""
    case.sequence += 1
    case.time = now
    parked = case.parked_at
    _APPLY[type(event)](case, event, now)
    if parked is not None and case.parked_at is None:
        parking.left(case, parked, now)
    deadlines.note(case, event, now)
    order = case.order(getattr(event, "order", ""))
    if order is not None and getattr(event, "unit", "") == order.unit:
        order.steps += 1


def _registered(case: Case, event: e.CaseRegistered, now: datetime) -> None:
    case.registered = True
    for name in ("number", "title", "text", "request_type", "topic", "area", "address", "priority"):
        setattr(case, name, getattr(event, name))
    case.related.received = event.received
    case.keeper, case.unkept_since = event.keeper, None if event.keeper else now
    state = event.obligation_state
    case.debts.append(Debt(id=event.obligation, reporter=event.reporter, cycle=1, state=state))


def _answered(case: Case, event: e.CaseAnswered, now: datetime) -> None:
    case.answer = event.answer
    if event.event_case and case.related.link is not None:
        case.related.link.answered = True


def _dispatched(case: Case, event: e.CaseDispatched, now: datetime) -> None:
    case.join, case.supplement = event.join_policy, False


def _issued(case: Case, event: e.WorkOrderIssued, now: datetime) -> None:
    case.orders.append(
        Order(
            id=event.order,
            unit=event.unit,
            role=event.role,
            cycle=event.cycle,
            returns=event.returns,
            issued_at=now,
            parent=event.parent,
            instead_of=event.instead_of,
            due=event.due,
            profile=event.profile,
        )
    )


def _signed(case: Case, event: e.WorkOrderSigned, now: datetime) -> None:
    order = case.known(event.order)
    order.state = "HANDLING"
    order.silent_until = event.due


def _return_asked(case: Case, event: e.WorkOrderReturnAsked, now: datetime) -> None:
    order = case.known(event.order)
    order.state, order.proposed = "RETURN_ASKED", event.proposed_unit


def _returned(case: Case, event: e.WorkOrderReturned, now: datetime) -> None:
    order = case.known(event.order)
    order.state = "RETURNED"


def _kept(case: Case, event: e.WorkOrderReturnRefused, now: datetime) -> None:
    order = case.known(event.order)
    order.state, order.fixed = "HANDLING", True


def _arbitration(case: Case, event: e.CaseArbitrationOpened, now: datetime) -> None:
    """The unit serves the citizen from now on: there is nothing to sign."""
    order = case.known(event.order)
    order.state, order.fixed, order.disputed = "HANDLING", True, True


def _arbitrated(case: Case, event: e.CaseArbitrated, now: datetime) -> None:
    case.known(event.order).disputed = False


def _withdrawn(case: Case, event: e.WorkOrderWithdrawn, now: datetime) -> None:
    order = case.known(event.order)
    order.state = "WITHDRAWN"
    case.conclude()


def _fed_back(case: Case, event: e.WorkOrderAnswered, now: datetime) -> None:
    order = case.known(event.order)
    order.state, order.answer, order.again, order.asked_until = "FED_BACK", event.public_answer, False, None


def _done(case: Case, event: e.WorkOrderDone, now: datetime) -> None:
    case.known(event.order).state = "DONE"
    case.conclude()


def _sent_back(case: Case, event: e.WorkOrderSentBack, now: datetime) -> None:
    order = case.known(event.order)
    order.state, order.again = "HANDLING", True


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
    case.closed, case.closed_at, case.reopen_requested = True, now, False


def _archived(case: Case, event: e.CaseArchived, now: datetime) -> None:
    case.archived = True


def _reopen_requested(case: Case, event: e.CaseReopenRequested, now: datetime) -> None:
    case.closed, case.archived, case.reopen_requested = False, False, True


def _reopened(case: Case, event: e.CaseReopened, now: datetime) -> None:
    begin_cycle(case, event.cycle, event.obligations)


def _nothing(case: Case, event: Struct, now: datetime) -> None:
    """The event is history only."""


_APPLY: dict[type[Struct], Callable[[Case, Any, datetime], None]] = {
    e.CaseRegistered: _registered,
    e.CaseAnswered: _answered,
    e.CaseDispatched: _dispatched,
    e.CaseArbitrationOpened: _arbitration,
    e.CaseArbitrated: _arbitrated,
    e.CaseFollowedUp: _nothing,
    e.CaseClosed: _closed,
    e.CaseArchived: _archived,
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
    e.WorkOrderContacted: _nothing,
    e.WorkOrderProgressed: _nothing,
    e.WorkOrderDone: _done,
    e.WorkOrderWithdrawn: _withdrawn,
    e.WorkOrderSentBack: _sent_back,
    e.ReplyOwed: _owed,
    e.ReplySettled: _settled,
    e.DeadlineWarned: _nothing,
    e.DeadlineBreached: _nothing,
    e.CaseEscalated: _nothing,
    e.NoticeDue: _nothing,
    e.CommandRejected: _nothing,
    **supervision.APPLY,
    **event_case.APPLY,
    **extensions.APPLY,
    **keeping.APPLY,
    **leaving.APPLY,
    **matter.APPLY,
    **merging.APPLY,
    **parking.APPLY,
    **splitting.APPLY,
    **transfers.APPLY,
}
