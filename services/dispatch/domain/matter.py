"""What the case is about: supplemented by the agent, graded anew by a person's judgement."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.extensions import fall_away
from services.dispatch.domain.rejected import Rejected
from shared.events import cases as e
from shared.events import commands as c


def ask_supplement(case: Case, command: c.AskSupplement, context: Context) -> Events:
    return [e.CaseSupplementAsked(text=command.text)]


def supplement(case: Case, command: c.Supplement, context: Context) -> Events:
    return [
        e.CaseSupplemented(text=command.text, address=command.address, area=command.area, topic=command.topic)
    ]  # fmt: skip


def regrade(case: Case, command: c.Regrade, context: Context) -> Events:
    """Never silently: with a reason, and from the urgent priorities down by a supervisor alone."""
    regraded = e.CaseRegraded(
        priority=command.priority or case.priority,
        request_type=command.request_type or case.request_type,
        topic=command.topic or case.topic,
        reason=command.reason,
    )
    if (regraded.priority, regraded.request_type, regraded.topic) == (case.priority, case.request_type, case.topic):
        raise Rejected("nothing_new", "priority, type and topic are that already")
    downgraded = case.priority in c.URGENT and regraded.priority > case.priority
    if downgraded and context.role != "supervisor":
        raise Rejected("only_supervisor", f"only a supervisor downgrades a {case.priority} case")
    return [regraded]


def _asked(case: Case, event: e.CaseSupplementAsked, now: datetime) -> None:
    case.supplement = True


def _supplemented(case: Case, event: e.CaseSupplemented, now: datetime) -> None:
    case.supplement = False
    case.text = "\n".join(part for part in (case.text, event.text) if part)
    for name in ("address", "area", "topic"):
        setattr(case, name, getattr(event, name) or getattr(case, name))


def _regraded(case: Case, event: e.CaseRegraded, now: datetime) -> None:
    if event.priority < case.priority:
        case.raised_at = now
        for order in case.orders if event.priority in c.URGENT else ():
            fall_away(order)
    case.priority, case.request_type, case.topic = event.priority, event.request_type, event.topic


APPLY: dict[type[Struct], Callable[[Case, Any, datetime], None]] = {
    e.CaseSupplementAsked: _asked,
    e.CaseSupplemented: _supplemented,
    e.CaseRegraded: _regraded,
}
