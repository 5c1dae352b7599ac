"""Working calendars: pure deadlines from national holidays, make-up workdays and a city's own days.

Working days and working time are counted on one line of numbers, so a deadline is two bisections and no walk.
"""

import re
import warnings
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path

import chinese_calendar
from pydantic import Field, field_validator

from shared import names
from shared.clock import CHINA
from shared.policy import Policy, load

KNOWN = range(2004, 2027)
"""Years that chinesecalendar 1.11 knows; past them weekends are all there is, with a warning."""
LAST = 2099
"""No year is counted after it: each takes memory, and a date so far ahead is a mistake."""
DAY = 86_400_000_000
"""Microseconds of a day; working time is counted in whole ones, so that nothing is rounded."""
_PERIOD = re.compile(r"^(\d{1,5})(m|h|wh|wd)$")
_START = date(KNOWN[0], 1, 1).toordinal() - 1
_EPOCH = datetime(1, 1, 1, tzinfo=CHINA)
_MICRO = timedelta(microseconds=1)


class Hours(Policy):
    """Working intervals of a day as local times, and days that differ from the nation's."""

    intervals: tuple[tuple[time, time], ...]
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()
    every_day: bool = False
    """Weekends and holidays are worked too: a control room, or a surge."""

    @field_validator("intervals")
    @classmethod
    def _ordered(cls, intervals: tuple[tuple[time, time], ...]) -> tuple[tuple[time, time], ...]:
        moments = [moment for interval in intervals for moment in interval]
        if not moments or any(a >= b for a, b in pairwise(moments)):
            raise ValueError("intervals follow one another and each ends after it begins")
        return intervals


class CalendarFile(Hours):
    """calendar.yaml: the city's own calendar, and others by name: of a unit (its code) or of a surge profile."""

    version: str
    others: dict[str, Hours] = Field(default_factory=dict)


