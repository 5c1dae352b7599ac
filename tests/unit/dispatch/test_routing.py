"""Routing by data alone: each condition, what is explained, what a check finds, and a dry run over past cases."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.dispatch.domain.dry_run import Past, dry_run
from services.dispatch.domain.grading import JUDGED
from services.dispatch.domain.routing import Router, RoutingPolicy
from services.dispatch.domain.routing_check import errors_of, warnings_of
from services.dispatch.domain.situation import Situation
from services.dispatch.policy import load_router
from shared.calendars import load_calendar
from shared.clock import CHINA
from shared.policy import PolicyError, Unit, Units, load_units

POLICY = Path("policy/130100")
DUE = load_calendar(POLICY).due
NOON, OPEN, NIGHT = (datetime(2021, 1, 13, hour, 30, tzinfo=CHINA) for hour in (12, 10, 23))
SUNDAY = datetime(2021, 1, 17, 10, 0, tzinfo=CHINA)
MAKE_UP = datetime(2021, 2, 20, 10, 0, tzinfo=CHINA)
CITIES = ("130100", "130200")


def router(*rules: dict[str, Any], priorities: tuple[dict[str, Any], ...] = ()) -> Router:
    policy = RoutingPolicy.model_validate({"version": "1", "priorities": priorities, "rules": rules})
    return Router(policy, {"130102": "district-1"}, DUE)


def matter(**given: Any) -> Situation:
    return Situation(**{"title": "路灯", "text": "路灯不亮", "at": OPEN, **given})


@pytest.mark.parametrize(
    ("condition", "fits", "misses", "because"),
    [
        ({"words": ["停水", "停电"]}, {"text": "又停电了"}, {"text": "没有电"}, "none of its words"),
        ({"words": ["停水"]}, {"title": "停水"}, {"title": "水"}, "none of its words"),
        ({"without": ["感谢"]}, {}, {"text": "感谢"}, "excluded by word 感谢"),
        ({"topics": ["01"]}, {"topic": "0104"}, {"topic": "02"}, "topic 02"),
        ({"topics": ["0104"]}, {"topic": "0104"}, {"topic": "01"}, "topic 01"),
        ({"areas": ["1301"]}, {"area": "130102"}, {"area": "130202"}, "area 130202"),
        ({"areas": ["130102"]}, {"area": "130102"}, {}, "area none"),
        ({"request_types": ["TS"]}, {"request_type": "TS"}, {"request_type": "QZ"}, "type QZ"),
        ({"priorities": ["P0"]}, {"priority": "P0"}, {}, "priority P2"),
        ({"hours": ["22:00", "06:00"]}, {"at": NIGHT}, {"at": NOON}, "12:30 is not within 22:00–06:00"),
        ({"hours": ["12:00", "13:00"]}, {"at": NOON}, {"at": OPEN}, "10:30 is not within 12:00–13:00"),
        ({"open": True}, {"at": OPEN}, {"at": NOON}, "outside working hours"),
        ({"open": True}, {"at": MAKE_UP}, {"at": SUNDAY}, "outside working hours"),
        ({"open": False}, {"at": SUNDAY}, {"at": OPEN}, "working hours"),
        ({"profiles": ["epidemic"]}, {"profile": "epidemic"}, {}, "surge profile none"),
        ({"lead": "district"}, {"area": "130102"}, {"area": "130104"}, "no district platform for area 130104"),
    ],
)
def test_each_condition_decides_and_says_why_not(
    condition: dict[str, Any], fits: dict[str, Any], misses: dict[str, Any], because: str
) -> None:
    rules = router({"id": "r", "lead": "unit-1", **condition}, {"id": "rest", "lead": "unit-2"})
    assert rules.route(matter(**fits)).rule == "r"
    missed = rules.explain(matter(**misses))
    assert missed.routing.lead == "unit-2"
    assert [(one.rule, one.fits) for one in missed.tried] == [("r", False), ("rest", True)]
    assert missed.tried[0].why == because


def test_all_conditions_of_a_rule_must_hold() -> None:
    rules = router({"id": "r", "lead": "unit-1", "words": ["停水"], "topics": ["05"], "request_types": ["TS"]})
    whole = {"text": "停水", "topic": "05", "request_type": "TS"}
    assert rules.route(matter(**whole)).why == "word 停水, topic 05, type TS"
    for name, value in (("text", "水"), ("topic", "06"), ("request_type", "QZ")):
        assert rules.route(matter(**{**whole, name: value})).lead == ""


def test_lead_supporting_and_join_policy_come_from_the_rule() -> None:
    rule = {"id": "r", "lead": "unit-1", "supporting": ["district", "unit-1", "unit-2"], "join_policy": "lead"}
    routing = router(rule).route(matter(area="130102"))
    assert (routing.lead, routing.supporting, routing.join_policy) == ("unit-1", ("district-1", "unit-2"), "lead")
    assert router(rule).route(matter()).supporting == ("unit-2",)


def test_a_rule_without_a_lead_leaves_the_case_to_a_person_and_says_what_to_do() -> None:
    rules = router({"id": "referral", "topics": ["90"], "note": "tell the route"}, {"id": "rest", "lead": "unit-2"})
    routing = rules.route(matter(topic="90"))
    assert (routing.rule, routing.lead, routing.why) == ("referral", "", "topic 90, tell the route")


def test_without_a_fitting_rule_a_dispatcher_decides() -> None:
    routing = router({"id": "r", "words": ["水"], "lead": "unit-1"}).route(matter())
    assert (routing.rule, routing.lead) == ("none", "")


@pytest.mark.parametrize(
    ("given", "priority", "why"),
    [
        ({"priority": "P3", "text": "着火"}, "P3", JUDGED),
        ({"text": "家里着火"}, "P0", "word 着火"),
        ({"topic": "0104"}, "P1", "topic 0104"),
        ({"request_type": "BY"}, "P3", "type BY"),
        ({}, "P2", "nothing makes it more or less urgent"),
    ],
)
def test_the_priority_is_explained(given: dict[str, Any], priority: str, why: str) -> None:
    lines = (
        {"priority": "P0", "words": ["着火"]},
        {"priority": "P1", "topics": ["0104"]},
        {"priority": "P3", "request_types": ["JY", "BY"]},
    )
    routing = router(priorities=lines).route(matter(**given))
    assert (routing.priority, routing.priority_why) == (priority, why)


@pytest.mark.parametrize("city", CITIES)
def test_a_citys_rules_are_sound_and_every_topic_but_other_has_one(city: str) -> None:
    folder = Path("policy") / city
    rules = load_router(folder)
    assert warnings_of(rules.policy, load_units(folder)) == []
    for number in (*range(1, 20), 90):
        routing = rules.route(matter(topic=f"{number:02d}"))
        assert routing.rule != "none", number
    for number in range(1, 21):
        assert rules.route(matter(topic=f"01{number:02d}", area=f"{city[:4]}02")).lead, number


UNITS = Units(version="1", units=tuple(Unit(code=code, name=code, english=code) for code in ("unit-1", "unit-2")))


def found(*rules: dict[str, Any]) -> tuple[list[str], list[str]]:
    policy = router(*rules).policy
    return errors_of(policy, UNITS), warnings_of(policy, UNITS)


def test_a_check_finds_what_cannot_work() -> None:
    errors, _ = found(
        {"id": "r", "lead": "unit-9"},
        {"id": "r", "lead": "unit-1", "supporting": ["unit-8"], "words": ["水"]},
        {"id": "s", "supporting": ["district"]},
    )
    assert errors == [
        "two rules are called r",
        "rule r names unknown unit unit-9",
        "rule r names unknown unit unit-8",
        "rule s has supporting units but no lead",
    ]


@pytest.mark.parametrize(
    ("wide", "narrow", "shadowed"),
    [
        ({"words": ["停水"]}, {"words": ["停水通知"], "topics": ["05"]}, True),
        ({"words": ["停水"]}, {"words": ["停水", "停电"]}, False),
        ({"topics": ["01"]}, {"topics": ["0104", "0105"]}, True),
        ({"topics": ["0104"]}, {"topics": ["01"]}, False),
        ({}, {"profiles": ["epidemic"]}, True),
        ({"profiles": ["epidemic"]}, {}, False),
        ({"without": ["水"]}, {}, False),
        ({"hours": ["22:00", "06:00"]}, {}, False),
        ({"open": True}, {"open": False}, False),
        ({"lead": "district"}, {"lead": "unit-1"}, False),
    ],
)
def test_a_rule_that_is_never_reached_is_warned_of(
    wide: dict[str, Any], narrow: dict[str, Any], shadowed: bool
) -> None:
    _, warnings = found({"id": "a", "lead": "unit-1", **wide}, {"id": "b", "lead": "unit-2", **narrow})
    assert (warnings == ["rule b is never reached: a before it fits whenever it would"]) == shadowed


def test_words_that_change_nothing_and_topics_without_a_rule_are_warned_of() -> None:
    units = Units(version="1", units=(Unit(code="unit-1", name="一", english="one", topics=("05",)),))
    policy = router({"id": "a", "lead": "unit-1", "words": ["停水", "停水通知"]}).policy
    assert warnings_of(policy, units) == [
        "rule a: word 停水通知 changes nothing beside 停水",
        "topic 05 of unit unit-1 has no rule; a dispatcher decides unless a word fits",
    ]


def test_a_version_with_errors_is_refused_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / "next.yaml"
    file.write_text('version: "2"\npriorities: []\nrules: [{id: a, lead: 130100-02-999}]\n')
    with pytest.raises(PolicyError, match=r"next\.yaml: rule a names unknown unit 130100-02-999"):
        load_router(POLICY, file)


def test_a_dry_run_tells_what_would_change_for_whom() -> None:
    before = router({"id": "a", "words": ["水"], "lead": "unit-1"}, {"id": "b", "words": ["灯"], "lead": "unit-1"})
    after = router(
        {"id": "a", "words": ["水"], "lead": "unit-1", "supporting": ["unit-2"]},
        {"id": "b", "words": ["灯"], "lead": "unit-2"},
        priorities=({"priority": "P1", "words": ["灯"]},),
    )
    texts = ("水", "灯", "灯", "树")
    cases = [
        Past(case=f"c{place}", number=f"N-{place}", situation=matter(title=text, text=text))
        for place, text in enumerate(texts)
    ]
    result = dry_run(before, after, cases, examples=2)
    assert (result.cases, result.changed) == (4, 3)
    assert result.aspects == {"supporting": 1, "lead": 2, "priority": 2}
    assert result.units == {"unit-1": (3, 1), "unit-2": (0, 2), "": (1, 1)}
    assert result.rules == {"a": 1, "b": 2, "none": 1}
    assert [(one.number, one.aspects) for one in result.examples] == [
        ("N-0", ("supporting",)),
        ("N-1", ("lead", "priority")),
    ]
    assert dry_run(before, before, cases).changed == 0


@pytest.mark.parametrize("city", CITIES)
def test_whatever_the_door_calls_urgent_is_graded_so(city: str) -> None:
    folder = Path("policy") / city
    words = yaml.safe_load((folder / "lanes.yaml").read_text())["words"]
    routing = load_router(folder)
    assert {word: routing.route(matter(text=f"这里{word}了")).priority for word in words} == dict.fromkeys(words, "P0")
    assert routing.route(matter(urgent=True)).priority == "P1"
    assert routing.route(matter(urgent=True, text="这里着火了")).priority == "P0"
    assert routing.route(matter(urgent=True, priority="P3")).priority == "P3"
