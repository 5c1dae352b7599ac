"""What ties a case to other cases. Each tie stands on one side only, so that no decision spans two cases."""

from typing import Literal

from msgspec import Struct, field


class Merge(Struct, kw_only=True, omit_defaults=True):
    """This case goes into `target`: asked, or done."""

    id: str
    target: str
    done: bool = False


class Link(Struct, kw_only=True, omit_defaults=True):
    """This case waits for its event case's answer, or has it. `number` counts the case's links from 1."""

    event_case: str
    number: int
    answered: bool = False


class Event(Struct, kw_only=True, omit_defaults=True):
    """This case is an event case. `told`: the cycle whose end was told, by the event `sequence`, and how."""

    told: int = 0
    sequence: int = 0
    answer: str = ""


class Related(Struct, kw_only=True, omit_defaults=True):
    """All ties of one case; an event case knows nothing of those that are linked to it."""

    received: bool = False
    """A partner city waits for this very case's answer."""
    merge: Merge | None = None
    merges: int = 0
    """Merges asked so far."""
    absorbed: dict[str, str] = field(default_factory=dict)
    """Merge → case that was merged into this one."""
    event: Event | None = None
    link: Link | None = None
    links: int = 0
    """Links made so far."""
    splits: int = 0
    """Splits asked so far."""
    leaving: dict[str, str] = field(default_factory=dict)
    """New case that a split asks for → the obligation of the contact who leaves."""

    def merging(self) -> Literal["", "asked", "done"]:
        """How far this case's way into another one is."""
        if self.merge is None:
            return ""
        return "done" if self.merge.done else "asked"

    def waits(self) -> bool:
        """Linked, and the event case has not answered."""
        return self.link is not None and not self.link.answered

    def told(self) -> bool:
        """Answered by its event case."""
        return self.link is not None and self.link.answered
