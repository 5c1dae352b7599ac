"""The city's policy as dispatch needs it: units, routing, rules and the working calendar, with one version."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

from pydantic import Field

from services.dispatch.domain.context import Due, Extensions, Parked, Resolve, Rules, unmoved
from services.dispatch.domain.proposals import Topics
from services.dispatch.domain.routing import Router, RoutingPolicy
from services.dispatch.domain.routing_check import errors_of
from shared.calendars import Calendar, load_calendar
from shared.deadlines import NONE, Matter, Move, Period, Rulebook, load_rulebook
from shared.events.commands import RequestType
from shared.policy import Policy, PolicyError, Units, load, load_units, read

PLATFORM = "04"
"""The part of a unit's code that says district platform."""


class ReturnReason(Policy):
    """Why a unit gives an order back."""

    name: str
    english: str
    needs_basis: bool


class ExtensionRules(Policy):
    times: Annotated[int, Field(ge=0)]
    each: Period
    total: Period
    ask_before: Period


class RulesFile(Policy):
    """rules.yaml"""

    version: str
    max_returns: Annotated[int, Field(ge=0)]
    return_within: Period
    return_within_urgent: Period
    return_reasons: dict[str, ReturnReason]
    extensions: ExtensionRules
    quorum: Annotated[int, Field(ge=1)]
    child_share: Annotated[float, Field(gt=0, le=1)]
    park_days: Annotated[int, Field(ge=1, le=3_650)]
    keeper_within_minutes: Annotated[int, Field(ge=1)]
    follow_up: tuple[RequestType, ...]


def load_rules(folder: Path) -> Rules:
    """Rules of a city's policy folder; raises PolicyError, also where a file names an unknown unit."""
    routing, rules, units = load(folder, "routing", RoutingPolicy), load(folder, "rules", RulesFile), load_units(folder)
    refuse(folder / "routing.yaml", errors_of(routing, units))
    return make_rules(routing, rules, units, load_rulebook(folder), load_calendar(folder).due)


def make_rules(routing: RoutingPolicy, rules: RulesFile, units: Units, book: Rulebook, due: Due) -> Rules:
    return Rules(
        version=f"routing {routing.version}, rules {rules.version}",
        units=frozenset(units.by_code()),
        parents={unit.code: unit.parent for unit in units.units if unit.parent},
        max_returns=rules.max_returns,
        return_within=rules.return_within,
        return_within_urgent=rules.return_within_urgent,
        return_reasons={code: reason.needs_basis for code, reason in rules.return_reasons.items()},
        extensions=Extensions(**rules.extensions.model_dump()),
        quorum=rules.quorum,
        child_share=rules.child_share,
        park_days=rules.park_days,
        appeal_within=book.deadlines.appeal_within,
        follow_up=frozenset(rules.follow_up),
        due=due,
        route=Router(routing, platforms(units), due).route,
        profile=book.profiles.of,
        resolve=_resolve(book),
        parked=_parked(book) if "resolve" in book.deadlines.pauses.parked else unmoved,
    )


def _resolve(book: Rulebook) -> Resolve:
    def resolve(start: datetime, matter: Matter, unit: str, profile: str) -> datetime:
        terms = book.terms("resolve", matter, start, unit=unit, profile=profile)
        assert terms is not None, "a rulebook without a time to resolve is refused at its loading"
        return terms.due

    return resolve


def _parked(book: Rulebook) -> Parked:
    def moves(matter: Matter, unit: str, profile: str) -> Move:
        line = book.line("resolve", matter, profile)
        assert line is not None, "a rulebook without a time to resolve is refused at its loading"
        return partial(_moved, book.calendar(unit, profile), line.resolve or NONE)

    return moves


def _moved(calendar: Calendar, period: str, due: datetime, since: datetime, until: datetime) -> datetime:
    return calendar.moved(due, period, since, until)


def load_router(folder: Path, routing: Path | None = None) -> Router:
    """The city's routing alone, or another version of it in the file `routing`; raises PolicyError."""
    units, path = load_units(folder), routing or folder / "routing.yaml"
    policy = read(path, RoutingPolicy)
    refuse(path, errors_of(policy, units))
    return Router(policy, platforms(units), load_calendar(folder).due)


def refuse(path: Path, errors: Sequence[str]) -> None:
    """Raises PolicyError where there are any."""
    if errors:
        raise PolicyError("\n".join(f"{path}: {error}" for error in errors))


def platforms(units: Units) -> dict[str, str]:
    """Area → the platform of that district."""
    return {unit.area: unit.code for unit in units.units if unit.area and unit.code.split("-")[1] == PLATFORM}


def load_topics(folder: Path) -> Topics:
    return load(folder, "topics", Topics)


def keeper_within(folder: Path) -> timedelta:
    """How long an open case may be without a keeper (domain time)."""
    return timedelta(minutes=load(folder, "rules", RulesFile).keeper_within_minutes)
