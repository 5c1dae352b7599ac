"""The clocks of a case: a pure fold of its events, and what each running clock will tell next."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from services.sla.domain.limits import Deadlines, Due, terms
from shared.events import cases as e
from shared.events.commands import Clock
from shared.events.envelope import Envelope
from shared.records import Record

Rung = Literal["warn", "breach", "accept"]


class Running(Struct, kw_only=True):
    """One clock of one order: `cause`: the event that started it; `stopped`: when; `fired`: rungs already told."""

    cause: str
    warn: datetime
    due: datetime
    stopped: datetime | None = None
    fired: list[Rung] = field(default_factory=list)

    def next(self, accepts: bool) -> tuple[datetime, Rung] | None:
        """The next rung and its moment, or nothing. Silence is accepted after the breach was told.

        A clock that stopped too late was breached, also where the stop is read before the rungs have fired.
        """
        if self.stopped is not None and self.stopped <= self.due:
            return None
        rungs: list[tuple[datetime, Rung]] = [(self.warn, "warn"), (self.due, "breach")]
        if accepts and self.stopped is None:
            rungs.append((self.due, "accept"))
        return next((rung for rung in rungs if rung[1] not in self.fired), None)


class Clocks(Struct, kw_only=True):
    """Clocks by order. `traceparent` is that of the last event, so that what fires belongs to its trace."""

    orders: dict[str, dict[Clock, Running]] = field(default_factory=dict)
    traceparent: str = ""

    def next(self) -> datetime | None:
        """The earliest moment at which something fires."""
        return min((rung[0] for _, _, _, rung in self.pending()), default=None)

    def pending(self) -> Iterator[tuple[str, Clock, Running, tuple[datetime, Rung]]]:
        """Each clock that still has something to tell: order, clock, state, (moment, rung)."""
        for order, clocks in self.orders.items():
            for name, clock in clocks.items():
                rung = clock.next(accepts=name == "sign")
                if rung is not None:
                    yield order, name, clock, rung


class ClocksView:
    """sla's reading of `cases` (shared/reader.py)."""

    name = "sla"
    state = Clocks
    interests = frozenset(
        {
            "work_order.issued.v1",
            "work_order.signed.v1",
            "work_order.return_asked.v1",
            "work_order.returned.v1",
            "work_order.answered.v1",
            "work_order.sent_back.v1",
            "work_order.done.v1",
        }
    )

    def __init__(self, policy: Deadlines, due: Due) -> None:
        self._policy = policy
        self._due = due

    def fold(self, state: Clocks | None, event: Envelope, data: Any) -> Clocks:
        state = state or Clocks()
        state.traceparent = event.traceparent
        if isinstance(data, e.WorkOrderIssued):
            state.orders[data.order] = self._start(event, data)
            return state
        clocks = state.orders.get(data.order, {})
        for name in _STOPS.get(type(data), ()):
            clocks[name].stopped = clocks[name].stopped or event.time
        if isinstance(data, e.WorkOrderSentBack):
            clocks["resolve"].stopped = None
        return state

    def _start(self, event: Envelope, data: e.WorkOrderIssued) -> dict[Clock, Running]:
        """The department's clocks start at dispatch, never at its signature."""
        found = terms(self._policy, self._due, event.time, data.priority, data.request_type)
        return {name: Running(cause=event.id, warn=one.warn, due=one.due) for name, one in found.items()}

    def effects(self, state: Clocks, event: Envelope, data: Any) -> list[Record]:
        return []

    def index(self, state: Clocks) -> dict[str, Any]:
        return {"next": state.next()}


_STOPS: dict[type[Struct], tuple[Clock, ...]] = {
    e.WorkOrderSigned: ("sign",),
    e.WorkOrderReturnAsked: ("sign",),
    e.WorkOrderReturned: ("sign", "resolve"),
    e.WorkOrderAnswered: ("sign", "resolve"),
    e.WorkOrderDone: ("sign", "resolve"),
}
