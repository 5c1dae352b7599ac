"""Written supervision (督办): a document with its own number, issued, answered by the unit, sent back or closed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from services.dispatch.domain.case import Case, Supervision
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.dates import check_date
from services.dispatch.domain.orders import own_order
from services.dispatch.domain.rejected import Rejected
from shared.events import cases as e
from shared.events import commands as c
from shared.ids import derive
from shared.states import ENDED

Move = Literal["answer", "send_back", "close"]
NEXT: dict[str, tuple[Move, ...]] = {"ISSUED": ("answer", "close"), "ANSWERED": ("send_back", "close"), "CLOSED": ()}
"""待处理 → 待审核 → 督办办结; sent back it is 待处理 again. State → what is possible in it."""


def supervise(case: Case, command: c.Supervise, context: Context) -> Events:
    """Of an order that is open, or of the whole case; one document at a time about the same thing.

    The ladder counts the day from a step's own moment, so after an outage it may be over already.
    """
    if command.due is not None and context.role != "service":
        check_date("due", command.due, context)
    unit = _subject(case, command, context)
    known = [one for one in case.supervisions if one.order == command.order and one.state != "CLOSED"]
    if known:
        raise Rejected("already_supervised", f"document {known[0].number} is {known[0].state}")
    count = len(case.supervisions) + 1
    return [
        e.SupervisionOpened(
            supervision=derive("supervision", case.id, count),
            number=f"{case.number}-D{count}",
            order=command.order,
            unit=unit,
            reason=command.reason,
            due=command.due,
        )
    ]


def _subject(case: Case, command: c.Supervise, context: Context) -> str:
    """The unit that has to answer: the order's, or the lead unit of the case; empty while there is none."""
    if not command.order:
        return next((order.unit for order in case.current() if order.role == "lead"), "")
    order = own_order(case, command.order, context)
    if order.state in ENDED:
        raise Rejected("order_ended", f"the order is {order.state}; supervise the whole case instead")
    return order.unit


def answer(case: Case, command: c.AnswerSupervision, context: Context) -> Events:
    """By the unit that is supervised; where none is named, by any that has an order."""
    one = _possible(case, command.supervision, "answer")
    unit = context.actor.removeprefix("unit:")
    mine = unit == one.unit or (not one.unit and any(order.unit == unit for order in case.orders))
    if not mine:
        raise Rejected("not_its_supervision", f"document {one.number} is not this unit's to answer")
    return [e.SupervisionAnswered(supervision=one.id, unit=unit, text=command.text)]


def judge(case: Case, command: c.JudgeSupervision, context: Context) -> Events:
    """The supervisor closes the document, without a report only with the reason, or sends the report back with one."""
    one = _possible(case, command.supervision, "close" if command.passed else "send_back")
    if command.passed:
        if one.state == "ISSUED" and not command.text:
            raise Rejected("no_reason", "a document that nobody answered is closed with the reason (text)")
        return [e.SupervisionClosed(supervision=one.id, unit=one.unit, text=command.text)]
    if not command.text:
        raise Rejected("no_reason", "a report that is sent back needs the reason (text)")
    return [e.SupervisionSentBack(supervision=one.id, unit=one.unit, text=command.text)]


def _possible(case: Case, supervision: str, move: Move) -> Supervision:
    one = case.supervision(supervision)
    if one is None:
        raise Rejected("no_such_supervision", "the case has no such supervision")
    if move not in NEXT[one.state]:
        possible = ", ".join(NEXT[one.state]) or "nothing any more"
        raise Rejected("not_possible", f"document {one.number} is {one.state}; possible: {possible}")
    return one


def _opened(case: Case, event: e.SupervisionOpened, now: datetime) -> None:
    case.supervisions.append(
        Supervision(id=event.supervision, number=event.number, order=event.order, unit=event.unit, due=event.due)
    )


def _answered(case: Case, event: e.SupervisionAnswered, now: datetime) -> None:
    one = _known(case, event)
    one.state, one.unit = "ANSWERED", event.unit


def _sent_back(case: Case, event: e.SupervisionSentBack, now: datetime) -> None:
    _known(case, event).state = "ISSUED"


def _closed(case: Case, event: e.SupervisionClosed, now: datetime) -> None:
    _known(case, event).state = "CLOSED"


def _known(case: Case, event: Any) -> Supervision:
    one = case.supervision(event.supervision)
    if one is None:
        raise LookupError(f"{case.id}: event about unknown supervision {event.supervision}")
    return one


APPLY: dict[type[Struct], Callable[[Case, Any, datetime], None]] = {
    e.SupervisionOpened: _opened,
    e.SupervisionAnswered: _answered,
    e.SupervisionSentBack: _sent_back,
    e.SupervisionClosed: _closed,
}
