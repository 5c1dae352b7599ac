"""Dates that a person sets freely; where policy has a limit, the command's own module judges by it."""

from datetime import datetime, timedelta

from services.dispatch.domain.context import Context
from services.dispatch.domain.rejected import Rejected

FARTHEST = timedelta(days=365)
"""A date whose year is mistyped, even by one, is over already or lies farther ahead."""


def check_date(name: str, moment: datetime, context: Context) -> None:
    """Raises Rejected unless it lies ahead, and within a year."""
    latest = context.at + FARTHEST
    if not context.at < moment <= latest:
        raise Rejected("until", f"{name} lies after {context.at.isoformat()} and not after {latest.isoformat()}")
