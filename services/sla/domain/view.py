"""sla's reading of `cases`: which clocks an event starts, stops, holds or changes."""

from datetime import datetime
from typing import Any

from msgspec import Struct, structs

from services.sla.domain.clocks import Clocks, Order, Pause, PauseKind
from services.sla.domain.facts import FACTS
from services.sla.domain.schedule import Schedule
from shared import clockwork
from shared.events import cases as e
from shared.events.commands import URGENT, Clock
from shared.events.envelope import Envelope
from shared.records import Record

_PAUSES: dict[type[Struct], PauseKind] = {
    e.CaseParked: "parked",
    e.CaseSupplementAsked: "supplement",
    e.WorkOrderReturnAsked: "return_asked",
    e.WorkOrderExtensionAsked: "extension_asked",
}
_TIED: tuple[type[Struct], ...] = (e.CaseLinked, e.CaseMerged, e.CaseDetached, e.CaseAnswered)
_ANEW: tuple[type[Struct], ...] = (
    e.CaseDispatched, e.WorkOrderIssued, e.CaseWithdrawn, e.CaseReferred, e.CaseHandedBack, e.CaseClosed,
    e.CaseReopenRequested, e.CaseReopened, e.CaseSeparated,
)  # fmt: skip
"""After these a case is neither parked nor waits for a supplement, however it was left."""
_ENDS: dict[type[Struct], tuple[PauseKind, ...]] = {
    e.CaseResumed: ("parked",),
    e.CaseSupplemented: ("supplement",),
    e.WorkOrderReturned: ("return_asked",),
    e.WorkOrderReturnRefused: ("return_asked",),
    e.CaseArbitrationOpened: ("return_asked",),
    e.WorkOrderExtended: ("extension_asked",),
    e.WorkOrderExtensionRefused: ("extension_asked",),
    e.WorkOrderAnswered: ("extension_asked",),
    **dict.fromkeys(_TIED, ("parked",)),
    **dict.fromkeys(_ANEW, ("parked", "supplement")),
}
_READ: frozenset[type[Struct]] = clockwork.EVENTS | {*_PAUSES, *_ENDS, *FACTS, e.CaseRegraded}


