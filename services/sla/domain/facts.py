"""What sla keeps of a case beside its clocks: what the matter is, whose orders there are, who is owed a reply."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct, structs

from services.sla.domain.clocks import Clocks, Extension, Order
from shared.deadlines import Matter
from shared.events import cases as e


def _registered(state: Clocks, data: e.CaseRegistered, at: datetime) -> None:
    state.matter = Matter(
        priority=data.priority, request_type=data.request_type, topic=data.topic, area=data.area
    )  # fmt: skip


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
    state.joined += 1


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
    e.ContactAttached: _attached,
    e.CaseSupplemented: _supplemented,
    e.SupervisionOpened: _supervised,
    e.ReplyOwed: _owed,
    e.ReplySettled: _settled,
}
"""(state, event's data, time): keeps what the event says."""
