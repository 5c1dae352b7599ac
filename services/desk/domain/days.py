"""The city's days."""

from datetime import datetime, timedelta

from shared.clock import CHINA


def day_of(now: datetime) -> datetime:
    """The beginning of the day."""
    return now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)


def next_day(now: datetime) -> datetime:
    """The beginning of the next day."""
    return day_of(now) + timedelta(days=1)
