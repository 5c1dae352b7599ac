"""Working calendars: pure deadlines from national holidays, make-up workdays and a city's own days (domain.md §4)."""

import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import chinese_calendar

from shared.clock import CHINA
from shared.policy import Policy, load

KNOWN = range(2004, 2027)
"""Years that chinesecalendar 1.11 knows; past them weekends are all there is, with a warning."""
_PERIOD = re.compile(r"^(\d+)(m|h|wh|wd)$")


class CalendarFile(Policy):
    """calendar.yaml: working intervals of a day as local times, and days that differ from the nation's."""

    version: str
    intervals: tuple[tuple[time, time], ...]
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()


class Calendar:
    """Computes deadlines in the city's time (+08:00)."""

    def __init__(self, file: CalendarFile) -> None:
        self._file = file
        self._years: dict[int, list[date]] = {}

    def due(self, start: datetime, period: str) -> datetime:
        """Deadline of a period that begins at `start`.

        `30m`, `2h`, `24h`: natural time from the moment. `4wh`: working hours from the moment. `5wd`: working days;
        counting begins on the next day, and the last day ends with its last working interval. Raises ValueError.
        """
        match = _PERIOD.match(period)
        if match is None:
            raise ValueError(f"{period!r} is no period; examples: 10m, 2h, 4wh, 5wd")
        count, unit = int(match[1]), match[2]
        local = start.astimezone(CHINA)
        if unit == "m":
            return local + timedelta(minutes=count)
        if unit == "h":
            return local + timedelta(hours=count)
        if unit == "wh":
            return self._after_hours(local, count * 3600)
        return datetime.combine(self._nth_day(local.date(), count), self._file.intervals[-1][1], CHINA)

    def is_workday(self, day: date) -> bool:
        days = self._days(day.year)
        place = bisect_right(days, day)
        return place > 0 and days[place - 1] == day

    def _nth_day(self, day: date, count: int) -> date:
        """The nth working day after `day`."""
        year, place = day.year, bisect_right(self._days(day.year), day) + count - 1
        while place >= len(self._days(year)):
            place -= len(self._days(year))
            year += 1
        return self._days(year)[place]

    def _after_hours(self, start: datetime, seconds: float) -> datetime:
        left = timedelta(seconds=seconds)
        for begin, end in self._intervals_from(start):
            if begin + left <= end:
                return begin + left
            left -= end - begin
        raise AssertionError("working intervals never end")

    def _intervals_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = start.date()
        while True:
            if self.is_workday(day):
                for opens, closes in self._file.intervals:
                    begin, end = datetime.combine(day, opens, CHINA), datetime.combine(day, closes, CHINA)
                    if end > start:
                        yield max(begin, start), end
            day += timedelta(days=1)

    def _days(self, year: int) -> list[date]:
        """Working days of a year, sorted; computed once."""
        if year not in self._years:
            extra, off = set(self._file.workdays), set(self._file.holidays)
            days = (date(year, 1, 1) + timedelta(days=n) for n in range(366 if _leap(year) else 365))
            self._years[year] = [day for day in days if day in extra or (day not in off and _national(day))]
        return self._years[year]


@cache
def _national(day: date) -> bool:
    if day.year in KNOWN:
        return bool(chinese_calendar.is_workday(day))
    _warn(day.year)
    return day.weekday() < 5


@cache
def _warn(year: int) -> None:
    warnings.warn(f"holidays of {year} are not known; only weekends count", UserWarning, stacklevel=4)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def load_calendar(folder: Path) -> Calendar:
    """The calendar of a city's policy folder; raises PolicyError."""
    return Calendar(load(folder, "calendar", CalendarFile))
