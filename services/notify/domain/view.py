"""What notify makes of a case's events: debts open with `reply.owed` and close with `reply.settled`."""

from datetime import UTC, datetime
from typing import Any

from services.notify.domain.debts import NEVER, Debt, Debts, close
from shared.documents import Document
from shared.events.cases import CASES, ReplyOwed, ReplySettled
from shared.events.envelope import Envelope
from shared.records import Record


class DebtsView:
    """The View of shared/reader.py; notify's own writes of a state use the same index."""

    name = "notify"
    state = Debts
    interests = frozenset({CASES.types[ReplyOwed], CASES.types[ReplySettled]})

    def fold(self, state: Debts | None, event: Envelope, data: Any) -> Debts:
        state = state or Debts()
        if isinstance(data, ReplyOwed):
            state.by_id.setdefault(data.obligation, _open(event, data))
        elif isinstance(data, ReplySettled) and data.obligation in state.by_id:
            close(state.by_id[data.obligation], data.how, data.proof)
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


def _open(event: Envelope, data: ReplyOwed) -> Debt:
    return Debt(
        obligation=data.obligation,
        event=event.id,
        trace=event.traceparent,
        number=data.number,
        masked=data.reporter.person.masked,
        sealed=data.reporter.person.sealed,
        answer=data.answer,
    )
