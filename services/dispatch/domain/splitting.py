"""A contact whose matter is another one gets a case of his own. Until that is registered he still waits here."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.dispatch.domain.case import Case, Debt, same_person
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.replies import closes, owed, turn
from services.dispatch.domain.ties import refuse_if
from shared.events import cases as e
from shared.events import commands as c
from shared.events.topics import lane_of
from shared.ids import case_id, derive

FIRST_MATTER = 1_000
"""Matters from here on are splits; those below are counted by the door."""


def split(case: Case, command: c.Split, context: Context) -> Events:
    debt = _debt_of(case, command.contact_id)
    matter = FIRST_MATTER + int(derive("split", case.id, case.related.splits + 1)[:7], 16)
    return [
        e.SplitAsked(
            case=case_id(lane_of(case.id), command.contact_id, matter),
            matter=matter,
            obligation=debt.id,
            reporter=debt.reporter,
            title=command.title,
            text=command.text,
            request_type=command.request_type or case.request_type,
            topic=command.topic or case.topic,
            area=command.area or case.area,
            address=command.address or case.address,
            priority=case.priority,
            reason=command.reason,
        )
    ]


def _debt_of(case: Case, contact: str) -> Debt:
    """What is owed to this contact here. Raises Rejected where he cannot leave."""
    mine = next((debt for debt in reversed(case.debts) if debt.reporter.contact_id == contact), None)
    if mine is None or mine.state == "split":
        raise Rejected("no_such_contact", f"nobody waits here under contact {contact}")
    refuse_if(bool(mine.merge), "merged_contact", "he came with a merged case; undo that merge instead")
    refuse_if(mine.state in ("owed", "leaving"), "reply_payable", "he is being answered or leaves already; wait for it")
    refuse_if(len(case.reporters()) < 2, "only_contact", "nobody else waits here; it is a case of his own")
    return mine


def record_split(case: Case, command: c.RecordSplit, context: Context) -> Events:
    debt = _leaving(case, command.case)
    if command.taken:
        gone = e.CaseSplit(case=command.case, obligation=debt.id)
        last = closes(case, context, gone=[one.id for one in _debts_of(case, debt)])
        return [gone, *([e.CaseClosed(reason="replied")] if last else [])]
    stays = e.SplitRefused(case=command.case, obligation=debt.id, reason=command.reason, detail=command.detail)
    payable = debt.state == "leaving" and case.answered()
    return [stays, *([owed(case, debt.id, debt.reporter, debt.number)] if payable else [])]


def _leaving(case: Case, new: str) -> Debt:
    debt = case.debt(case.related.leaving.get(new, ""))
    if debt is None:
        raise Rejected("no_such_split", f"nobody is on the way to {new}")
    return debt


def _debts_of(case: Case, mine: Debt) -> list[Debt]:
    """His in every cycle; what is being paid is paid."""
    return [
        debt for debt in case.debts
        if same_person(debt.reporter, mine.reporter) and not debt.merge and debt.state != "owed"
    ]  # fmt: skip


def _asked(case: Case, event: e.SplitAsked, now: datetime) -> None:
    case.related.splits += 1
    case.related.leaving[event.case] = event.obligation
    turn([debt for debt in case.debts if debt.id == event.obligation], "open", "leaving")


def _gone(case: Case, event: e.CaseSplit, now: datetime) -> None:
    del case.related.leaving[event.case]
    for debt in _debts_of(case, next(debt for debt in case.debts if debt.id == event.obligation)):
        debt.state = "split"


def _stays(case: Case, event: e.SplitRefused, now: datetime) -> None:
    del case.related.leaving[event.case]
    turn([debt for debt in case.debts if debt.id == event.obligation], "leaving", "open")


APPLY: dict[type[Struct], Callable[[Case, Any, datetime], None]] = {
    e.SplitAsked: _asked,
    e.CaseSplit: _gone,
    e.SplitRefused: _stays,
}
