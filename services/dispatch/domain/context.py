"""What a decision is told from outside: time, number, routing and the rules of the policy version in force."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from shared.deadlines import Matter
from shared.events.commands import Priority, Register, RequestType

Events = list[Struct]
Due = Callable[[datetime, str], datetime]
"""(start, period like `1wd` or `15m`) → deadline, on the city's working calendar."""


class Routing(Struct, frozen=True, kw_only=True):
    """Where a case goes and why; without a lead unit a dispatcher decides."""

    priority: Priority
    rule: str
    why: str
    lead: str = ""
    supporting: tuple[str, ...] = ()


def no_profile(matter: Matter, active: frozenset[str]) -> str:
    """A city without surge profiles."""
    return ""


class Rules(Struct, frozen=True, kw_only=True):
    """The rules a city can change, as data."""

    version: str
    units: frozenset[str]
    max_returns: int
    return_within: str
    return_within_urgent: str
    follow_up: frozenset[RequestType]
    """Request types whose citizens are called back before the case closes."""
    due: Due
    route: Callable[[Register], Routing]
    profile: Callable[[Matter, frozenset[str]], str] = no_profile
    """(matter, profiles that are on) → the one that holds for it, or empty."""


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
