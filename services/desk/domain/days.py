"""The city's days, and the span of a call."""

from datetime import datetime, timedelta

from shared.clock import CHINA

SHIFT = timedelta(hours=12)
"""A call that is older is not asked about any more, nor does anybody wait in it, whatever day it began."""


def day_of(now: datetime) -> datetime:
    """The beginning of the day."""
    return now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)


def next_day(now: datetime) -> datetime:
    """The beginning of the next day."""
    return day_of(now) + timedelta(days=1)
