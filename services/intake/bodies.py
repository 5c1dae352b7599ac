"""What callers of this door send, as typed bodies; an unknown field is an error, because it may be a misspelt one."""

import re
from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from services.intake.domain.agents import AgentState
from services.intake.domain.missed import MOST_NUMBER
from shared.events.commands import Line, Priority, Remark, RequestType, Text, Told
from shared.events.contacts import CallResult, Purpose

MAX_EVENTS = 1_000
_BREAKS = re.compile(r"[\t\n\r]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
OwnId = Annotated[str, Meta(min_length=1, max_length=200)]
Number = Annotated[int, Meta(ge=1, le=MOST_NUMBER)]
Short = Annotated[str, Meta(max_length=200)]
Dialled = Annotated[str, Meta(max_length=40)]
Long = Annotated[str, Meta(max_length=20_000)]
Key = Annotated[str, Meta(max_length=8)]
SealedNumber = Annotated[str, Meta(min_length=1, max_length=400)] | UnsetType
"""A number as this service sealed it in `contact.offered`: who has not typed one answers to the number of the call."""
Seconds = Annotated[float, Meta(ge=0, le=86_400 * 7)]


def _check_signs(body: Struct, *texts: str) -> None:
    """Nobody sees control characters, and what cases are printed as cannot hold them. Raises ValueError."""
    for name in texts:
        if found := _CONTROL.search(getattr(body, name)):
            raise ValueError(f"{name} holds the control character U+{ord(found[0]):04X}")


class CallEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """Something about a call: `number` is the telephone system's own number of the event, from 1 in each call."""

    call_id: OwnId
    number: Number


class CallOffered(CallEvent, frozen=True, kw_only=True, tag="offered"):
    """The call arrived; without `caller` the caller is anonymous."""

    caller: Dialled = ""


class CallKey(CallEvent, frozen=True, kw_only=True, tag="key"):
    """A key (or what was entered) in a menu, empty after silence. `wrong_keys` is what the last answer said."""

    key: Key = ""
    menu: Short = ""
    wrong_keys: Annotated[int, Meta(ge=0, le=100)] = 0


class CallAnswered(CallEvent, frozen=True, kw_only=True, tag="answered"):
    """A person answered, so many seconds after the call arrived."""

    agent: OwnId
    wait_s: Seconds = 0.0


class CallEnded(CallEvent, frozen=True, kw_only=True, tag="ended"):
    """The call is over; `served`: its caller heard the content or spoke to a person."""

    by: Literal["ivr", "agent", "caller"]
    served: bool = False


Call = CallOffered | CallKey | CallAnswered | CallEnded
Calls = Call | Annotated[list[Call], Meta(min_length=1, max_length=MAX_EVENTS)]


class ToldBody(Told, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The article, and which version of it the citizen was told."""


class Matter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the citizen wants. `key`: the last key before a person answered; an empty `caller` left no number.

    `knowledge` and `sealed_caller` are left out where there is none, so that their absence changes no digest.
    """

    title: Line
    text: Text
    request_type: RequestType = "QZ"
    topic: Short = ""
    area: Short = ""
    address: Annotated[str, Meta(max_length=500)] = ""
    priority: Priority | None = None
    urgent: bool = False
    key: Key = ""
    caller: Dialled = ""
    answer: Long = ""
    knowledge: ToldBody | UnsetType = UNSET
    sealed_caller: SealedNumber = UNSET

    def __post_init__(self) -> None:
        _check_signs(self, "title", "text", "address", "answer")
        if _BREAKS.search(self.title):
            raise ValueError("title is one line, without tabs")


class CaseBody(Matter, frozen=True, kw_only=True):
    """A contact's nth matter, from 1."""

    matter: Annotated[int, Meta(ge=1, le=1_000)]


class WebBody(Matter, frozen=True, kw_only=True):
    """A message over the web: a contact with one matter."""


class AttachBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another contact about a case that is known."""

    case_id: Short
    text: Long = ""
    caller: Dialled = ""
    sealed_caller: SealedNumber = UNSET

    def __post_init__(self) -> None:
        _check_signs(self, "text")


class RevealBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number as a case or a lost call carries it, sealed, which of them, and why somebody has to see it."""

    case_id: Short = ""
    contact_id: Short = ""
    sealed: Annotated[str, Meta(min_length=1, max_length=400)]
    why: Line

    def __post_init__(self) -> None:
        if not self.case_id and not self.contact_id:
            raise ValueError("it names the case, or the contact that was lost")


class SettleBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person did about a request that the broker refused for good."""

    why: Line


class AgentStateBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agent does from now on."""

    state: AgentState


class OutboundBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call that the centre made about a case: `text` is what was said, `promise` what the other side will do.

    `contact_id`: the lost call whose caller was called back; then it needs no case, and no `number`. `priority`: of the
    case as it is now; where nobody says it, its lane counts.
    """

    case_id: Short = ""
    contact_id: Short | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    purpose: Purpose
    callee: Annotated[str, Meta(min_length=1, max_length=200)]
    result: CallResult
    number: Dialled = ""
    text: Remark = ""
    promise: Remark = ""
    promise_due: Annotated[datetime, Meta(tz=True)] | None = None

    def __post_init__(self) -> None:
        _check_signs(self, "callee", "text", "promise")
