"""How urgent a case is, P0–P3: a person's judgement first, then ordered lines of policy data, each with its reason."""

from collections.abc import Sequence

from services.dispatch.domain.situation import Situation
from shared.events.commands import Priority, RequestType
from shared.policy import Policy

USUAL: Priority = "P2"
AT_LEAST: Priority = "P1"
"""At least so urgent is what came by the urgent lane; a person's judgement goes before it."""
JUDGED = "a person's judgement"


class Grade(Policy):
    """The priority of matters that meet every condition given: a word, the first digits of the topic, the type."""

    priority: Priority
    words: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    request_types: tuple[RequestType, ...] = ()


class Grading:
    """Ordered lines; the first that fits counts, and without one the usual priority."""

    def __init__(self, grades: Sequence[Grade]) -> None:
        self._grades = grades

    def grade(self, situation: Situation) -> tuple[Priority, str]:
        """Priority and why."""
        if situation.priority is not None:
            return situation.priority, JUDGED
        priority, why = self._line(situation)
        return (AT_LEAST, "urgent lane") if situation.urgent and priority > AT_LEAST else (priority, why)

    def _line(self, situation: Situation) -> tuple[Priority, str]:
        for grade in self._grades:
            why = _why(grade, situation)
            if why:
                return grade.priority, why
        return USUAL, "nothing makes it more or less urgent"


def _why(grade: Grade, situation: Situation) -> str:
    """What met the conditions; empty where one does not hold."""
    word = situation.word(grade.words)
    misses = (
        grade.words and not word,
        grade.topics and not situation.topic.startswith(grade.topics),
        grade.request_types and situation.request_type not in grade.request_types,
    )
    if any(misses):
        return ""
    parts = (
        grade.words and f"word {word}",
        grade.topics and f"topic {situation.topic}",
        grade.request_types and f"type {situation.request_type}",
    )
    return ", ".join(part for part in parts if isinstance(part, str) and part) or "every matter"
