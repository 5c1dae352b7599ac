"""The city's policy as dispatch needs it: units, routing, rules and the working calendar, with one version."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ConfigDict

from services.dispatch.domain.context import Due, Extensions, Rules
from services.dispatch.domain.routing import RoutingPolicy
from shared.calendars import load_calendar
from shared.events.commands import Priority, RequestType
from shared.policy import Policy, PolicyError, Units, load, load_units


class City(Policy):
    """city.yaml"""

    version: str
    name: str
    english: str
    number_prefix: str


class ReturnReason(Policy):
    """Why a unit gives an order back."""

    name: str
    english: str
    needs_basis: bool


class ExtensionRules(Policy):
    times: int
    each: str
    total: str
    ask_before: str


class RulesFile(Policy):
    """rules.yaml"""

    version: str
    max_returns: int
    return_within: str
    return_within_urgent: str
    return_reasons: dict[str, ReturnReason]
    extensions: ExtensionRules
    quorum: int
    child_share: float
    park_days: int
    appeal_within: str
    keeper_within_minutes: int
    follow_up: tuple[RequestType, ...]


class Limit(Policy):
    """The resolve limit of one line of deadlines.yaml; sla owns the file and judges by it."""

    model_config = ConfigDict(extra="ignore")
    priority: Priority | None = None
    request_type: RequestType | None = None
    resolve: str

    def fits(self, priority: Priority, request_type: RequestType) -> bool:
        return self.priority in (None, priority) and self.request_type in (None, request_type)


class LimitsFile(Policy):
    model_config = ConfigDict(extra="ignore")
    limits: tuple[Limit, ...]


def load_rules(folder: Path) -> Rules:
    """Rules of a city's policy folder; raises PolicyError, also where a file names an unknown unit."""
    routing, rules, units = load(folder, "routing", RoutingPolicy), load(folder, "rules", RulesFile), load_units(folder)
    _check(folder, routing, units)
    return make_rules(routing, rules, units, load(folder, "deadlines", LimitsFile), load_calendar(folder).due)


def make_rules(routing: RoutingPolicy, rules: RulesFile, units: Units, limits: LimitsFile, due: Due) -> Rules:
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
        appeal_within=rules.appeal_within,
        follow_up=frozenset(rules.follow_up),
        due=due,
        route=routing.route,
        resolve=_resolve(limits, due),
    )


def _resolve(limits: LimitsFile, due: Due) -> Callable[[datetime, Priority, RequestType], datetime]:
    """Raises LookupError where no line of the table fits."""

    def resolve(start: datetime, priority: Priority, request_type: RequestType) -> datetime:
        limit = next((one for one in limits.limits if one.fits(priority, request_type)), None)
        if limit is None:
            raise LookupError(f"deadlines.yaml: no limit for {priority} {request_type}")
        return due(start, limit.resolve)

    return resolve


def _check(folder: Path, routing: RoutingPolicy, units: Units) -> None:
    known = units.by_code()
    for unit in units.units:
        if unit.parent and unit.parent not in known:
            raise PolicyError(f"{folder}/units.yaml: {unit.code} lies below unknown unit {unit.parent}")
    for rule in routing.rules:
        for code in (rule.lead, *rule.supporting):
            if code not in known:
                raise PolicyError(f"{folder}/routing.yaml: rule {rule.id} names unknown unit {code}")


def keeper_within(folder: Path) -> timedelta:
    """How long an open case may be without a keeper (domain time)."""
    return timedelta(minutes=load(folder, "rules", RulesFile).keeper_within_minutes)


def number_prefix(folder: Path) -> str:
    return load(folder, "city", City).number_prefix
