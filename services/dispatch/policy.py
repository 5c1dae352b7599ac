"""The city's policy as dispatch needs it: units, routing, rules and the working calendar, with one version."""

from collections.abc import Sequence
from pathlib import Path

from services.dispatch.domain.context import Due, Rules
from services.dispatch.domain.proposals import Topics
from services.dispatch.domain.routing import Router, RoutingPolicy
from services.dispatch.domain.routing_check import errors_of
from shared.calendars import load_calendar
from shared.events.commands import RequestType
from shared.policy import Policy, PolicyError, Units, load, load_units, read

PLATFORM = "04"
"""The part of a unit's code that says district platform."""


class City(Policy):
    """city.yaml"""

    version: str
    name: str
    english: str
    number_prefix: str


class RulesFile(Policy):
    """rules.yaml"""

    version: str
    max_returns: int
    return_within: str
    return_within_urgent: str
    follow_up: tuple[RequestType, ...]


def load_rules(folder: Path) -> Rules:
    """Rules of a city's policy folder; raises PolicyError, also where a routing rule names an unknown unit."""
    routing, rules, units = load(folder, "routing", RoutingPolicy), load(folder, "rules", RulesFile), load_units(folder)
    refuse(folder / "routing.yaml", errors_of(routing, units))
    return make_rules(routing, rules, units, load_calendar(folder).due)


def make_rules(routing: RoutingPolicy, rules: RulesFile, units: Units, due: Due) -> Rules:
    return Rules(
        version=f"routing {routing.version}, rules {rules.version}",
        units=frozenset(units.by_code()),
        max_returns=rules.max_returns,
        return_within=rules.return_within,
        return_within_urgent=rules.return_within_urgent,
        follow_up=frozenset(rules.follow_up),
        due=due,
        route=Router(routing, platforms(units), due).route,
    )


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


def number_prefix(folder: Path) -> str:
    return load(folder, "city", City).number_prefix
