"""The desk's reading of `cases`: every event becomes a line of the timeline, most also change the sheet."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from services.desk.domain import orders, supervisions, ties
from services.desk.domain.debts import cycle, owe, reported, waive
from services.desk.domain.dues import Dues, note_pause, regrade
from services.desk.domain.sheet import Entry, Rating, Sheet, Transfer
from services.desk.domain.similar import words_of
from shared.documents import Document
from shared.elements import told
from shared.events import cases as e
from shared.events.envelope import Envelope
from shared.records import Record
from shared.states import OVER

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for no deadline, so that lists can be sorted and paged by it."""
_PERSONAL = frozenset(
    {"reporter", "person", "contact_id", "caller_ref", "sealed", "obligations", "obligation", "reporters"}
)


class SheetView:
    """A View of shared/reader.py."""

    name = "desk"
    state = Sheet
    interests = frozenset(e.CASES.models)

    def __init__(self, dues: Dues) -> None:
        self._dues = dues

    def fold(self, state: Sheet | None, event: Envelope, data: Any) -> Sheet:
        sheet = state or Sheet(id=event.subject)
        if apply := _APPLY.get(type(data)):
            apply(sheet, data, event.time)
        elif step := _TRANSFER_STEPS.get(event.type):
            _transferred(sheet, data, step)
        if note_pause(sheet, event.time) or type(data) in _RECKONED:
            self._dues.reckon(sheet)
        self._dues.turn(sheet, event.time, anew=type(data) in _TURNS)
        sheet.timeline.append(_entry(event, data))
        return sheet

    def effects(self, state: Sheet, event: Envelope, data: Any) -> list[Record]:
        return []

    def index(self, state: Sheet) -> Document:
        """What lists are found by: state, each order's unit and state, callers, words, deadlines."""
        return {
            "case_state": state.state,
            "open": state.state not in OVER,
            "number": state.number,
            "registered_at": state.registered_at,
            "due": state.due or NEVER,
            "breached_at": state.breached_at,
            "refs": sorted({contact.caller_ref for contact in state.contacts if contact.caller_ref}),
            "words": state.words,
            "supervised": any(one.state != "CLOSED" for one in state.supervisions),
            "supervision": [{"unit": one.unit, "state": one.state} for one in state.supervisions],
            "work": [
                {"unit": order.unit, "state": order.state, "due": (not state.parked and order.due) or NEVER}
                for order in state.orders
                if order.cycle == state.cycle
            ],
        }  # fmt: skip


def _entry(event: Envelope, data: Struct) -> Entry:
    return Entry(
        sequence=event.sequence,
        time=event.time,
        type=event.type.removesuffix(".v1"),
        actor=event.actor,
        data=_impersonal(msgspec.to_builtins(data)),
    )


def _impersonal(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _impersonal(value) for key, value in data.items() if key not in _PERSONAL}
    return data


def _registered(sheet: Sheet, data: e.CaseRegistered, now: datetime) -> None:
    for name in ("number", "title", "text", "request_type", "topic", "area", "address", "priority"):
        setattr(sheet, name, getattr(data, name))
    sheet.registered_at, sheet.keeper = now, data.keeper
    sheet.words = words_of(f"{data.title} {told(data.text)}")
    reported(sheet, data.reporter)
    owe(sheet, data.obligation, data.reporter, data.obligation_state)


def _answered(sheet: Sheet, data: e.CaseAnswered, now: datetime) -> None:
    sheet.answer = data.answer


def _owed(sheet: Sheet, data: e.ReplyOwed, now: datetime) -> None:
    sheet.answer = data.answer
    for debt in sheet.debts:
        if debt.id == data.obligation:
            debt.state, debt.masked = "owed", data.reporter.person.masked


def _settled(sheet: Sheet, data: e.ReplySettled, now: datetime) -> None:
    for debt in sheet.debts:
        if debt.id == data.obligation:
            debt.state, debt.how = "settled", data.how


def _attached(sheet: Sheet, data: e.ContactAttached, now: datetime) -> None:
    reported(sheet, data.reporter)
    owe(sheet, data.obligation, data.reporter, "open")


def _followed_up(sheet: Sheet, data: e.CaseFollowedUp, now: datetime) -> None:
    sheet.rating = Rating(solved=data.solved, satisfaction=data.satisfaction, comment=data.comment)


def _closed(sheet: Sheet, data: e.CaseClosed, now: datetime) -> None:
    sheet.closed, sheet.reopen_requested = True, False


def _reopen_requested(sheet: Sheet, data: e.CaseReopenRequested, now: datetime) -> None:
    sheet.closed, sheet.archived, sheet.reopen_requested = False, False, True


