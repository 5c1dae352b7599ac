"""The desk's reading of `cases`: every event becomes a line of the timeline, most also change the sheet."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from services.desk.domain.sheet import Contact, Debt, Entry, Order, Rating, Sheet, Transfer
from services.desk.domain.similar import words_of
from shared.documents import Document
from shared.events import cases as e
from shared.events.commands import Clock, Reporter
from shared.events.envelope import Envelope
from shared.records import Record
from shared.states import OVER

Dues = Callable[[datetime, e.WorkOrderIssued], dict[Clock, datetime]]
"""(issued, order) → deadline per clock."""
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
        if isinstance(data, e.WorkOrderIssued):
            _issued(sheet, data, event.time, self._dues(event.time, data))
        elif apply := _APPLY.get(type(data)):
            apply(sheet, data, event.time)
        elif step := _TRANSFER_STEPS.get(event.type):
            _transferred(sheet, data, step)
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
            "work": [
                {"unit": order.unit, "state": order.state}
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
    sheet.words = words_of(f"{data.title} {data.text}")
    _reported(sheet, data.reporter)
    _owe(sheet, data.obligation, data.reporter, data.obligation_state)


def _reported(sheet: Sheet, reporter: Reporter) -> None:
    if all(contact.id != reporter.contact_id for contact in sheet.contacts):
        person = reporter.person
        sheet.contacts.append(
            Contact(
                id=reporter.contact_id, masked=person.masked, caller_ref=person.caller_ref, sealed=person.sealed
            )
        )  # fmt: skip


def _owe(sheet: Sheet, obligation: str, reporter: Reporter, state: Any, merge: str = "") -> None:
    if obligation:
        debt = Debt(id=obligation, masked=reporter.person.masked, cycle=sheet.cycle, state=state, merge=merge)
        sheet.debts.append(debt)


def _answered(sheet: Sheet, data: e.CaseAnswered, now: datetime) -> None:
    sheet.answer = data.answer


def _issued(sheet: Sheet, data: e.WorkOrderIssued, now: datetime, dues: dict[Clock, datetime]) -> None:
    sheet.orders.append(
        Order(
            id=data.order, unit=data.unit, role=data.role, cycle=data.cycle, issued_at=now, parent=data.parent,
            dues={**dues, **({"resolve": data.due} if data.due else {})},
        )
    )  # fmt: skip


def _order(sheet: Sheet, data: Any) -> Order:
    order = sheet.order(data.order)
    if order is None:
        raise LookupError(f"event about unknown order {data.order}")
    return order


def _signed(sheet: Sheet, data: e.WorkOrderSigned, now: datetime) -> None:
    _order(sheet, data).state = "HANDLING"


def _return_asked(sheet: Sheet, data: e.WorkOrderReturnAsked, now: datetime) -> None:
    order = _order(sheet, data)
    order.state, order.reason, order.proposed_unit = "RETURN_ASKED", data.reason, data.proposed_unit


def _returned(sheet: Sheet, data: e.WorkOrderReturned, now: datetime) -> None:
    _order(sheet, data).state = "RETURNED"


def _return_refused(sheet: Sheet, data: e.WorkOrderReturnRefused, now: datetime) -> None:
    order = _order(sheet, data)
    order.state, order.reason = "HANDLING", data.reason


def _arbitration(sheet: Sheet, data: e.CaseArbitrationOpened, now: datetime) -> None:
    order = _order(sheet, data)
    order.state, order.disputed = "HANDLING", True


def _arbitrated(sheet: Sheet, data: e.CaseArbitrated, now: datetime) -> None:
    order = _order(sheet, data)
    order.disputed, order.reason = False, data.reason


def _withdrawn_order(sheet: Sheet, data: e.WorkOrderWithdrawn, now: datetime) -> None:
    order = _order(sheet, data)
    order.state, order.reason = "WITHDRAWN", data.reason
    _conclude(sheet)


def _extension_asked(sheet: Sheet, data: e.WorkOrderExtensionAsked, now: datetime) -> None:
    order = _order(sheet, data)
    order.state, order.reason, order.asked_until = "EXTENSION_ASKED", data.reason, data.until


def _extended(sheet: Sheet, data: e.WorkOrderExtended, now: datetime) -> None:
    order = _order(sheet, data)
    order.state, order.reason, order.asked_until = "HANDLING", data.reason, None
    order.dues["resolve"] = data.until


def _extension_refused(sheet: Sheet, data: e.WorkOrderExtensionRefused, now: datetime) -> None:
    order = _order(sheet, data)
    order.state, order.reason, order.asked_until = "HANDLING", data.reason, None


def _fed_back(sheet: Sheet, data: e.WorkOrderAnswered, now: datetime) -> None:
    order = _order(sheet, data)
    order.state, order.answer, order.again, order.asked_until = "FED_BACK", data.public_answer, False, None


def _done(sheet: Sheet, data: e.WorkOrderDone, now: datetime) -> None:
    _order(sheet, data).state = "DONE"
    _conclude(sheet)


def _conclude(sheet: Sheet) -> None:
    """Once all have come to their end, their answers are the case's."""
    current = sheet.current()
    if current and all(order.state == "DONE" for order in current):
        sheet.answer, sheet.parked = "\n".join(order.answer for order in current), False


