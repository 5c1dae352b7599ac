"""What transfer makes of a case's events (shared/reader.py): transfers that begin, go on and end."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from services.transfer.domain.outgoing import NEVER
from services.transfer.domain.receiving import Spoken, hear, stays
from services.transfer.domain.state import OVER, Received, Sent, Step, Transfers
from shared.documents import Document
from shared.events import cases as e
from shared.events.commands import Priority, TransferClock
from shared.events.contacts import SealedPerson
from shared.events.envelope import Envelope
from shared.records import Record

Deadlines = Callable[[datetime, Priority], dict[TransferClock, datetime]]
_STEPS: dict[Any, Step] = {
    e.TransferReceipted: "receipted",
    e.TransferAccepted: "accepted",
    e.TransferRefused: "refused",
    e.TransferCompleted: "completed",
}
_SENT = (*_STEPS, e.TransferProgressed, e.TransferUnacknowledged)
_RECEIVED = (
    e.CaseRegistered, e.CaseDispatched, e.CaseAnswered, e.CaseClosed, e.CaseHandedBack,
    e.WorkOrderSigned, e.WorkOrderReturned, e.WorkOrderAnswered, e.ReplyOwed,
    e.WorkOrderSentBack, e.WorkOrderWithdrawn, e.CaseReferred, e.CaseWithdrawn, e.CommandRejected,
)  # fmt: skip


class TransfersView:
    """The View of shared/reader.py; transfer's own writes of a state use the same index."""

    name = "transfer"
    state = Transfers
    interests = frozenset(e.CASES.types[one] for one in (e.TransferAsked, *_SENT, *_RECEIVED))

    def __init__(self, deadlines: Deadlines, words: dict[Spoken, str]) -> None:
        self._deadlines = deadlines
        self._words = words

    def fold(self, state: Transfers | None, event: Envelope, data: Any) -> Transfers | None:
        """Nothing for the many cases that are no transfer."""
        if isinstance(data, e.TransferAsked):
            state = state or Transfers()
            state.sent.setdefault(data.transfer, self._begin(event, data))
        elif state is None:
            return None
        elif isinstance(data, _SENT):
            _go_on(state.sent[data.transfer], data)
            if state.received is not None:
                hear(state.received, data, self._words)
        elif state.received is None or not self._hear(state.received, event, data):
            return None
        else:
            state.received.trace = event.traceparent
        return state

    def _hear(self, received: Received, event: Envelope, data: Any) -> bool:
        if isinstance(data, e.CommandRejected):
            return stays(received, data, event.causationid)
        return hear(received, data, self._words)

    def _begin(self, event: Envelope, data: e.TransferAsked) -> Sent:
        deadlines = self._deadlines(event.time, data.priority)
        return Sent(request=data, event=event.id, trace=event.traceparent, at=event.time, deadlines=deadlines)

    def effects(self, state: Transfers, event: Envelope, data: Any) -> list[Record]:
        return []

    def index(self, state: Transfers) -> Document:
        return index(state)


def index(state: Transfers) -> Document:
    """Fields that queries need; `origin_case` only while a received transfer is open."""
    due, received = state.next(), state.received
    still = received is not None and received.step not in OVER
    return {
        "next": datetime.fromtimestamp(due, UTC) if due > NEVER else None,
        "deadline": state.deadline(),
        "sent": list(state.sent),
        "received": received.transfer if received is not None else None,
        "origin_case": f"{received.origin}/{received.origin_case}" if received is not None and still else None,
        "listed": state.listed(),
    }


def _go_on(sent: Sent, data: Any) -> None:
    if isinstance(data, e.TransferUnacknowledged):
        sent.overdue.append(data.clock)
        return
    sent.update = max(sent.update, data.update)
    for name in ("number", "reason", "text"):
        setattr(sent, name, getattr(data, name, "") or getattr(sent, name))
    if type(data) in _STEPS:
        sent.step = _STEPS[type(data)]
        sent.out.status, sent.out.due = "done", NEVER
    if sent.step in OVER:
        sent.request = msgspec.structs.replace(sent.request, person=SealedPerson())
