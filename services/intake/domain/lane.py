"""The lane of a case is set at the door and holds for its life (design.md §2)."""

from shared.events.commands import URGENT, Priority
from shared.events.topics import Lane
from shared.policy import Policy


class Lanes(Policy):
    """lanes.yaml: what makes a case urgent."""

    version: str
    emergency_keys: frozenset[str]
    words: tuple[str, ...]

    def lane(self, *, key: str, urgent: bool, text: str, priority: Priority | None = None) -> Lane:
        """`key`: the last key before the caller reached a person; `urgent`, `priority`: what a person judged."""
        marked = urgent or priority in URGENT or key in self.emergency_keys
        if marked or any(word in text for word in self.words):
            return "urgent"
        return "normal"
