"""Topic `contacts`: facts about a touch. Only intake writes; key: contact id; once per (contact, event number)."""

from typing import Literal

from msgspec import Struct

from shared.events.envelope import Registry

Purpose = Literal[
    "verify", "reach_unit", "three_way", "partner_city", "checkpoint", "follow_through", "follow_up", "missed_call"
]
"""What a call out is for (domain.md §10)."""
CallResult = Literal["connected", "busy", "no_answer", "refused", "promised"]
TO_A_PERSON = frozenset({"person", "urgent"})
"""What a key does (`KeyPressed.action`) that leads to a person."""


class SealedPerson(Struct, frozen=True, kw_only=True):
    """A caller as the bus may know him: blind index, masked form, sealed number. All empty: left no contact."""

    caller_ref: str = ""
    masked: str = ""
    sealed: str = ""


class Offered(Struct, frozen=True, kw_only=True):
    """A contact reached the centre."""

    number: int
    channel: str
    person: SealedPerson
    receipt: str


class KeyPressed(Struct, frozen=True, kw_only=True):
    """A key in the IVR, with the menu it was pressed in and what it meant there."""

    number: int
    menu: str
    key: str
    action: str


class Answered(Struct, frozen=True, kw_only=True):
    """A person took the contact; `wait_s` in seconds since it was offered."""

    number: int
    agent: str
    wait_s: float


class Ended(Struct, frozen=True, kw_only=True):
    """The contact is over; `by` is one of ivr, agent, caller."""

    number: int
    by: str
    served: bool
    """An IVR contact that heard its content, or one that a person answered."""


class Placed(Struct, frozen=True, kw_only=True):
    """The centre called somebody; `callee` in words, a citizen masked, the number sealed.

    About a case, or, where `case_id` is empty, because his call was lost (`contact.called_back` stands there).
    """

    number: int
    channel: str
    case_id: str
    purpose: Purpose
    callee: str
    person: SealedPerson
    direction: Literal["out"] = "out"


class CalledBack(Struct, frozen=True, kw_only=True):
    """The centre called the caller of this lost call back (漏话回拨); `contact_id` is the call out.

    Its `number` is above every one that a telephone system gives.
    """

    number: int
    contact_id: str
    result: CallResult
    text: str


CONTACTS = Registry(
    {
        "contact.offered.v1": Offered,
        "contact.placed.v1": Placed,
        "contact.key_pressed.v1": KeyPressed,
        "contact.answered.v1": Answered,
        "contact.ended.v1": Ended,
        "contact.called_back.v1": CalledBack,
    }
)