def _sent_back(sheet: Sheet, data: e.WorkOrderSentBack, now: datetime) -> None:
    order = _order(sheet, data)
    order.state, order.reason, order.again = "HANDLING", data.reason, True


def _owed(sheet: Sheet, data: e.ReplyOwed, now: datetime) -> None:
    sheet.answer = data.answer
    for debt in sheet.debts:
        if debt.id == data.obligation:
            debt.state = "owed"


def _settled(sheet: Sheet, data: e.ReplySettled, now: datetime) -> None:
    for debt in sheet.debts:
        if debt.id == data.obligation:
            debt.state, debt.how = "settled", data.how


def _attached(sheet: Sheet, data: e.ContactAttached, now: datetime) -> None:
    _reported(sheet, data.reporter)
    _owe(sheet, data.obligation, data.reporter, "open", data.merge)


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
    _waive(sheet)


def _handed_back(sheet: Sheet, data: e.CaseHandedBack, now: datetime) -> None:
    _waive(sheet)


def _waive(sheet: Sheet) -> None:
    for debt in sheet.debts:
        if debt.state in ("open", "owed"):
            debt.state = "waived"


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
    sheet.priority, sheet.request_type, sheet.topic = data.priority, data.request_type, data.topic


def _kept(sheet: Sheet, data: e.CaseKept, now: datetime) -> None:
    sheet.keeper = data.keeper


def _dispatched(sheet: Sheet, data: e.CaseDispatched, now: datetime) -> None:
    sheet.supplement = False


def _reopened(sheet: Sheet, data: e.CaseReopened, now: datetime) -> None:
    """A new cycle: everybody who was owed an answer is owed one again."""
    _cycle(sheet, data.cycle, data.obligations)


def _cycle(sheet: Sheet, cycle: int, obligations: tuple[str, ...]) -> None:
    sheet.closed = sheet.reopen_requested = sheet.supplement = sheet.parked = False
    sheet.cycle, sheet.answer, sheet.end, sheet.event_case = cycle, "", "closed", ""
    masked = list(dict.fromkeys(debt.masked for debt in sheet.debts))
    for obligation, whom in zip(obligations, masked, strict=False):
        if obligation:
            sheet.debts.append(Debt(id=obligation, masked=whom, cycle=cycle, state="open"))


def _merge_asked(sheet: Sheet, data: e.MergeAsked, now: datetime) -> None:
    sheet.merge = "asked"


def _goes_on(sheet: Sheet, data: e.MergeRefused, now: datetime) -> None:
    sheet.merge = ""


