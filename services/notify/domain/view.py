"""What notify makes of a case's events: debts open with `reply.owed` and close with `reply.settled`.

A notice opens with `notice.due`. One that waits to be sent is dropped when the answer, or a later date, comes first.
What the case waives, for the citizen or a partner took it back, is dropped; what it refuses to settle is owed again.
"""

from datetime import UTC, datetime
from typing import Any

from services.notify.domain.debts import NEVER, Debt, Debts, close, drop, refuse
from shared.documents import Document
from shared.events.cases import (
    CASES,
    CaseHandedBack,
    CaseWithdrawn,
    CommandRejected,
    NoticeDue,
    ReplyOwed,
    ReplySettled,
)
from shared.events.envelope import Envelope
from shared.privacy import redact
from shared.records import Record

_READ = (ReplyOwed, ReplySettled, NoticeDue, CommandRejected, CaseWithdrawn, CaseHandedBack)


class DebtsView:
    """The View of shared/reader.py; notify's own writes of a state use the same index."""

    name = "notify"
    state = Debts
    interests = frozenset(CASES.types[model] for model in _READ)

    def fold(self, state: Debts | None, event: Envelope, data: Any) -> Debts | None:
        if isinstance(data, ReplyOwed | NoticeDue):
            state = state or Debts()
            _overtake(state, data.reporter.contact_id)
            state.open(_reply(event, data) if isinstance(data, ReplyOwed) else _notice(event, data))
            return state
        if state is None or not _ended(state, event, data):
            return None
        state.forget()
        return state

    def effects(self, state: Debts, event: Envelope, data: Any) -> list[Record]:
        return []

    def index(self, state: Debts) -> Document:
        """`next`: date of the earliest action; `attention`: the states that wait for a person."""
        due = state.next()
        return {
            "next": datetime.fromtimestamp(due, UTC) if due > NEVER else None,
            "attention": state.attention() or None,
        }


def _ended(state: Debts, event: Envelope, data: Any) -> bool:
    """Whether the event changed a debt."""
    debts = state.by_id.values()
    match data:
        case ReplySettled() if data.obligation in state.by_id:
            close(state.by_id[data.obligation], data.how, data.proof)
        case CommandRejected(verb="settle_reply"):
            return any(refuse(debt, event.causationid.partition("#")[0]) for debt in debts)
        case CaseWithdrawn() | CaseHandedBack():
            waived = [debt for debt in debts if debt.status not in ("settled", "dropped")]
            for debt in waived:
                drop(debt)
            return bool(waived)
        case _:
            return False
    return True


def _reply(event: Envelope, data: ReplyOwed) -> Debt:
    return _debt(event, data, obligation=data.obligation, answer=data.answer)


def _notice(event: Envelope, data: NoticeDue) -> Debt:
    return _debt(event, data, obligation=data.notice, kind="extension", until=data.until, answer=redact(data.reason))


def _debt(event: Envelope, data: ReplyOwed | NoticeDue, **more: Any) -> Debt:
    """To the reporter whom the event names."""
    return Debt(
        event=event.id,
        trace=event.traceparent,
        number=data.number,
        contact=data.reporter.contact_id,
        masked=data.reporter.person.masked,
        sealed=data.reporter.person.sealed,
        **more,
    )


def _overtake(state: Debts, contact: str) -> None:
    """Notices to this reporter that were not sent yet say what no longer holds."""
    for debt in state.by_id.values():
        if debt.kind == "extension" and debt.contact == contact and debt.status == "owed":
            drop(debt)
