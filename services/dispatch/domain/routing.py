"""Which units a case goes to and how urgent it is: ordered rules of policy data, with the rule that decided."""

from services.dispatch.domain.context import Routing
from shared.events.commands import Priority, Register
from shared.policy import Policy


class Rule(Policy):
    """All conditions that are given must hold; `words` holds when one of them occurs in title or text."""

    id: str
    words: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    request_types: tuple[str, ...] = ()
    lead: str
    supporting: tuple[str, ...] = ()


class PriorityWords(Policy):
    priority: Priority
    words: tuple[str, ...]


class RoutingPolicy(Policy):
    """routing.yaml"""

    version: str
    priorities: tuple[PriorityWords, ...]
    rules: tuple[Rule, ...]

    def route(self, matter: Register) -> Routing:
        """The first rule that fits; without one a dispatcher decides."""
        text = f"{matter.title}\n{matter.text}"
        priority = matter.priority or self._priority(text)
        for rule in self.rules:
            why = _why(rule, matter, text)
            if why:
                return Routing(priority=priority, rule=rule.id, why=why, lead=rule.lead, supporting=rule.supporting)
        return Routing(priority=priority, rule="none", why="no rule fits")

    def _priority(self, text: str) -> Priority:
        return next((p.priority for p in self.priorities if any(word in text for word in p.words)), "P2")


def _why(rule: Rule, matter: Register, text: str) -> str:
    """The condition that made the rule fit, or empty where one does not hold."""
    word = next((word for word in rule.words if word in text), "")
    misses = (
        rule.words and not word,
        rule.topics and matter.topic not in rule.topics,
        rule.areas and matter.area not in rule.areas,
        rule.request_types and matter.request_type not in rule.request_types,
    )
    if any(misses):
        return ""
    return f"word {word}" if word else f"topic {matter.topic}, area {matter.area}, type {matter.request_type}"
