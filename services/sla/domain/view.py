"""sla's reading of `cases`: which clocks an event starts, stops, holds or changes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct, structs

from services.sla.domain.clocks import Clocks, Extension, Order, Pause, PauseKind
from services.sla.domain.schedule import Schedule
from shared import clockwork
from shared.deadlines import Matter
from shared.events import cases as e
from shared.events.commands import Clock
from shared.events.envelope import Envelope
from shared.records import Record

_PAUSES: dict[type[Struct], PauseKind] = {
    e.CaseParked: "parked",
    e.CaseSupplementAsked: "supplement",
    e.WorkOrderReturnAsked: "return_asked",
    e.WorkOrderExtensionAsked: "extension_asked",
}
_GOES_ON: dict[type[Struct], PauseKind] = {
    e.CaseResumed: "parked",
    e.CaseSupplemented: "supplement",
    e.WorkOrderReturned: "return_asked",
    e.WorkOrderReturnRefused: "return_asked",
    e.CaseArbitrationOpened: "return_asked",
    e.WorkOrderExtended: "extension_asked",
    e.WorkOrderExtensionRefused: "extension_asked",
}


class ClocksView:
    """A View of shared/reader.py."""

    name = "sla"
    state = Clocks
    interests = frozenset(
        {
            "case.registered.v1", "case.answered.v1", "case.dispatched.v1", "case.arbitration_opened.v1",
            "case.followed_up.v1", "case.closed.v1", "case.reopen_requested.v1", "case.reopened.v1",
            "case.supplement_asked.v1", "case.supplemented.v1", "case.withdrawn.v1", "case.parked.v1",
            "case.resumed.v1", "case.referred.v1", "case.regraded.v1", "case.handed_back.v1", "contact.attached.v1",
            "work_order.issued.v1", "work_order.signed.v1", "work_order.return_asked.v1", "work_order.returned.v1",
            "work_order.return_refused.v1", "work_order.extension_asked.v1", "work_order.extended.v1",
            "work_order.extension_refused.v1", "work_order.contacted.v1", "work_order.progressed.v1",
            "work_order.answered.v1", "work_order.done.v1", "work_order.sent_back.v1", "work_order.withdrawn.v1",
            "reply.owed.v1", "reply.settled.v1", "transfer.asked.v1", "transfer.refused.v1",
        }
    )  # fmt: skip

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule

    def fold(self, state: Clocks | None, event: Envelope, data: Any) -> Clocks | None:
        """Nothing, where no clock was ever started: a case that was answered in the call costs no write."""
        if state is None and not _begins(data):
            return None
        state = state or Clocks(version=self.schedule.version)
        self.schedule.renew(state)
        self.schedule.catch_up(state, event.time)
        state.traceparent = event.traceparent
        if facts := _FACTS.get(type(data)):
            facts(state, data, event.time)
        self._pause(state, event, data)
        self._order_clocks(state, event, data)
        self._case_clocks(state, event, data)
        if isinstance(data, e.CaseRegraded):
            self._regrade(state, data, event.time)
        if state.orders:
            self.schedule.trigger(state, event.time)
        return state

    def effects(self, state: Clocks, event: Envelope, data: Any) -> list[Record]:
        return []

    def index(self, state: Clocks) -> dict[str, Any]:
        return {"next": state.next(), "version": state.version, "running": state.running()}

    def _order_clocks(self, state: Clocks, event: Envelope, data: Any) -> None:
        name = getattr(data, "order", "")
        if name:
            self._change(state, name, clockwork.of_order(data), event)
        if isinstance(data, e.WorkOrderExtended) and "resolve" in state.order(name).clocks:
            self.schedule.reckon(state, name, "resolve")
        if clockwork.ends_orders(data):
            for each in state.orders:
                self._change(state, each, clockwork.Change(clockwork.ALL), event)

    def _case_clocks(self, state: Clocks, event: Envelope, data: Any) -> None:
        change = clockwork.of_case(data, owed=bool(state.owed))
        if isinstance(data, e.ReplyOwed) and len(state.owed) > 1:
            return
        self._change(state, "", change, event)
        if isinstance(data, e.CaseParked):
            self.schedule.start(state, "", "audit", event.id, event.time, fixed=data.review_at)
        if isinstance(data, e.CaseResumed):
            self._change(state, "", clockwork.Change(("audit",)), event)

    def _change(self, state: Clocks, name: str, change: clockwork.Change, event: Envelope) -> None:
        clocks = state.order(name).clocks
        for clock in change.stops:
            if clock in clocks and clocks[clock].stopped is None:
                clocks[clock].stopped = event.time
                self.schedule.look(state, name, clock)
        for clock in change.goes_on:
            if clock in clocks:
                clocks[clock].stopped = None
                self.schedule.reckon(state, name, clock)
        for clock in change.starts:
            self._start(state, name, clock, event.id, event.time)

    def _start(self, state: Clocks, name: str, clock: Clock, cause: str, at: datetime) -> None:
        if clock == "progress":
            self.schedule.round(state, name, cause, at)
        else:
            self.schedule.start(state, name, clock, cause, at)

    def _pause(self, state: Clocks, event: Envelope, data: Any) -> None:
        order = state.order(getattr(data, "order", ""))
        begun, ended = _PAUSES.get(type(data)), _GOES_ON.get(type(data))
        if begun is None and ended is None:
            return
        for pause in order.pauses:
            if pause.kind == ended and pause.until is None:
                pause.until = event.time
        if begun is not None:
            reason = getattr(data, "reason", "") or getattr(data, "text", "")
            order.pauses.append(Pause(kind=begun, since=event.time, reason=reason))
        self.schedule.reckon_all(state)

    def _regrade(self, state: Clocks, data: e.CaseRegraded, at: datetime) -> None:
        """Where priority rises, running clocks count from here; else each from its own start."""
        rises = data.priority < state.matter.priority
        state.matter = structs.replace(
            state.matter, priority=data.priority, request_type=data.request_type, topic=data.topic
        )
        for name, order in state.whole():
            if rises:
                _count_from(order, at)
            resolve = order.clocks.get("resolve")
            if resolve is not None and resolve.stopped is None:
                for clock in clockwork.ORDER_CLOCKS:
                    if clock not in order.clocks:
                        self._start(state, name, clock, resolve.cause, at)
        self.schedule.reckon_all(state)


def _count_from(order: Order, at: datetime) -> None:
    for running in order.clocks.values():
        if running.stopped is None:
            running.since = at


def _begins(data: Any) -> bool:
    if isinstance(data, e.CaseRegistered):
        return data.obligation_state != "settled"
    return isinstance(data, e.WorkOrderIssued | e.CaseReopenRequested)


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


def _owed(state: Clocks, data: e.ReplyOwed, at: datetime) -> None:
    if data.obligation not in state.owed:
        state.owed.append(data.obligation)


def _settled(state: Clocks, data: e.ReplySettled, at: datetime) -> None:
    state.owed = [one for one in state.owed if one != data.obligation]


_FACTS: dict[type[Struct], Callable[[Clocks, Any, datetime], None]] = {
    e.CaseRegistered: _registered,
    e.CaseDispatched: _dispatched,
    e.WorkOrderIssued: _issued,
    e.WorkOrderExtended: _extended,
    e.ContactAttached: _attached,
    e.CaseSupplemented: _supplemented,
    e.ReplyOwed: _owed,
    e.ReplySettled: _settled,
}
