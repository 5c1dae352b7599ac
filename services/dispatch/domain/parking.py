"""Matters that take long: parked by an approved plan until a review (挂账), then resumed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.rejected import Rejected
from shared.deadlines import Span
from shared.events import cases as e
from shared.events import commands as c


def park(case: Case, command: c.Park, context: Context) -> Events:
    """Parked again, the review moves; the longest parking counts from the first one of the cycle."""
    latest = (case.first_parked_at or context.now) + timedelta(days=context.rules.park_days)
    if not context.now < command.review_at <= latest:
        raise Rejected("review_at", f"the review lies between now and {latest.isoformat()}")
    return [e.CaseParked(reason=command.reason, review_at=command.review_at)]


def resume(case: Case, command: c.Resume, context: Context) -> Events:
    return [e.CaseResumed(reason=command.reason)]


def _parked(case: Case, event: e.CaseParked, now: datetime) -> None:
    case.parked_at = case.parked_at or now
    case.first_parked_at = case.first_parked_at or now


def _resumed(case: Case, event: e.CaseResumed, now: datetime) -> None:
    case.parked_at = None


def left(case: Case, since: datetime, now: datetime) -> None:
    """The case was parked since then, and is no longer, by whatever event: nobody waits for the review."""
    case.parked.append(Span(since=since, until=now))
    case.stopped.setdefault("audit", now)


APPLY: dict[type[Struct], Callable[[Case, Any, datetime], None]] = {
    e.CaseParked: _parked,
    e.CaseResumed: _resumed,
}