def _archived(sheet: Sheet, data: e.CaseArchived, now: datetime) -> None:
    sheet.archived = True


def _withdrawn(sheet: Sheet, data: e.CaseWithdrawn, now: datetime) -> None:
    sheet.end, sheet.answer, sheet.parked = "withdrawn", "", False
    waive(sheet)


def _handed_back(sheet: Sheet, data: e.CaseHandedBack, now: datetime) -> None:
    waive(sheet)


def _referred(sheet: Sheet, data: e.CaseReferred, now: datetime) -> None:
    sheet.end, sheet.answer, sheet.parked = "referred", data.route, False


def _parked(sheet: Sheet, data: e.CaseParked, now: datetime) -> None:
    sheet.parked = True


def _resumed(sheet: Sheet, data: e.CaseResumed, now: datetime) -> None:
    sheet.parked = False


def _supplement_asked(sheet: Sheet, data: e.CaseSupplementAsked, now: datetime) -> None:
    sheet.supplement = True


def _supplemented(sheet: Sheet, data: e.CaseSupplemented, now: datetime) -> None:
    sheet.supplement = False
    sheet.text = "\n".join(part for part in (sheet.text, data.text) if part)
    for name in ("address", "area", "topic"):
        setattr(sheet, name, getattr(data, name) or getattr(sheet, name))


def _regraded(sheet: Sheet, data: e.CaseRegraded, now: datetime) -> None:
    before = sheet.priority
    sheet.priority, sheet.request_type, sheet.topic = data.priority, data.request_type, data.topic
    regrade(sheet, before, now)


def _kept(sheet: Sheet, data: e.CaseKept, now: datetime) -> None:
    sheet.keeper = data.keeper


def _dispatched(sheet: Sheet, data: e.CaseDispatched, now: datetime) -> None:
    sheet.supplement = False


def _reopened(sheet: Sheet, data: e.CaseReopened, now: datetime) -> None:
    """A new cycle: everybody who was owed an answer is owed one again."""
    cycle(sheet, data.cycle, data.obligations)


def _transferred(sheet: Sheet, data: Any, step: str) -> None:
    """A request to a partner went a step; with the last result the case has its answer."""
    transfer = sheet.transfers.setdefault(data.transfer, Transfer(target=data.target, state=step))
    transfer.state = step
    if step == "completed":
        transfer.result = data.text
        sheet.answer = sheet.answer or data.text


def _overdue(sheet: Sheet, data: e.TransferUnacknowledged, now: datetime) -> None:
    if transfer := sheet.transfers.get(data.transfer):
        transfer.overdue = True


_TRANSFER_STEPS = {
    f"transfer.{step}.v1": step for step in ("asked", "receipted", "accepted", "refused", "completed")
}  # fmt: skip


_RECKONED: frozenset[type[Struct]] = frozenset(
    {e.WorkOrderIssued, e.WorkOrderExtended, e.CaseRegraded, e.CaseSupplemented}
)
"""What changes the deadlines of orders."""
_TURNS: frozenset[type[Struct]] = frozenset({
    e.CaseRegistered, e.CaseRegraded, e.CaseReopenRequested, e.CaseReopened, e.CaseSeparated, e.CaseDetached,
    e.CaseSupplemented, e.CaseResumed, e.WorkOrderAnswered, e.WorkOrderReturned, e.WorkOrderWithdrawn, e.WorkOrderDone,
    e.TransferRefused, e.TransferCompleted, e.ReplyOwed, e.ReplySettled,
})  # fmt: skip
"""After what it may be the centre's turn."""


_APPLY: dict[type[Struct], Callable[[Sheet, Any, datetime], None]] = {
    e.CaseRegistered: _registered,
    e.CaseAnswered: _answered,
    e.CaseDispatched: _dispatched,
    e.CaseFollowedUp: _followed_up,
    e.CaseClosed: _closed,
    e.CaseReopenRequested: _reopen_requested,
    e.CaseReopened: _reopened,
    e.CaseArchived: _archived,
    e.CaseWithdrawn: _withdrawn,
    e.CaseHandedBack: _handed_back,
    e.CaseReferred: _referred,
    e.CaseParked: _parked,
    e.CaseResumed: _resumed,
    e.CaseSupplementAsked: _supplement_asked,
    e.CaseSupplemented: _supplemented,
    e.CaseRegraded: _regraded,
    e.CaseKept: _kept,
    e.ContactAttached: _attached,
    e.ReplyOwed: _owed,
    e.ReplySettled: _settled,
    e.TransferUnacknowledged: _overdue,
    **orders.APPLY,
    **ties.APPLY,
    **supervisions.APPLY,
}
