"""Which limits an order has: policy data, and the calendar that turns them into moments."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from shared.events.commands import Clock, Priority, RequestType
from shared.policy import Policy

Due = Callable[[datetime, str], datetime]


class Limit(Policy):
    """One line of the table; what is not given fits everything."""

    priority: Priority | None = None
    request_type: RequestType | None = None
    sign: str
    resolve: str

    def fits(self, priority: Priority, request_type: RequestType) -> bool:
        return self.priority in (None, priority) and self.request_type in (None, request_type)


class Deadlines(Policy):
    """deadlines.yaml"""

    version: str
    warn_left: float
    limits: tuple[Limit, ...]


class Terms(Struct, frozen=True):
    """When a clock warns and when it is due."""

    warn: datetime
    due: datetime


def terms(
    policy: Deadlines, due: Due, start: datetime, priority: Priority, request_type: RequestType
) -> dict[Clock, Terms]:
    """The clocks of an order that was issued at `start`. Raises LookupError when no line fits."""
    limit = next((one for one in policy.limits if one.fits(priority, request_type)), None)
    if limit is None:
        raise LookupError(f"deadlines.yaml {policy.version}: no limit for {priority} {request_type}")
    return {"sign": _terms(policy, due, start, limit.sign), "resolve": _terms(policy, due, start, limit.resolve)}


def _terms(policy: Deadlines, due: Due, start: datetime, period: str) -> Terms:
    end = due(start, period)
    return Terms(end - (end - start) * policy.warn_left, end)
