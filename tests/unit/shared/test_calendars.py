"""Working-day deadlines: the published holidays of 2020 and 2021, hours, and laws that hold for any date."""

import warnings
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendars import Calendar, CalendarFile, load_calendar
from shared.clock import CHINA

CALENDAR = load_calendar(Path(__file__).parents[3] / "policy" / "130100")
MORNING, AFTERNOON = (time(8, 30), time(12, 0)), (time(13, 30), time(17, 30))
CLOSES = time(17, 30)
WORKED_S = int(7.5 * 3600)


def on(day: str, at: str = "10:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{at}").replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2021-01-08", 5, "2021-01-15"),
        ("2021-02-05", 5, "2021-02-18"),
        ("2021-02-10", 1, "2021-02-18"),
        ("2021-02-10", 3, "2021-02-20"),
        ("2021-01-29", 15, "2021-02-24"),
        ("2020-01-21", 5, "2020-02-05"),
        ("2020-09-30", 5, "2020-10-14"),
        ("2021-09-30", 5, "2021-10-13"),
        ("2021-04-30", 1, "2021-05-06"),
        ("2021-09-17", 5, "2021-09-26"),
    ],
)
def test_working_days_count_from_the_next_day(start: str, days: int, due: str) -> None:
    assert CALENDAR.due(on(start), f"{days}wd") == on(due, "17:30")


@pytest.mark.parametrize(("year", "count"), [(2020, 249), (2021, 250)])
def test_working_days_of_a_year(year: int, count: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366 if year == 2020 else 365)]
    assert sum(CALENDAR.is_workday(day) for day in days) == count


@pytest.mark.parametrize(
    ("period", "due"),
    [
        ("10m", on("2021-02-10", "17:10")),
        ("2h", on("2021-02-10", "19:00")),
        ("24h", on("2021-02-11", "17:00")),
        ("1wh", on("2021-02-18", "09:00")),
        ("4wh", on("2021-02-18", "12:00")),
        ("5wh", on("2021-02-18", "14:30")),
        ("0wh", on("2021-02-10", "17:00")),
    ],
)
def test_hours_run_from_the_moment_and_working_hours_stand_still_over_the_holiday(period: str, due: datetime) -> None:
    assert CALENDAR.due(on("2021-02-10", "17:00"), period) == due


@pytest.mark.parametrize("at", ["12:30", "12:00", "13:30"])
def test_the_noon_break_counts_for_nothing(at: str) -> None:
    assert CALENDAR.due(on("2021-01-13", at), "1wh") == on("2021-01-13", "14:30")


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    assert CALENDAR.due(datetime.fromisoformat("2021-01-12T18:00+00:00"), "1wd") == on("2021-01-14", "17:30")


def test_the_citys_own_days_come_before_the_nations() -> None:
    own = CalendarFile(
        version="1", intervals=(MORNING, AFTERNOON), holidays=(date(2021, 1, 14),), workdays=(date(2021, 1, 16),)
    )
    assert Calendar(own).due(on("2021-01-13"), "2wd") == on("2021-01-16", "17:30")


def test_the_last_days_of_a_year_lead_into_the_next() -> None:
    assert CALENDAR.due(on("2020-12-31"), "1wd") == on("2021-01-04", "17:30")
    assert CALENDAR.due(on("2020-12-31"), "251wd") == on("2022-01-04", "17:30")


def test_an_unknown_year_warns_and_counts_weekends_only() -> None:
    with pytest.warns(UserWarning, match="only weekends count"):
        assert CALENDAR.due(on("2031-05-01"), "1wd") == on("2031-05-02", "17:30")


@pytest.mark.parametrize("day", ["0001-01-02", "2003-12-31", "2100-01-04", "9999-12-30"])
def test_a_day_that_nobody_can_mean_is_not_counted(day: str) -> None:
    """Else one date would have eight thousand years counted, and kept."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for period in ("1wd", "1wh"):
            with pytest.raises(ValueError, match="no working days are counted"):
                CALENDAR.due(on(day), period)


@pytest.mark.parametrize("period", ["", "5", "wd", "1d", "-1wd", "1.5h", "5wd "])
def test_what_is_no_period_is_named(period: str) -> None:
    with pytest.raises(ValueError, match="is no period"):
        CALENDAR.due(on("2021-01-13"), period)


MOMENTS = st.integers(0, 20 * 365 * 86_400).map(lambda s: on("2005-01-01") + timedelta(seconds=s))
UNITS = st.sampled_from(["m", "h", "wh", "wd"])


@given(MOMENTS, MOMENTS, st.integers(1, 40), UNITS)
def test_who_starts_later_is_not_due_earlier(one: datetime, other: datetime, count: int, unit: str) -> None:
    first, second = sorted((one, other))
    assert CALENDAR.due(first, f"{count}{unit}") <= CALENDAR.due(second, f"{count}{unit}")


@given(MOMENTS, st.integers(1, 40), st.integers(1, 40), UNITS)
def test_a_longer_period_is_the_shorter_one_and_the_rest(at: datetime, some: int, more: int, unit: str) -> None:
    whole = CALENDAR.due(at, f"{some + more}{unit}")
    assert CALENDAR.due(CALENDAR.due(at, f"{some}{unit}"), f"{more}{unit}") == whole
    assert CALENDAR.due(at, f"{some}{unit}") < whole


@given(MOMENTS, st.integers(1, 60))
def test_a_day_period_ends_when_a_working_day_closes(at: datetime, count: int) -> None:
    due = CALENDAR.due(at, f"{count}wd")
    assert CALENDAR.is_workday(due.date())
    assert due.timetz() == CLOSES.replace(tzinfo=CHINA)
    between = (at.date() + timedelta(days=n) for n in range(1, (due.date() - at.date()).days + 1))
    assert sum(CALENDAR.is_workday(day) for day in between) == count


@given(MOMENTS, st.integers(1, 60))
def test_working_hours_end_within_working_time(at: datetime, count: int) -> None:
    due = CALENDAR.due(at, f"{count}wh")
    assert CALENDAR.is_workday(due.date())
    assert any(begin < due.time() <= end for begin, end in (MORNING, AFTERNOON))
    assert due - at >= timedelta(hours=count)


@given(st.integers(1, 20))
def test_a_days_hours_are_a_working_day(count: int) -> None:
    at = on("2021-01-12", "17:30")
    assert CALENDAR.due(at, f"{count * 15}wh") == CALENDAR.due(at, f"{count * 2}wd")
