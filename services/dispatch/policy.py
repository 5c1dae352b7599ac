"""The city's policy as dispatch needs it: units, routing, rules and the working calendar, with one version."""

from pathlib import Path

from services.dispatch.domain.context import Due, Rules
from services.dispatch.domain.routing import RoutingPolicy
from shared.calendars import load_calendar
from shared.deadlines import Profiles
from shared.events.commands import RequestType
from shared.policy import Policy, PolicyError, Units, load, load_units


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
    _check(folder, routing, units)
    return make_rules(
        routing, rules, units, load_calendar(folder).due, load(folder, "profiles", Profiles)
    )  # fmt: skip


def make_rules(routing: RoutingPolicy, rules: RulesFile, units: Units, due: Due, profiles: Profiles) -> Rules:
    return Rules(
        version=f"routing {routing.version}, rules {rules.version}",
        units=frozenset(units.by_code()),
        max_returns=rules.max_returns,
        return_within=rules.return_within,
        return_within_urgent=rules.return_within_urgent,
        follow_up=frozenset(rules.follow_up),
        due=due,
        route=routing.route,
        profile=profiles.of,
    )


def _check(folder: Path, routing: RoutingPolicy, units: Units) -> None:
    known = units.by_code()
    for rule in routing.rules:
        for unit in (rule.lead, *rule.supporting):
            if unit not in known:
                raise PolicyError(f"{folder}/routing.yaml: rule {rule.id} names unknown unit {unit}")


def number_prefix(folder: Path) -> str:
    return load(folder, "city", City).number_prefix
