"""What events do to the work orders of a sheet."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.desk.domain.sheet import Order, Sheet
from shared.deadlines import Extension
from shared.events import cases as e


def _issued(sheet: Sheet, data: e.WorkOrderIssued, now: datetime) -> None:
    sheet.orders.append(
        Order(
            id=data.order, unit=data.unit, role=data.role, cycle=data.cycle, issued_at=now, parent=data.parent,
            profile=data.profile, own=data.due,
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
    order.extended = Extension(at=now, until=data.until)


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


APPLY: dict[type[Struct], Callable[[Sheet, Any, datetime], None]] = {
    e.WorkOrderIssued: _issued,
    e.CaseArbitrationOpened: _arbitration,
    e.CaseArbitrated: _arbitrated,
    e.WorkOrderWithdrawn: _withdrawn_order,
    e.WorkOrderExtensionAsked: _extension_asked,
    e.WorkOrderExtended: _extended,
    e.WorkOrderExtensionRefused: _extension_refused,
    e.WorkOrderSigned: _signed,
    e.WorkOrderReturnAsked: _return_asked,
    e.WorkOrderReturned: _returned,
    e.WorkOrderReturnRefused: _return_refused,
    e.WorkOrderAnswered: _fed_back,
    e.WorkOrderDone: _done,
    e.WorkOrderSentBack: _sent_back,
    e.DeadlineWarned: _warned,
    e.DeadlineBreached: _breached,
}
