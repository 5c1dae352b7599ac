"""All that routing may look at: what the matter says and is, where, when, and under which surge profile."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from shared.events.commands import Priority, Register, RequestType


class Situation(Struct, frozen=True, kw_only=True):
    """`priority` is a person's judgement, if there is one. `at` is the door's stamp, so that a replay routes alike."""

    title: str
    text: str
    at: datetime
    request_type: RequestType = "QZ"
    topic: str = ""
    area: str = ""
    priority: Priority | None = None
    profile: str = ""
    urgent: bool = False
    """The door gave it the urgent lane: by key, mark or word."""

    def word(self, words: Iterable[str]) -> str:
        """The first of the words that occurs in title or text, or empty."""
        return next((word for word in words if word in self.title or word in self.text), "")


def situation_of(matter: Register, at: datetime, profile: str = "", *, urgent: bool = False) -> Situation:
    return Situation(
        title=matter.title,
        text=matter.text,
        at=at,
        request_type=matter.request_type,
        topic=matter.topic,
        area=matter.area,
        priority=matter.priority,
        profile=profile,
        urgent=urgent,
    )
