"""How long everybody has: a city's table of limits, its surge profiles, and the calendars that make moments of them.

A deadline is a pure function of what a case's events say and of the policy's version. The hand-over to a partner city
has clocks of its own (receipt, decision, result), kept by transfer under transfer.yaml.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, get_args

from msgspec import Struct
from pydantic import AfterValidator, Field

from shared.calendars import Calendar, CalendarFile, Calendars, parsed
from shared.events.commands import Clock, Priority, RequestType
from shared.policy import Policy, PolicyError, Units, load, load_units

LINES = 4096
"""Kinds of clocks whose line is remembered; topics are free text."""
NONE = "none"
"""Stands in a line of the table where nobody is held to that clock."""
_LONGEST = {"h": 87_600, "wh": 20_000, "wd": 2_500}
"""Ten years, about: what is due later than the calendar counts would fail only when it is used."""


class Matter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What conditions of policy look at."""

    priority: Priority = "P2"
    request_type: RequestType = "QZ"
    topic: str = ""
    area: str = ""


class When(Policy):
    """Conditions; what is not given fits everything. A topic fits its sub-topics (`01` fits `01.03`)."""

    priorities: tuple[Priority, ...] = ()
    request_types: tuple[RequestType, ...] = ()
    topics: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()

    def fits(self, matter: Matter) -> bool:
        return (
            (not self.priorities or matter.priority in self.priorities)
            and (not self.request_types or matter.request_type in self.request_types)
            and (not self.topics or matter.topic.startswith(self.topics))
            and (not self.areas or matter.area in self.areas)
        )


def _period(text: str) -> str:
    count, unit = parsed(text)
    if not count:
        raise ValueError(f"{text!r} is over before it begins")
    if count > _LONGEST.get(unit, count):
        raise ValueError(f"{text!r} is longer than ten years")
    return text


def _or_none(text: str) -> str:
    return text if text == NONE else _period(text)


def _always(text: str) -> str:
    if text == NONE:
        raise ValueError("no order is without a time to sign and a time to resolve it")
    return _period(text)


