"""What a contact contributes to the figures: facts by the channel's own number; order and repeats do not matter."""

from datetime import UTC, datetime
from typing import Literal

import msgspec
from msgspec import Struct, field

from shared.events.envelope import Envelope, Unreadable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Kind = Literal["offered", "key", "answered", "ended", "placed"]
KINDS: dict[str, Kind] = {
    "contact.offered.v1": "offered",
    "contact.key_pressed.v1": "key",
    "contact.answered.v1": "answered",
    "contact.ended.v1": "ended",
    "contact.placed.v1": "placed",
}


class Touch(Struct, kw_only=True):
    """One fact about a contact; only the fields of its kind are set. No caller, no number called."""

    number: int
    kind: Kind = "offered"
    at: datetime = EPOCH
    channel: str = ""
    action: str = ""
    key: str = ""
    agent: str = ""
    wait_s: float = 0.0
    by: str = ""
    served: bool = False
    purpose: str = ""


class ContactFact(Struct, kw_only=True):
    """Facts by number; text, because the database knows no other keys."""

    events: dict[str, Touch] = field(default_factory=dict)

    def add(self, touch: Touch) -> bool:
        """Whether it changed anything; of two facts with one number the earlier one stays, whatever the order."""
        known = self.events.get(str(touch.number))
        if known is not None and _rank(known) <= _rank(touch):
            return False
        self.events[str(touch.number)] = touch
        return True

    def in_order(self, kind: Kind) -> list[Touch]:
        return sorted((one for one in self.events.values() if one.kind == kind), key=lambda one: one.number)

    def first(self, kind: Kind) -> Touch | None:
        return next(iter(self.in_order(kind)), None)


def _rank(touch: Touch) -> tuple[datetime, bytes]:
    return touch.at, msgspec.json.encode(touch)


_decoder = msgspec.json.Decoder(Touch)


def read_touch(event: Envelope) -> Touch | None:
    """The fact in an event of `contacts`, or nothing where its type means nothing here; raises Unreadable."""
    kind = KINDS.get(event.type)
    if kind is None:
        return None
    try:
        touch = _decoder.decode(event.data)
    except msgspec.MsgspecError as error:
        raise Unreadable(f"{event.type}: {error}") from error
    if touch.number < 1:
        raise Unreadable(f"number is {touch.number}, not 1 or more")
    touch.kind, touch.at = kind, event.time
    return touch
