"""Until when it is whose turn, by the rulebook and as sla counts (domain.md §3); what was missed, sla alone says."""

from datetime import datetime

from services.desk.domain.sheet import Order, Sheet
from shared.deadlines import Matter, Rulebook, Span, Terms, granted, stood
from shared.events.commands import URGENT, Clock, Priority
from shared.states import ENDED, CaseState

_SHOWN: tuple[Clock, ...] = ("sign", "resolve")
_CENTRE: dict[CaseState, Clock] = {
    "PENDING_DISPATCH": "audit", "REOPEN_REQUESTED": "audit", "PENDING_AUDIT": "audit", "PENDING_REPLY": "reply",
    "PENDING_CALLBACK": "follow_up",
}  # fmt: skip
"""Where it is the centre's turn, and by which of its clocks."""


class Dues:
    """Deadlines of sheets under one rulebook."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book

    def reckon(self, sheet: Sheet) -> None:
        """Count the deadlines of every order that has not ended, from its facts and the case's."""
        for order in sheet.orders:
            if order.state not in ENDED:
                self._reckon(sheet, order)

    def turn(self, sheet: Sheet, at: datetime, *, anew: bool) -> None:
        """Until when the centre is to act, where it is its turn; `anew`: since now."""
        if not anew and sheet.centre_due is None:
            return
        clock = _CENTRE.get(sheet.state)
        if clock is None:
            sheet.centre_due = None
        elif anew:
            terms = self._book.terms(clock, _matter(sheet), at)
            sheet.centre_due = terms.due if terms else None

    def _reckon(self, sheet: Sheet, order: Order) -> None:
        for clock in _SHOWN:
            terms = self._book.terms(clock, _matter(sheet), order.since, unit=order.unit, profile=order.profile)
            if terms is not None:
                order.dues[clock] = self._adjusted(sheet, order, clock, terms)

    def _adjusted(self, sheet: Sheet, order: Order, clock: Clock, terms: Terms) -> datetime:
        """Own deadline, granted extension, and the time for which the clock stood still."""
        due, since = terms.due, order.since
        if clock == "resolve":
            due, since, _ = granted(due, since, order.own, order.extended)
        if clock not in self._book.deadlines.pauses.parked:
            return due
        calendar = self._book.calendar(order.unit, order.profile)
        return stood(due, since, sheet.pauses, lambda due, *span: calendar.moved(due, terms.period, *span))[0]


def note_pause(sheet: Sheet, at: datetime) -> bool:
    """Keep since and until when the case is parked; whether a pause has ended just now."""
    running = bool(sheet.pauses) and sheet.pauses[-1].until is None
    if sheet.parked and not running:
        sheet.pauses.append(Span(since=at))
    elif running and not sheet.parked:
        sheet.pauses[-1].until = at
        return True
    return False


def regrade(sheet: Sheet, before: Priority, at: datetime) -> None:
    """Where priority rises, orders count from here, and what may not be extended is not (domain.md §3.3)."""
    if sheet.priority >= before:
        return
    for order in sheet.orders:
        order.raised_at = at
        if sheet.priority in URGENT:
            order.extended = None


def _matter(sheet: Sheet) -> Matter:
    return Matter(priority=sheet.priority, request_type=sheet.request_type, topic=sheet.topic, area=sheet.area)