class ClocksView:
    """A View of shared/reader.py."""

    name = "sla"
    state = Clocks
    interests = frozenset(e.CASES.types[model] for model in _READ)

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule

    def fold(self, state: Clocks | None, event: Envelope, data: Any) -> Clocks | None:
        """Nothing, where no clock was ever started: a case that was answered in the call has none but the archive's."""
        if state is None and not _begins(data):
            return None
        state = state or Clocks(version=self.schedule.version)
        self.schedule.renew(state)
        self.schedule.catch_up(state, event.time)
        state.traceparent = event.traceparent
        if facts := FACTS.get(type(data)):
            facts(state, data, event.time)
        self._pause(state, event, data)
        self._order_clocks(state, event, data)
        self._supervision_clock(state, event, data)
        self._case_clocks(state, event, data)
        if isinstance(data, e.CaseRegraded):
            self._regrade(state, data, event.time)
        if state.orders:
            self.schedule.trigger(state, event.time)
        return state

    def effects(self, state: Clocks, event: Envelope, data: Any) -> list[Record]:
        return []

    def index(self, state: Clocks) -> dict[str, Any]:
        return state.index()

    def _order_clocks(self, state: Clocks, event: Envelope, data: Any) -> None:
        name = getattr(data, "order", "")
        if name:
            self._change(state, name, clockwork.of_order(data), event)
        if isinstance(data, e.WorkOrderExtended) and "resolve" in state.order(name).clocks:
            self.schedule.reckon(state, name, "resolve")
        if clockwork.ends_orders(data):
            for each in state.orders:
                self._change(state, each, clockwork.Change(clockwork.ALL), event)

    def _supervision_clock(self, state: Clocks, event: Envelope, data: Any) -> None:
        """The document names the day, or policy does."""
        name = state.documents.get(getattr(data, "supervision", ""))
        if isinstance(data, e.SupervisionOpened) and data.due is not None:
            self.schedule.start(state, data.order, "supervision", event.id, event.time, fixed=data.due)
        elif name is not None:
            self._change(state, name, clockwork.of_supervision(data), event)

    def _case_clocks(self, state: Clocks, event: Envelope, data: Any) -> None:
        idle = isinstance(data, clockwork.FREES) and state.idle()
        change = clockwork.of_case(data, owed=bool(state.owed), idle=idle)
        if isinstance(data, e.ReplyOwed) and len(state.owed) > 1:
            return
        self._change(state, "", change, event)
        if isinstance(data, e.CaseParked):
            self.schedule.start(state, "", "audit", event.id, event.time, fixed=data.review_at)

    def _change(self, state: Clocks, name: str, change: clockwork.Change, event: Envelope) -> None:
        clocks = state.order(name).clocks
        for clock in change.stops:
            if clock in clocks and clocks[clock].stopped is None:
                clocks[clock].stopped = event.time
                self.schedule.look(state, name, clock)
        for clock in change.goes_on:
            if clock in clocks:
                clocks[clock].stopped = None
                clocks[clock].since = max(clocks[clock].since, state.raised or clocks[clock].since)
                self.schedule.reckon(state, name, clock)
        for clock in change.starts:
            self._start(state, name, clock, event.id, event.time)

    def _start(self, state: Clocks, name: str, clock: Clock, cause: str, at: datetime) -> None:
        if clock == "progress":
            self.schedule.round(state, name, cause, at)
        else:
            self.schedule.start(state, name, clock, cause, at)

    def _pause(self, state: Clocks, event: Envelope, data: Any) -> None:
        order, begun = state.order(getattr(data, "order", "")), _PAUSES.get(type(data))
        if begun is not None:
            reason = getattr(data, "reason", "") or getattr(data, "text", "")
            order.pauses.append(Pause(kind=begun, since=event.time, reason=reason))
        ended = self._end(state, order, _ended_by(state, data), event)
        if begun is not None or ended:
            self.schedule.reckon_all(state)

    def _end(self, state: Clocks, order: Order, kinds: tuple[PauseKind, ...], event: Envelope) -> bool:
        """End what still stands still; a case that is parked no longer needs no review. Whether there was anything."""
        given = state.case.pauses + (order.pauses if order is not state.case else [])
        still = [pause for pause in given if pause.kind in kinds and pause.until is None]
        for pause in still:
            pause.until = event.time
        if any(pause.kind == "parked" for pause in still):
            self._change(state, "", clockwork.Change(("audit",)), event)
        return bool(still)

    def _regrade(self, state: Clocks, data: e.CaseRegraded, at: datetime) -> None:
        """Where priority rises, running clocks count from here; else each from its own start."""
        rises = data.priority < state.matter.priority
        state.matter = structs.replace(
            state.matter, priority=data.priority, request_type=data.request_type, topic=data.topic
        )
        if rises:
            state.raised = at
        for name, order in state.whole():
            if rises:
                _count_from(order, at)
            if rises and data.priority in URGENT:
                order.extended = None
            resolve = order.clocks.get("resolve")
            if resolve is not None and resolve.stopped is None:
                for clock in clockwork.ORDER_CLOCKS:
                    if clock not in order.clocks:
                        self._start(state, name, clock, resolve.cause, at)
        self.schedule.reckon_all(state)


def _ended_by(state: Clocks, data: Any) -> tuple[PauseKind, ...]:
    """A case is also parked no longer when the last of its orders has ended."""
    if isinstance(data, e.WorkOrderDone | e.WorkOrderWithdrawn) and not state.at_work():
        return ("parked",)
    return _ENDS.get(type(data), ())


def _count_from(order: Order, at: datetime) -> None:
    for running in order.clocks.values():
        if running.stopped is None:
            running.since = at


def _begins(data: Any) -> bool:
    if isinstance(data, e.CaseRegistered):
        return data.obligation_state != "settled"
    return isinstance(data, e.WorkOrderIssued | e.CaseReopenRequested | e.CaseClosed)
