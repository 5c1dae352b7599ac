"""How a case ends, and how it begins again: follow-up, close, archive, reopen."""

from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.orders import issue
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.replies import obligations
from shared.events import cases as e
from shared.events import commands as c


def follow_up(case: Case, command: c.FollowUp, context: Context) -> Events:
    heard = e.CaseFollowedUp(solved=command.solved, satisfaction=command.satisfaction, comment=command.comment)
    if command.solved:
        return [heard, e.CaseClosed(reason="solved")]
    return [heard, *_new_cycle(case, "follow_up_unsolved")]


def _new_cycle(case: Case, reason: str) -> Events:
    """A new cycle: everybody is owed an answer again, and the same units get new orders; the old cycle is kept."""
    cycle = case.cycle + 1
    orders = [issue(case, order.unit, order.role, case, cycle=cycle) for order in case.current()]
    return [e.CaseReopened(cycle=cycle, reason=reason, obligations=obligations(case, cycle)), *orders]


def close(case: Case, command: c.Close, context: Context) -> Events:
    if case.unpaid():
        raise Rejected("debts_open", f"{len(case.unpaid())} reporters still wait for their reply")
    return [e.CaseClosed(reason=command.reason)]


def archive(case: Case, command: c.Archive, context: Context) -> Events:
    """Once the time for an appeal is over."""
    over = context.rules.due(case.closed_at or context.at, context.rules.appeal_within)
    if context.at < over:
        raise Rejected("too_early", f"the case can be reopened on appeal until {over.isoformat()}")
    return [e.CaseArchived(reason=command.reason)]


def reopen(case: Case, command: c.Reopen, context: Context) -> Events:
    return _new_cycle(case, command.reason)