class Calendar:
    """Computes deadlines in the city's time (+08:00)."""

    def __init__(self, hours: Hours) -> None:
        self._hours = hours
        self._opens = [_micros(opens) for opens, _ in hours.intervals]
        spans = [_micros(closes) - _micros(opens) for opens, closes in hours.intervals]
        self._before = [0, *accumulate(spans)]
        self._day = self._before[-1]
        self._closes = _micros(hours.intervals[-1][1])
        self._days = array("l")
        """Every working day that is counted so far, as days since 0001-01-01."""
        self._horizon = _START - 1
        for _ in KNOWN:
            self._reach()

    def due(self, start: datetime, period: str) -> datetime:
        """Deadline of a period that begins at `start`.

        `30m`, `2h`, `24h`: natural time from the moment. `4wh`: working hours from the moment, `0wh` the
        first working moment from it on. `5wd`: working days;
        counting begins on the next day, and the last day ends with its last working interval. Raises ValueError.
        """
        count, unit = parsed(period)
        if unit == "m":
            return start.astimezone(CHINA) + timedelta(minutes=count)
        if unit == "h":
            return start.astimezone(CHINA) + timedelta(hours=count)
        at = (start - _EPOCH) // _MICRO
        if unit == "wh":
            done = self._worked(at)
            return self._moment(done + count * 3_600_000_000) if count else self._moment(done + 1) - _MICRO
        return self._close(self._place(at // DAY) + count)

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """Working time from `start` to `end`; negative where they stand the other way round."""
        span = self._worked((end - _EPOCH) // _MICRO) - self._worked((start - _EPOCH) // _MICRO)
        return timedelta(microseconds=span)

    def moved(self, due: datetime, period: str, since: datetime, until: datetime) -> datetime:
        """A deadline of that period which stood still from `since` to `until`, in the period's own measure."""
        _, unit = parsed(period)
        if unit in ("m", "h"):
            return due + (until - since)
        if unit == "wh":
            at = self._worked((due - _EPOCH) // _MICRO)
            return self._moment(at + self.worked(since, until) // _MICRO)
        lost = self._place((until - _EPOCH) // _MICRO // DAY) - self._place((since - _EPOCH) // _MICRO // DAY)
        return self._close(self._place((due - _EPOCH) // _MICRO // DAY) + lost) if lost else due

    def is_workday(self, day: date) -> bool:
        ordinal = day.toordinal() - 1
        place = self._place(ordinal)
        return place > 0 and self._days[place - 1] == ordinal

    def _place(self, day: int) -> int:
        """How many working days there are up to and including this one (days since 0001-01-01)."""
        while day > self._horizon:
            self._reach()
        if day < _START:
            raise ValueError(f"{date.fromordinal(day + 1)}: no working days are counted before {KNOWN[0]}")
        return bisect_right(self._days, day)

    def _close(self, place: int) -> datetime:
        """When the nth working day closes."""
        while place > len(self._days):
            self._reach()
        return _EPOCH + timedelta(days=self._days[place - 1], microseconds=self._closes)

    def _worked(self, at: int) -> int:
        """Working time up to a moment, in microseconds since the first day that is counted."""
        day, within = divmod(at, DAY)
        place = self._place(day)
        if not place or self._days[place - 1] != day:
            return place * self._day
        number = bisect_right(self._opens, within) - 1
        spent = min(self._before[number] + within - self._opens[number], self._before[number + 1]) if number >= 0 else 0
        return (place - 1) * self._day + spent

    def _moment(self, worked: int) -> datetime:
        """The first moment up to which so much was worked."""
        place, rest = divmod(worked - 1, self._day)
        while place >= len(self._days):
            self._reach()
        number = bisect_left(self._before, rest + 1) - 1
        within = self._opens[number] + rest + 1 - self._before[number]
        return _EPOCH + timedelta(days=self._days[place], microseconds=within)

    def _reach(self) -> None:
        """Count the next year as well. Raises ValueError."""
        begins = self._horizon + 1
        year = date.fromordinal(begins + 1).year
        if year > LAST:
            raise ValueError(f"no working days are counted after {LAST}")
        self._horizon = date(year, 12, 31).toordinal() - 1
        self._days.extend(day for day in range(begins, self._horizon + 1) if self._counts(date.fromordinal(day + 1)))

    def _counts(self, day: date) -> bool:
        hours = self._hours
        return day in hours.workdays or (day not in hours.holidays and (hours.every_day or _national(day)))


class Calendars:
    """A city's calendars: its own, and those of units and surge profiles by name."""

    def __init__(self, file: CalendarFile) -> None:
        self.version = file.version
        self._city = Calendar(file)
        self._others: Mapping[str, Calendar] = {name: Calendar(hours) for name, hours in file.others.items()}

    def of(self, *wanted: str) -> Calendar:
        """The first of the named calendars that there is, else the city's own."""
        return next((self._others[name] for name in wanted if name in self._others), self._city)

    @staticmethod
    def knows(moment: datetime) -> bool:
        """Whether the holidays of that year are published; past them a deadline may prove too early."""
        return moment.astimezone(CHINA).year in KNOWN


@cache
def parsed(period: str) -> tuple[int, str]:
    """(count, unit) of a period. Raises ValueError."""
    match = _PERIOD.match(period)
    if match is None:
        raise ValueError(f"{period!r} is no period; examples: 10m, 2h, 4wh, 5wd")
    return int(match[1]), match[2]


@cache
def _national(day: date) -> bool:
    if day.year in KNOWN:
        return bool(chinese_calendar.is_workday(day))
    _warn(day.year)
    return day.weekday() < 5


@cache
def _warn(year: int) -> None:
    names.CALENDAR_UNKNOWN_YEARS.inc()
    warnings.warn(f"holidays of {year} are not known; only weekends count", UserWarning, stacklevel=4)


def _micros(moment: time) -> int:
    return ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1_000_000 + moment.microsecond


def load_calendars(folder: Path) -> Calendars:
    """The calendars of a city's policy folder; raises PolicyError."""
    return Calendars(load(folder, "calendar", CalendarFile))


def load_calendar(folder: Path) -> Calendar:
    """The city's own calendar; raises PolicyError."""
    return load_calendars(folder).of()
