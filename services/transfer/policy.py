"""transfer.yaml: reason codes, deadlines of partners, and how long to wait between attempts."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, get_args

from pydantic import Field, model_validator

from services.transfer.domain.outgoing import Waits
from services.transfer.domain.receiving import Spoken
from services.transfer.domain.view import Deadlines
from shared.calendars import Calendar
from shared.deadlines import Period
from shared.events.commands import Priority, TransferClock
from shared.policy import Policy, load

CLOCKS: tuple[TransferClock, ...] = ("receipt", "decision", "result")
USED = frozenset({"loop", "already_received", "unknown_partner", "withdrawn", "invalid", "no_answer"})
"""Codes that the platform gives by itself; policy names them for people."""


class Reason(Policy):
    """A reason code in words. `by_person`: a supervisor may refuse with it."""

    name: str
    english: str
    by_person: bool = False


class Limit(Policy):
    """How long a partner has; without a priority it fits all."""

    priority: Priority | None = None
    receipt: Period
    decision: Period
    result: Period

    def period(self, clock: TransferClock) -> str:
        return {"receipt": self.receipt, "decision": self.decision, "result": self.result}[clock]


class TransferPolicy(Policy):
    """transfer.yaml"""

    version: str
    reasons: dict[str, Reason]
    limits: tuple[Limit, ...]
    progress: dict[Spoken, str]
    advice: dict[TransferClock, str]
    first_wait_s: Annotated[float, Field(gt=0)]
    longest_wait_s: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _whole(self) -> "TransferPolicy":
        if missing := USED - self.reasons.keys():
            raise ValueError(f"reasons: {', '.join(sorted(missing))} missing")
        if not any(limit.priority is None for limit in self.limits):
            raise ValueError("limits: one without a priority must fit all others")
        if hidden := _hidden(self.limits):
            raise ValueError(f"limits: the line for {hidden} is never reached, one before it fits all that it fits")
        if missing_words := set(get_args(Spoken)) - self.progress.keys():
            raise ValueError(f"progress: {', '.join(sorted(missing_words))} missing")
        if len(self.advice) < len(CLOCKS):
            raise ValueError(f"advice: one for each of {', '.join(CLOCKS)}")
        return self

    @property
    def waits(self) -> Waits:
        return Waits(first_s=self.first_wait_s, longest_s=self.longest_wait_s)

    def deadlines(self, calendar: Calendar) -> Deadlines:
        """(moment, priority) → when the receipt, the decision and the result are due."""

        def of(start: datetime, priority: Priority) -> dict[TransferClock, datetime]:
            limit = next(one for one in self.limits if one.priority in (None, priority))
            return {clock: calendar.due(start, limit.period(clock)) for clock in CLOCKS}

        return of


def _hidden(limits: Sequence[Limit]) -> str:
    """The first line's priority, or `all`, that a line before it leaves nothing to."""
    for place, limit in enumerate(limits):
        if any(one.priority in (None, limit.priority) for one in limits[:place]):
            return limit.priority or "all"
    return ""


def load_transfer(folder: Path) -> TransferPolicy:
    """Of a city's policy folder; raises PolicyError."""
    return load(folder, "transfer", TransferPolicy)
