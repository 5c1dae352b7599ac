"""What a decision is told from outside: time, number, routing and the rules of the policy version in force."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from services.dispatch.domain.situation import Situation
from shared.events.commands import JoinPolicy, Priority, RequestType

Due = Callable[[datetime, str], datetime]
"""(start, period like `1wd` or `15m`) → deadline, on the city's working calendar."""


class Routing(Struct, frozen=True, kw_only=True):
    """Where a case goes and why; without a lead unit a dispatcher decides."""

    priority: Priority
    rule: str
    why: str
    lead: str = ""
    supporting: tuple[str, ...] = ()
    join_policy: JoinPolicy = "all"
    priority_why: str = ""


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
    route: Callable[[Situation], Routing]


class Context(Struct, frozen=True, kw_only=True):
    """One command's circumstances. `at` is the door's stamp, by which deadlines are judged; `now` never runs back."""

    at: datetime
    now: datetime
    actor: str
    rules: Rules
    number: str = ""
    first_case: str = ""
    """The case that this contact's matter already became, in the other lane."""
