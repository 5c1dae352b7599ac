"""What another version of the routing rules would have made of past cases."""

from collections import Counter
from collections.abc import Callable, Iterable

from msgspec import Struct, field

from services.dispatch.domain.context import Routing
from services.dispatch.domain.routing import Router
from services.dispatch.domain.situation import Situation

EXAMPLES = 20
Aspect = Callable[[Routing], object]
ASPECTS: dict[str, Aspect] = {
    "lead": lambda routing: routing.lead,
    "supporting": lambda routing: frozenset(routing.supporting),
    "priority": lambda routing: routing.priority,
    "join_policy": lambda routing: routing.join_policy,
}


class Past(Struct, frozen=True, kw_only=True):
    """A case as it was registered."""

    case: str
    number: str
    situation: Situation


class Change(Struct, frozen=True, kw_only=True):
    """A case that the new version would route otherwise, and in which of ASPECTS."""

    case: str
    number: str
    title: str
    aspects: tuple[str, ...]
    before: Routing
    after: Routing


class DryRun(Struct, kw_only=True):
    """Counts over all cases; `units`: unit → cases it leads before and after; `examples`: the first changes."""

    cases: int = 0
    changed: int = 0
    aspects: Counter[str] = field(default_factory=Counter)
    units: dict[str, tuple[int, int]] = field(default_factory=dict)
    rules: Counter[str] = field(default_factory=Counter)
    """Rule of the new version → cases that it decides."""
    examples: list[Change] = field(default_factory=list)


def dry_run(before: Router, after: Router, cases: Iterable[Past], examples: int = EXAMPLES) -> DryRun:
    """Route every case by both versions and compare; a unit of "" is the dispatcher."""
    result = DryRun()
    for case in cases:
        result.cases += 1
        old, new = before.route(case.situation), after.route(case.situation)
        result.rules[new.rule] += 1
        _count(result, old.lead, new.lead)
        change = _change(case, old, new)
        if change is not None:
            result.changed += 1
            result.aspects.update(change.aspects)
            result.examples += [change] if len(result.examples) < examples else []
    return result


def _change(case: Past, old: Routing, new: Routing) -> Change | None:
    differing = tuple(name for name, aspect in ASPECTS.items() if aspect(old) != aspect(new))
    if not differing:
        return None
    title = case.situation.title
    return Change(case=case.case, number=case.number, title=title, aspects=differing, before=old, after=new)


def _count(result: DryRun, old: str, new: str) -> None:
    for unit, before, after in ((old, 1, 0), (new, 0, 1)):
        had, has = result.units.get(unit, (0, 0))
        result.units[unit] = (had + before, has + after)
