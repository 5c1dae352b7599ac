"""A lost call as intake tells it, and what an agent says of a try to call its caller back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, convert

from services.desk.domain.forms import Fields, Incomplete


class Try(Struct, frozen=True, kw_only=True):
    """One call back."""

    at: datetime
    by: str
    result: str
    text: str = ""


class LostCall(Struct, frozen=True, kw_only=True):
    """`again_from`: a further try counts from then on; None before the first one."""

    contact_id: str
    state: str
    caller: str
    receipt: str
    offered_at: datetime
    ended_at: datetime
    tries: list[Try]
    again_from: datetime | None = None

    @property
    def waited_s(self) -> float:
        return (self.ended_at - self.offered_at).total_seconds()

    @property
    def last(self) -> Try | None:
        return self.tries[-1] if self.tries else None

    def waits_until(self, now: datetime) -> datetime | None:
        """The moment from which another try counts, if that lies ahead."""
        return self.again_from if self.again_from is not None and self.again_from > now else None


def lost_call(row: Mapping[str, Any]) -> LostCall:
    return convert(dict(row), LostCall)


def body_of_try(contact: str, form: Fields) -> dict[str, Any]:
    """Body of intake's `POST /calls/outbound`: a call back needs no case. Raises Incomplete."""
    result = form.get("result", "").strip()
    if not result:
        raise Incomplete("result")
    said = form.get("text", "").strip()
    body = {"purpose": "missed_call", "contact_id": contact, "callee": "citizen", "result": result}
    return {**body, **({"text": said} if said else {})}