def _merged(sheet: Sheet, data: e.CaseMerged, now: datetime) -> None:
    """Whoever waits here is owed his answer there."""
    sheet.merge, sheet.merged_into = "done", data.target
    for debt in sheet.debts:
        if debt.state == "open":
            debt.state = "moved"


def _absorbed(sheet: Sheet, data: e.CaseAbsorbed, now: datetime) -> None:
    for obligation, one in zip(data.obligations, data.reporters, strict=True):
        _reported(sheet, one.reporter)
        _owe(sheet, obligation, one.reporter, "open", data.merge)


def _released(sheet: Sheet, data: e.CaseReleased, now: datetime) -> None:
    for debt in sheet.debts:
        if debt.merge == data.merge and debt.state == "open":
            debt.state = "moved"


def _separated(sheet: Sheet, data: e.CaseSeparated, now: datetime) -> None:
    sheet.merge, sheet.merged_into = "", ""
    _cycle(sheet, data.cycle, data.obligations)


def _split(sheet: Sheet, data: e.CaseSplit, now: datetime) -> None:
    for debt in sheet.debts:
        if debt.id == data.obligation and debt.state == "open":
            debt.state = "moved"


def _linked(sheet: Sheet, data: e.CaseLinked, now: datetime) -> None:
    sheet.event_case, sheet.parked = data.event_case, False


def _detached(sheet: Sheet, data: e.CaseDetached, now: datetime) -> None:
    sheet.event_case = ""


def _warned(sheet: Sheet, data: e.DeadlineWarned, now: datetime) -> None:
    if data.order:
        order = _order(sheet, data)
        order.warned.append(data.clock)
        order.dues[data.clock] = data.due


def _breached(sheet: Sheet, data: e.DeadlineBreached, now: datetime) -> None:
    sheet.breached_at = now
    if data.order:
        order = _order(sheet, data)
        order.breached.append(data.clock)
        order.dues[data.clock] = data.due


def _transferred(sheet: Sheet, data: Any, step: str) -> None:
    """A request to a partner went a step; with the last result the case has its answer."""
    transfer = sheet.transfers.setdefault(data.transfer, Transfer(target=data.target, state=step))
    transfer.state = step
    if step == "completed":
        transfer.result = data.text
        sheet.answer = sheet.answer or data.text


_TRANSFER_STEPS = {
    f"transfer.{step}.v1": step for step in ("asked", "receipted", "accepted", "refused", "completed")
}  # fmt: skip


_APPLY: dict[type[Struct], Callable[[Sheet, Any, datetime], None]] = {
    e.CaseRegistered: _registered,
    e.CaseAnswered: _answered,
    e.CaseDispatched: _dispatched,
    e.CaseArbitrationOpened: _arbitration,
    e.CaseArbitrated: _arbitrated,
    e.CaseFollowedUp: _followed_up,
    e.CaseClosed: _closed,
    e.MergeAsked: _merge_asked,
    e.MergeRefused: _goes_on,
    e.CaseMerged: _merged,
    e.CaseAbsorbed: _absorbed,
    e.CaseReleased: _released,
    e.CaseSeparated: _separated,
    e.CaseSplit: _split,
    e.CaseLinked: _linked,
    e.CaseDetached: _detached,
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
    e.WorkOrderWithdrawn: _withdrawn_order,
    e.WorkOrderExtensionAsked: _extension_asked,
    e.WorkOrderExtended: _extended,
    e.WorkOrderExtensionRefused: _extension_refused,
    e.ContactAttached: _attached,
    e.WorkOrderSigned: _signed,
    e.WorkOrderReturnAsked: _return_asked,
    e.WorkOrderReturned: _returned,
    e.WorkOrderReturnRefused: _return_refused,
    e.WorkOrderAnswered: _fed_back,
    e.WorkOrderDone: _done,
    e.WorkOrderSentBack: _sent_back,
    e.ReplyOwed: _owed,
    e.ReplySettled: _settled,
    e.DeadlineWarned: _warned,
    e.DeadlineBreached: _breached,
}
