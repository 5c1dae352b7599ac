"""What is wrong with a version of the routing rules, before it is used: errors forbid it, warnings ask for a look."""

from collections import Counter
from collections.abc import Iterator, Sequence

from services.dispatch.domain.routing import DISTRICT, RoutingPolicy, Rule
from shared.policy import Units


def errors_of(policy: RoutingPolicy, units: Units) -> list[str]:
    """Unknown units, ids given twice, supporting units without a lead."""
    known = {*units.by_code(), DISTRICT}
    found = [f"two rules are called {name}" for name, count in Counter(r.id for r in policy.rules).items() if count > 1]
    for rule in policy.rules:
        found += [f"rule {rule.id} names unknown unit {unit}" for unit in rule.units if unit not in known]
        if rule.supporting and not rule.lead:
            found.append(f"rule {rule.id} has supporting units but no lead")
    return found


def warnings_of(policy: RoutingPolicy, units: Units) -> list[str]:
    """Rules that never decide, words that change nothing, and topics of departments that no rule leads anywhere."""
    return [*_shadowed(policy.rules), *_repeated_words(policy.rules), *_untouched_topics(policy, units)]


def _shadowed(rules: Sequence[Rule]) -> Iterator[str]:
    for place, rule in enumerate(rules):
        earlier = next((one for one in rules[:place] if covers(one, rule)), None)
        if earlier is not None:
            yield f"rule {rule.id} is never reached: {earlier.id} before it fits whenever it would"


def covers(wide: Rule, narrow: Rule) -> bool:
    """Whether `wide` surely fits all that `narrow` fits: each of its conditions is at least as loose."""
    return (
        _loose(wide.request_types, narrow.request_types)
        and _loose(wide.priorities, narrow.priorities)
        and _loose(wide.profiles, narrow.profiles)
        and _begins(wide.topics, narrow.topics)
        and _begins(wide.areas, narrow.areas)
        and _contains(wide.words, narrow.words)
        and set(wide.without) <= set(narrow.without)
        and wide.hours in (None, narrow.hours)
        and wide.open in (None, narrow.open)
        and (wide.lead != DISTRICT or narrow.lead == DISTRICT)
    )


def _loose(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _begins(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    return not wide or (bool(narrow) and all(code.startswith(tuple(wide)) for code in narrow))


def _contains(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    """A text with the word 停水通知 has the word 停水, too."""
    return not wide or (bool(narrow) and all(any(word in longer for word in wide) for longer in narrow))


def _repeated_words(rules: Sequence[Rule]) -> Iterator[str]:
    for rule in rules:
        for word in rule.words:
            shorter = next((one for one in rule.words if one != word and one in word), "")
            if shorter:
                yield f"rule {rule.id}: word {word} changes nothing beside {shorter}"


def _untouched_topics(policy: RoutingPolicy, units: Units) -> Iterator[str]:
    """Topics some unit handles, for which no rule asks for the topic alone."""
    routed = [topic for rule in policy.rules for topic in rule.topics]
    for unit in units.units:
        for topic in unit.topics:
            if not any(topic.startswith(one) or one.startswith(topic) for one in routed):
                yield f"topic {topic} of unit {unit.code} has no rule; a dispatcher decides unless a word fits"
