"""One cause, many cases: an event case is dispatched and answered once, and its answer reaches every linked case.

Membership stands on the linked case alone, so the event case stays as small as any other, and linking the
ten-thousandth costs what the first did.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.orders import withdrawn
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.related import Event, Link
from services.dispatch.domain.replies import pay, personal
from services.dispatch.domain.states import state_of
from services.dispatch.domain.ties import refuse_if
from shared.events import cases as e
from shared.events import commands as c


def declare(case: Case, command: c.DeclareEvent, context: Context) -> Events:
    refuse_if(case.related.event is not None, "already_declared", "this is an event case")
    refuse_if(case.closed, "not_open", f"the case is {state_of(case)}; only an open case becomes an event case")
    refuse_if(case.related.link is not None, "linked", "the case is linked to an event case itself")
    return [e.EventDeclared(reason=command.reason)]


def link(case: Case, command: c.Link, context: Context) -> Events:
    """The case waits from now on; its units are told that another order covers it."""
    _check_link(case, command)
    linked = e.CaseLinked(
        event_case=command.event_case,
        link=case.related.links + 1,
        reason=command.reason,
        request_type=case.request_type,
    )
    return [linked, *withdrawn(case, case.current(), "linked")]


def _check_link(case: Case, command: c.Link) -> None:
    state = state_of(case)
    payable = [debt for debt in case.debts if debt.state == "owed"]
    refuse_if(command.event_case == case.id, "same_case", "a case cannot be linked to itself")
    refuse_if(case.related.event is not None, "event_case", "this is an event case; others are linked to it")
    refuse_if(case.related.waits(), "already_linked", "the case waits for an event case; detach it first")
    refuse_if(case.closed or case.reopen_requested, "not_open", f"the case is {state}; only an open case is linked")
    refuse_if(bool(payable), "reply_payable", f"{len(payable)} reporters are being answered; wait until they are")
    refuse_if(case.answered(), "answered", f"the case has its answer and is {state}")
    done = any(order.state == "DONE" for order in case.current()) or bool(case.results())
    refuse_if(done, "partly_answered", "somebody has answered already, and that counts; let the others answer too")
    refuse_if(case.transferred(), "transferred", "a partner has the case; wait for its answer or its refusal")


def detach(case: Case, command: c.Detach, context: Context) -> Events:
    known = case.related.link
    if known is None or known.answered:
        raise Rejected("not_linked", f"the case is {state_of(case)}; it waits for no event case")
    return [e.CaseDetached(event_case=known.event_case, link=known.number, reason=command.reason)]


def take_answer(case: Case, command: c.TakeAnswer, context: Context) -> Events:
    """Everybody who waits here is told it, with the details of this case."""
    _check_waits(case, command.event_case, command.link)
    answer = personal(command.answer, case, case.number)
    return [e.CaseAnswered(answer=answer, event_case=command.event_case), *pay(case, command.answer, context)]


def refuse_link(case: Case, command: c.RefuseLink, context: Context) -> Events:
    _check_waits(case, command.event_case, command.link)
    return [e.CaseDetached(event_case=command.event_case, link=command.link, reason=command.reason)]


def _check_waits(case: Case, event_case: str, number: int) -> None:
    known = case.related.link
    waits = known is not None and (known.event_case, known.number, known.answered) == (event_case, number, False)
    refuse_if(case.closed or not waits, "not_linked", f"the case is {state_of(case)} and does not wait for it")


def end_of(case: Case) -> Events:
    """Whatever ends an event case's cycle, with an answer or without one, is told once to all who are linked."""
    event = case.related.event
    if event is None or event.told == case.cycle:
        return []
    if case.answered():
        return [e.EventAnswered(answer=case.answer, cycle=case.cycle)]
    return [e.EventEnded(reason=state_of(case), cycle=case.cycle)] if case.closed else []


def _declared(case: Case, event: e.EventDeclared, now: datetime) -> None:
    case.related.event = Event()


def _told(case: Case, event: e.EventAnswered | e.EventEnded, now: datetime) -> None:
    answer = event.answer if isinstance(event, e.EventAnswered) else ""
    case.related.event = Event(told=event.cycle, sequence=case.sequence, answer=answer)


def _linked(case: Case, event: e.CaseLinked, now: datetime) -> None:
    case.related.links = event.link
    case.related.link = Link(event_case=event.event_case, number=event.link)
    case.parked_at = None


def _detached(case: Case, event: e.CaseDetached, now: datetime) -> None:
    case.related.link = None


APPLY: dict[type[Struct], Callable[[Case, Any, datetime], None]] = {
    e.EventDeclared: _declared,
    e.EventAnswered: _told,
    e.EventEnded: _told,
    e.CaseLinked: _linked,
    e.CaseDetached: _detached,
}
