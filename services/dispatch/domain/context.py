"""What a decision is told from outside: time, number, routing and the rules of the policy version in force."""

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct

from services.dispatch.domain.situation import Situation
from shared.deadlines import Matter, Move
from shared.events.commands import JoinPolicy, Priority, RequestType

Events = list[Struct]
Due = Callable[[datetime, str], datetime]
"""(start, period like `1wd` or `15m`) → deadline, on the city's working calendar."""
Resolve = Callable[[datetime, Matter, str, str], datetime]
"""(issued, matter, unit, surge profile) → the resolve deadline of policy's table."""

Parked = Callable[[Matter, str, str], Move]
"""(matter, unit, surge profile) → how a resolve deadline moves where the case was parked."""


class Routing(Struct, frozen=True, kw_only=True):
    """Where a case goes and why; without a lead unit a dispatcher decides."""

    priority: Priority
    rule: str
    why: str
    lead: str = ""
    supporting: tuple[str, ...] = ()
    join_policy: JoinPolicy = "all"
    priority_why: str = ""


def no_profile(matter: Matter, active: frozenset[str]) -> str:
    """A city without surge profiles."""
    return ""


def unmoved(matter: Matter, unit: str, profile: str) -> Move:
    """A city whose resolve clock runs on while a case is parked."""
    return lambda due, since, until: due


class Extensions(Struct, frozen=True, kw_only=True):
    """How often, by how much at once and in all, and how long before the deadline more time can be asked."""

    times: int
    each: str
    total: str
    ask_before: str


class Rules(Struct, frozen=True, kw_only=True):
    """The rules a city can change, as data."""

    version: str
    units: frozenset[str]
    parents: Mapping[str, str]
    """Lower unit → the unit that hands work down to it."""
    max_returns: int
    return_within: str
    return_within_urgent: str
    return_reasons: Mapping[str, bool]
    """Code → whether it needs a legal basis."""
    extensions: Extensions
    quorum: int
    """So many answers are enough where the case joins by quorum."""
    child_share: float
    """A lower unit has this share of the time that its parent has left, unless the parent says when."""
    park_days: int
    appeal_within: str
    follow_up: frozenset[RequestType]
    """Request types whose citizens are called back before the case closes."""
    due: Due
    route: Callable[[Situation], Routing]
    profile: Callable[[Matter, frozenset[str]], str] = no_profile
    """(matter, profiles that are on) → the one that holds for it, or empty."""
    resolve: Resolve
    parked: Parked = unmoved


class Context(Struct, frozen=True, kw_only=True):
    """One command's circumstances. `at` is the door's stamp, by which deadlines are judged; `now` never runs back."""

    at: datetime
    now: datetime
    actor: str
    rules: Rules
    number: str = ""
    profiles: frozenset[str] = frozenset()
    """The surge profiles that are switched on."""
    first_case: str = ""
    """The case that this contact's matter already became, in the other lane."""

    @property
    def role(self) -> str:
        """`unit`, `supervisor`, `service` …"""
        return self.actor.partition(":")[0]

    @property
    def subject(self) -> str:
        """Who of that role: a unit's code, an agent's number."""
        return self.actor.partition(":")[2]
