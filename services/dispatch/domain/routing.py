"""Which units a case goes to: ordered rules of policy data, the one that decided, and why those before did not."""

from collections.abc import Mapping
from datetime import time

from msgspec import Struct

from services.dispatch.domain.context import Due, Routing
from services.dispatch.domain.grading import Grade, Grading
from services.dispatch.domain.situation import Situation
from shared.clock import CHINA
from shared.events.commands import JoinPolicy, Priority, RequestType
from shared.policy import Policy

DISTRICT = "district"
"""Stands in a rule for the platform of the district the matter is in."""
_AT_ONCE = "0wh"
"""Within working hours no working hour is over at once, outside with the next opening."""


class Rule(Policy):
    """All conditions that are given must hold.

    `words`: one of them occurs in title or text; `without`: none does. `topics` and `areas`: the matter's code begins
    with one of them. `hours`: local time, from the first (included) to the second, over midnight if that is earlier.
    `open`: within working hours or outside. `profiles`: one of these surge profiles is switched on. A rule without
    `lead` leaves the case to a person.
    """

    id: str
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    request_types: tuple[RequestType, ...] = ()
    priorities: tuple[Priority, ...] = ()
    hours: tuple[time, time] | None = None
    open: bool | None = None
    profiles: tuple[str, ...] = ()
    lead: str = ""
    supporting: tuple[str, ...] = ()
    join_policy: JoinPolicy = "all"
    note: str = ""
    """For the person who decides, or reads why."""

    @property
    def units(self) -> tuple[str, ...]:
        return tuple(unit for unit in (self.lead, *self.supporting) if unit)


class RoutingPolicy(Policy):
    """routing.yaml"""

    version: str
    priorities: tuple[Grade, ...]
    rules: tuple[Rule, ...]


class Tried(Struct, frozen=True, kw_only=True):
    """A rule that was tried: the condition that failed, or what made it fit."""

    rule: str
    fits: bool
    why: str


class Explained(Struct, frozen=True, kw_only=True):
    """A routing with the version that made it and every rule that was tried, in order; the last one decided."""

    version: str
    routing: Routing
    tried: tuple[Tried, ...]


class Router:
    """One version of the rules, with the city's district platforms (area → unit) and its calendar."""

    def __init__(self, policy: RoutingPolicy, platforms: Mapping[str, str], due: Due) -> None:
        self.policy = policy
        self._platforms = platforms
        self._due = due
        self._grading = Grading(policy.priorities)

    def route(self, situation: Situation) -> Routing:
        """The first rule that fits; without one, or where it names no unit, a dispatcher decides."""
        priority, priority_why = self._grading.grade(situation)
        for rule in self.policy.rules:
            if not self._miss(rule, situation, priority):
                return self._routing(rule, situation, priority, priority_why)
        return Routing(priority=priority, priority_why=priority_why, rule="none", why="no rule fits")

    def explain(self, situation: Situation) -> Explained:
        """As `route`, with what every rule up to the deciding one was tried against."""
        routing = self.route(situation)
        tried = []
        for rule in self.policy.rules:
            miss = self._miss(rule, situation, routing.priority)
            tried.append(Tried(rule=rule.id, fits=not miss, why=miss or _why(rule, situation)))
            if not miss:
                break
        return Explained(version=self.policy.version, routing=routing, tried=tuple(tried))

    def _routing(self, rule: Rule, situation: Situation, priority: Priority, priority_why: str) -> Routing:
        here = self._platforms.get(situation.area, "")
        named = [here if unit == DISTRICT else unit for unit in rule.supporting]
        lead = here if rule.lead == DISTRICT else rule.lead
        return Routing(
            priority=priority,
            priority_why=priority_why,
            rule=rule.id,
            why=_why(rule, situation),
            lead=lead,
            supporting=tuple(unit for unit in dict.fromkeys(named) if unit and unit != lead),
            join_policy=rule.join_policy,
        )

    def _miss(self, rule: Rule, situation: Situation, priority: Priority) -> str:
        """The first condition of the rule that does not hold, in words; empty where all hold."""
        return (
            _miss_of_matter(rule, situation)
            or _miss_of_words(rule, situation)
            or ("" if priority in (rule.priorities or (priority,)) else f"priority {priority}")
            or self._miss_of_moment(rule, situation)
            or self._miss_of_district(rule, situation)
        )

    def _miss_of_moment(self, rule: Rule, situation: Situation) -> str:
        local = situation.at.astimezone(CHINA).time()
        if rule.hours and not _within(rule.hours, local):
            return f"{local:%H:%M} is not within {rule.hours[0]:%H:%M}–{rule.hours[1]:%H:%M}"
        if rule.open is not None and rule.open != (self._due(situation.at, _AT_ONCE) == situation.at):
            return "working hours" if rule.open is False else "outside working hours"
        if rule.profiles and situation.profile not in rule.profiles:
            return f"surge profile {situation.profile or 'none'}"
        return ""

    def _miss_of_district(self, rule: Rule, situation: Situation) -> str:
        known = rule.lead != DISTRICT or situation.area in self._platforms
        return "" if known else f"no district platform for area {situation.area or 'none'}"


def _miss_of_matter(rule: Rule, situation: Situation) -> str:
    if rule.topics and not situation.topic.startswith(rule.topics):
        return f"topic {situation.topic or 'none'}"
    if rule.areas and not situation.area.startswith(rule.areas):
        return f"area {situation.area or 'none'}"
    if rule.request_types and situation.request_type not in rule.request_types:
        return f"type {situation.request_type}"
    return ""


def _miss_of_words(rule: Rule, situation: Situation) -> str:
    if rule.words and not situation.word(rule.words):
        return "none of its words"
    excluded = situation.word(rule.without)
    return f"excluded by word {excluded}" if excluded else ""


def _within(hours: tuple[time, time], local: time) -> bool:
    start, end = hours
    return start <= local < end if start <= end else local >= start or local < end


def _why(rule: Rule, situation: Situation) -> str:
    """What made the rule fit: every condition it has, with what met it."""
    parts = (
        rule.words and f"word {situation.word(rule.words)}",
        rule.topics and f"topic {situation.topic}",
        rule.areas and f"area {situation.area}",
        rule.request_types and f"type {situation.request_type}",
        rule.priorities and "priority",
        rule.hours and "time of day",
        rule.open is not None and ("working hours" if rule.open else "outside working hours"),
        rule.profiles and f"surge profile {situation.profile}",
        rule.note,
    )
    return ", ".join(part for part in parts if isinstance(part, str) and part) or "everything else"
