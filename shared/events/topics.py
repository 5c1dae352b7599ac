"""Names of the topics and their shape at creation (partitions, retention)."""

from typing import Literal, NamedTuple

Lane = Literal["urgent", "normal"]
LANES: tuple[Lane, ...] = ("urgent", "normal")
DAY_MS = 86_400_000
BATCH_BYTES = 2 * 1024 * 1024
"""Of a record batch on the broker; one record has at most 256 KB (shared/events/envelope.py)."""
LETTER_BYTES = BATCH_BYTES + 64 * 1024
"""A dead letter is the largest record there can be, and its reason and origin beside it."""


class TopicSpec(NamedTuple):
    """How a topic is created; `retention_ms` -1 keeps for ever."""

    name: str
    partitions: int
    retention_ms: int
    compacted: bool = False
    max_bytes: int = BATCH_BYTES


class Topics(NamedTuple):
    """Topic names of one city, prefixed by its area code."""

    city: str

    @property
    def contacts(self) -> str:
        return f"{self.city}.contacts"

    @property
    def deliveries(self) -> str:
        return f"{self.city}.deliveries"

    @property
    def dead_letters(self) -> str:
        return f"{self.city}.dead-letters"

    @property
    def knowledge(self) -> str:
        return f"{self.city}.knowledge"

    def commands(self, lane: Lane) -> str:
        return f"{self.city}.commands.{lane}"

    def cases(self, lane: Lane) -> str:
        return f"{self.city}.cases.{lane}"

    def feed(self, unit: str) -> str:
        return f"{self.city}.dept.{unit}"

    def answers(self, unit: str) -> str:
        return f"{self.city}.dept.{unit}.answers"

    def specs(self, feed_units: tuple[str, ...]) -> list[TopicSpec]:
        """Every topic of the city. Partition counts are fixed for ever: 8 a normal, 4 an urgent lane."""
        lanes = [
            TopicSpec(name(lane), 4 if lane == "urgent" else 8, keep)
            for lane in LANES
            for name, keep in ((self.commands, 30 * DAY_MS), (self.cases, -1))
        ]
        feeds = [TopicSpec(name(unit), 1, 90 * DAY_MS) for unit in feed_units for name in (self.feed, self.answers)]
        single = [
            TopicSpec(self.contacts, 8, -1),
            TopicSpec(self.deliveries, 8, 30 * DAY_MS),
            TopicSpec(self.dead_letters, 1, -1, max_bytes=LETTER_BYTES),
            # Every replica reads it whole, so more partitions would share nothing; one keeps all of it in one order.
            TopicSpec(self.knowledge, 1, -1, compacted=True),
        ]
        return lanes + feeds + single


def is_case_id(text: str) -> bool:
    """Lane letter, dash, UUID."""
    return len(text) == 38 and text[:2] in ("U-", "N-")


def lane_of(case_id: str) -> Lane:
    """The lane a case was born in, read from its id (`U-…` or `N-…`)."""
    return "urgent" if case_id.startswith("U-") else "normal"