Period = Annotated[str, AfterValidator(_period)]
PeriodOrNone = Annotated[str, AfterValidator(_or_none)]
PeriodAlways = Annotated[str, AfterValidator(_always)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Limit(When):
    """One line: a period per clock; a clock that it does not name is looked up in the lines below."""

    id: str
    audit: PeriodOrNone | None = None
    sign: PeriodAlways | None = None
    contact: PeriodOrNone | None = None
    resolve: PeriodAlways | None = None
    progress: PeriodOrNone | None = None
    approve: PeriodOrNone | None = None
    follow_up: PeriodOrNone | None = None
    reply: PeriodOrNone | None = None
    supervision: PeriodOrNone | None = None
    warn_left: tuple[Share, ...] | None = None
    """Warn when these shares of the time are left; not given: as the table says."""

    def period(self, clock: Clock) -> str | None:
        found: str | None = getattr(self, clock, None)
        return found


class Pauses(Policy):
    """Which clocks stand still while a case is parked, waits for a supplement, or a unit has asked something."""

    parked: tuple[Clock, ...] = ()
    supplement: tuple[Clock, ...] = ()
    return_asked: tuple[Clock, ...] = ()
    extension_asked: tuple[Clock, ...] = ()


class Deadlines(Policy):
    """deadlines.yaml. `appeal_within`: how long after its close a case can still be reopened; then it is archived."""

    version: str
    appeal_within: Period
    warn_left: tuple[Share, ...]
    pauses: Pauses
    limits: tuple[Limit, ...]


class Profile(When):
    """A surge profile: whom it is for, its own lines before the table's, and the calendar they are counted on."""

    id: str
    name: str
    english: str
    calendar: str = ""
    limits: tuple[Limit, ...] = ()


class Profiles(Policy):
    """profiles.yaml"""

    version: str
    profiles: tuple[Profile, ...]

    def by_id(self) -> dict[str, Profile]:
        return {profile.id: profile for profile in self.profiles}

    def of(self, matter: Matter, active: Iterable[str]) -> str:
        """The first profile that is switched on and made for this matter, or empty."""
        on = frozenset(active)
        return next((one.id for one in self.profiles if one.id in on and one.fits(matter)), "")


class Terms(Struct, frozen=True, kw_only=True):
    """The limit that holds: which line of the table, its period, and the moment at which it is over."""

    rule: str
    period: str
    due: datetime


class Span(Struct, kw_only=True, omit_defaults=True):
    """A time for which clocks stood still; `until` is empty while it lasts."""

    since: datetime
    until: datetime | None = None


class Extension(Struct, kw_only=True, omit_defaults=True):
    """Granted at `at`: due at `until`."""

    at: datetime
    until: datetime


Move = Callable[[datetime, datetime, datetime], datetime]
"""(deadline, since, until) → the deadline of a clock that stood still between the two."""


def granted(
    due: datetime, since: datetime, own: datetime | None, extended: Extension | None
) -> tuple[datetime, datetime, str]:
    """(deadline, from when pauses count, why it is not the table's) of an order with a deadline of its own.

    Where another type of request has more time than was granted, the extension shortens nothing.
    """
    base = due if own is None else min(due, own)
    if extended is not None and extended.until > base:
        return extended.until, extended.at, "extended"
    return base, since, "" if own is None else "own"


def stood(due: datetime, since: datetime, pauses: Iterable[Span], move: Move) -> tuple[datetime, datetime | None]:
    """(deadline, standing still since) of a clock from `since` on; `pauses` follow one another."""
    for pause in pauses:
        begun = max(pause.since, since)
        if begun >= due:
            break
        if pause.until is None:
            return due, begun
        if pause.until > begun:
            due = move(due, begun, pause.until)
    return due, None


class Rulebook:
    """Table, profiles and calendars of one city under one version."""

    def __init__(self, deadlines: Deadlines, profiles: Profiles, calendars: Calendars) -> None:
        self.deadlines = deadlines
        self.profiles = profiles
        self.calendars = calendars
        self.version = f"deadlines {deadlines.version}, calendar {calendars.version}, profiles {profiles.version}"
        self._profiles = profiles.by_id()
        self._line = lru_cache(LINES)(self._find)

    def terms(
        self, clock: Clock, matter: Matter, start: datetime, *, unit: str = "", profile: str = ""
    ) -> Terms | None:
        """The limit of a clock that runs from `start`; nothing where policy sets none.

        A profile that policy does not know any more has no lines and no calendar of its own.
        """
        limit = self.line(clock, matter, profile)
        period = limit.period(clock) if limit else None
        if limit is None or period is None or period == NONE:
            return None
        due = self.calendar(unit, profile).due(start, period)
        return Terms(rule=limit.id, period=period, due=due)

    def appeal(self, closed: datetime) -> Terms:
        """Until when a case that was closed then can be reopened; it is archived after that."""
        period = self.deadlines.appeal_within
        return Terms(rule="appeal", period=period, due=self.calendar().due(closed, period))

    def calendar(self, unit: str = "", profile: str = "") -> Calendar:
        """What an order is counted on: the profile's calendar, the unit's own, or the city's."""
        surge = self._profiles.get(profile)
        return self.calendars.of(surge.calendar if surge else "", unit)

    def warn_left(self, clock: Clock, matter: Matter, profile: str = "") -> tuple[float, ...]:
        """At which shares of the time left the clock warns, the largest first."""
        limit = self.line(clock, matter, profile)
        given = self.deadlines.warn_left if limit is None or limit.warn_left is None else limit.warn_left
        return tuple(sorted(given, reverse=True))

    def line(self, clock: Clock, matter: Matter, profile: str = "") -> Limit | None:
        """The line that holds for this clock: the first that fits and names it."""
        return self._line(clock, matter, profile)

    def _find(self, clock: Clock, matter: Matter, profile: str) -> Limit | None:
        surge = self._profiles.get(profile)
        lines = (*(surge.limits if surge else ()), *self.deadlines.limits)
        return next((one for one in lines if one.period(clock) is not None and one.fits(matter)), None)


def make_rulebook(deadlines: Deadlines, profiles: Profiles, calendar: CalendarFile) -> Rulebook:
    """Raises PolicyError where a profile names an unknown calendar, or a line that everybody needs is missing."""
    for profile in profiles.profiles:
        if profile.calendar and profile.calendar not in calendar.others:
            raise PolicyError(f"profiles.yaml: {profile.id} names the unknown calendar {profile.calendar}")
    book = Rulebook(deadlines, profiles, Calendars(calendar))
    _check_complete(book)
    return book


def _check_complete(book: Rulebook) -> None:
    """No order may be without a time to sign and to resolve it: where a line fits, it has one (`Limit`)."""
    for priority in get_args(Priority):
        for kind in get_args(RequestType):
            matter = Matter(priority=priority, request_type=kind)
            for clock in ("sign", "resolve"):
                if book.line(clock, matter) is None:
                    version = book.deadlines.version
                    raise PolicyError(f"deadlines.yaml {version}: no {clock} limit for {priority} {kind}")


def load_rulebook(folder: Path) -> Rulebook:
    """The rulebook of a city's policy folder; raises PolicyError."""
    profiles, calendar = load(folder, "profiles", Profiles), load(folder, "calendar", CalendarFile)
    if unused := _unused(calendar, profiles, load_units(folder)):
        raise PolicyError(f"{folder / 'calendar.yaml'}: others: {unused} is no unit, and no profile's calendar")
    return make_rulebook(load(folder, "deadlines", Deadlines), profiles, calendar)


def _unused(calendar: CalendarFile, profiles: Profiles, units: Units) -> str:
    """Calendars that nobody is counted on, whose names must be wrong."""
    known = {*units.by_code(), *(profile.calendar for profile in profiles.profiles)}
    return ", ".join(name for name in calendar.others if name not in known)
