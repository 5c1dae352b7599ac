"""What sla keeps of a case beside its clocks: what the matter is, whose orders there are, who is owed a reply."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct, structs

from services.sla.domain.clocks import Clocks, Order
from services.sla.domain.ladder import MOST_REPEATS
from shared.deadlines import Extension, Matter
from shared.events import cases as e
from shared.events.commands import Reporter

MARK = 12
"""So many letters of a caller's reference tell him apart within one case."""


def _registered(state: Clocks, data: e.CaseRegistered, at: datetime) -> None:
    state.matter = Matter(
        priority=data.priority, request_type=data.request_type, topic=data.topic, area=data.area
    )  # fmt: skip
    if known := data.reporter.person.caller_ref:
        state.callers.append(known[:MARK])


def _dispatched(state: Clocks, data: e.CaseDispatched, at: datetime) -> None:
    state.case.profile = data.profile


def _issued(state: Clocks, data: e.WorkOrderIssued, at: datetime) -> None:
    """The order says what the case is; older orders did not say topic and area."""
    state.matter = Matter(
        priority=data.priority,
        request_type=data.request_type,
        topic=data.topic or state.matter.topic,
        area=data.area or state.matter.area,
    )
    state.orders[data.order] = Order(unit=data.unit, profile=data.profile, own=data.due)


def _extended(state: Clocks, data: e.WorkOrderExtended, at: datetime) -> None:
    state.orders[data.order].extended = Extension(at=at, until=data.until)


def _attached(state: Clocks, data: e.ContactAttached, at: datetime) -> None:
    _join(state, data.reporter, bool(data.obligation))


def _absorbed(state: Clocks, data: e.CaseAbsorbed, at: datetime) -> None:
    for one in data.reporters:
        _join(state, one.reporter, True)


def _join(state: Clocks, reporter: Reporter, owed: bool) -> None:
    """Each caller counts once; whoever cannot be told apart only where he is owed a reply of his own."""
    mark = reporter.person.caller_ref[:MARK]
    if mark in state.callers or len(state.callers) > MOST_REPEATS:
        return
    if mark:
        state.callers.append(mark)
    state.joined += bool(mark or owed)


def _gone(state: Clocks, data: e.WorkOrderWithdrawn | e.WorkOrderReturned, at: datetime) -> None:
    state.orders[data.order].ended = "gone"


def _done(state: Clocks, data: e.WorkOrderDone, at: datetime) -> None:
    state.orders[data.order].ended = "done"


def _transferred(state: Clocks, data: e.TransferAsked, at: datetime) -> None:
    state.others.append(data.transfer)


def _back(state: Clocks, data: e.TransferRefused, at: datetime) -> None:
    _leave(state, data.transfer)


def _completed(state: Clocks, data: e.TransferCompleted, at: datetime) -> None:
    _leave(state, data.transfer)
    state.answered = state.answered or bool(data.text)


def _linked(state: Clocks, data: e.CaseLinked, at: datetime) -> None:
    state.others.append(data.event_case)


def _detached(state: Clocks, data: e.CaseDetached, at: datetime) -> None:
    _leave(state, data.event_case)


def _answered(state: Clocks, data: e.CaseAnswered, at: datetime) -> None:
    _leave(state, data.event_case)
    state.answered = True


def _merged(state: Clocks, data: e.CaseMerged, at: datetime) -> None:
    state.others.append(data.target)


def _new_cycle(state: Clocks, data: e.CaseReopened | e.CaseSeparated, at: datetime) -> None:
    """It begins with nobody; a case with an open transfer is never closed."""
    state.others, state.answered = [], False
    for order in state.orders.values():
        order.ended = "gone"


def _leave(state: Clocks, other: str) -> None:
    state.others = [one for one in state.others if one != other]


def _supplemented(state: Clocks, data: e.CaseSupplemented, at: datetime) -> None:
    topic, area = data.topic or state.matter.topic, data.area or state.matter.area
    state.matter = structs.replace(state.matter, topic=topic, area=area)


def _supervised(state: Clocks, data: e.SupervisionOpened, at: datetime) -> None:
    state.documents[data.supervision] = data.order


def _owed(state: Clocks, data: e.ReplyOwed, at: datetime) -> None:
    if data.obligation not in state.owed:
        state.owed.append(data.obligation)


def _settled(state: Clocks, data: e.ReplySettled, at: datetime) -> None:
    state.owed = [one for one in state.owed if one != data.obligation]


FACTS: dict[type[Struct], Callable[[Clocks, Any, datetime], None]] = {
    e.CaseRegistered: _registered,
    e.CaseDispatched: _dispatched,
    e.WorkOrderIssued: _issued,
    e.WorkOrderExtended: _extended,
    e.WorkOrderWithdrawn: _gone,
    e.WorkOrderReturned: _gone,
    e.WorkOrderDone: _done,
    e.TransferAsked: _transferred,
    e.TransferRefused: _back,
    e.TransferCompleted: _completed,
    e.CaseLinked: _linked,
    e.CaseDetached: _detached,
    e.CaseAnswered: _answered,
    e.CaseMerged: _merged,
    e.CaseSeparated: _new_cycle,
    e.CaseReopened: _new_cycle,
    e.ContactAttached: _attached,
    e.CaseAbsorbed: _absorbed,
    e.CaseSupplemented: _supplemented,
    e.SupervisionOpened: _supervised,
    e.ReplyOwed: _owed,
    e.ReplySettled: _settled,
}
"""(state, event's data, time): keeps what the event says."""
