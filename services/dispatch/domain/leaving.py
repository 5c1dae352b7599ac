"""Cases that the hotline does not carry to an end: taken back by the citizen, or referred to the legal route."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.orders import withdrawn
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.replies import payable
from shared.events import cases as e
from shared.events import commands as c


def withdraw(case: Case, command: c.Withdraw, context: Context) -> Events:
    """Open orders are told one by one; `case.withdrawn` waives the one reply that was still open."""
    _check_no_partner(case)
    if any(debt.state == "owed" for debt in case.debts):
        raise Rejected("replies_open", "a reply is on its way; withdraw once it is settled")
    if len({debt.reporter.person.caller_ref for debt in case.unpaid()}) > 1:
        raise Rejected("others_wait", "other reporters joined the case and wait for an answer")
    return [
        *withdrawn(case, case.current(), "withdrawn"),
        e.CaseWithdrawn(reason=command.reason),
        e.CaseClosed(reason="withdrawn"),
    ]


def refer(case: Case, command: c.Refer, context: Context) -> Events:
    """The route is the answer that every reporter is owed; the case ends when all have been told."""
    _check_no_partner(case)
    events: Events = [
        *withdrawn(case, case.current(), "referred"),
        e.CaseReferred(reason=command.reason, route=command.route),
        *payable(case, command.route),
    ]
    return events if case.unpaid() else [*events, e.CaseClosed(reason="referred")]


def _check_no_partner(case: Case) -> None:
    if case.transferred():
        raise Rejected("transfers_open", "a partner still has the case; wait for its answer or its refusal")


def _withdrawn(case: Case, event: e.CaseWithdrawn, now: datetime) -> None:
    case.end, case.answer, case.parked_at = "withdrawn", "", None
    for debt in case.unpaid():
        debt.state = "waived"


def _referred(case: Case, event: e.CaseReferred, now: datetime) -> None:
    case.end, case.answer, case.parked_at = "referred", event.route, None


APPLY: dict[type[Struct], Callable[[Case, Any, datetime], None]] = {
    e.CaseWithdrawn: _withdrawn,
    e.CaseReferred: _referred,
}
