"""The special report (专报): one problem, a window of time, and the figures of its cases. Frozen once made.

Everything is counted from the cases of a selection, so that every figure can be computed again from its query.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode

from msgspec import Struct, field

from services.reports.domain.alerts import Alert, Triggers
from services.reports.domain.case_facts import CaseFact
from services.reports.domain.page import Words, covers
from services.reports.domain.people import callers_in, masked
from services.reports.domain.wording import REQUEST_TYPES
from shared.clock import CHINA
from shared.elements import told
from shared.events.commands import URGENT

SUMMARY, EXAMPLE = 150, 120
FEWEST, MOST = 3, 5
AREAS, UNITS = 3, 8
HOURLY = timedelta(hours=48)
Column = Literal["area", "request_type", "unit", "hour"]


class Selection(Struct, frozen=True, kw_only=True):
    """Cases registered in (since, until], as they are now; what is empty fits every case. Times: ISO 8601 with zone."""

    since: str
    until: str
    topic: str = ""
    area: str = ""
    priority: str = ""
    repeated: bool = False
    """Open cases that people came back about, alone."""

    def span(self) -> tuple[datetime, datetime]:
        return datetime.fromisoformat(self.since), datetime.fromisoformat(self.until)

    def fits(self, fact: CaseFact) -> bool:
        """Whether a case of the window is meant; store.py asks MongoDB for the same."""
        if self.topic and not covers(self.topic, fact.topic):
            return False
        if (self.area and fact.area != self.area) or (self.priority and fact.priority != self.priority):
            return False
        return not self.repeated or (bool(fact.attached_at) and fact.is_open())

    def fields(self) -> dict[str, str]:
        """What is asked of a case's own fields."""
        given = {name: getattr(self, name) for name in ("topic", "area", "priority")}
        return {name: value for name, value in given.items() if value}

    def query(self) -> str:
        """The way to the same cases at this service."""
        given = {"since": self.since, "until": self.until, **self.fields()}
        return f"/selections?{urlencode(given | ({'repeated': '1'} if self.repeated else {}))}"


class Counts(Struct, frozen=True, kw_only=True):
    """`contacts`: how often people came, the first time included; tables by code, most first (hours in their order).

    `merged` cases are counted in their target's place (去重件数, domain.md §12), and only their contacts beside it.
    """

    cases: int
    merged: int = 0
    contacts: int
    open: int
    urgent: int
    breached: int
    tables: dict[Column, list[tuple[str, int]]]


class Example(Struct, frozen=True, kw_only=True):
    """A typical case; names and numbers in its words are masked."""

    number: str
    title: str
    text: str
    area: str
    state: str


class Suggestion(Struct, frozen=True, kw_only=True):
    """What should be done, by which unit (code), by which day."""

    text: str
    unit: str
    due: str


class Remarks(Struct, frozen=True, kw_only=True):
    """What the office writes; no machine fills it."""

    title: str = ""
    cause: str = ""
    policy: str = ""
    measures: str = ""
    suggestions: tuple[Suggestion, ...] = ()


class Special(Struct, frozen=True, kw_only=True):
    """One special report. `reason` is an alert's kind or `hand`; `signed_by` ends every change."""

    id: str
    number: int
    reason: str
    code: str
    made_at: str
    made_by: str
    selection: Selection
    usual: float | None
    counts: Counts
    examples: list[Example]
    remarks: Remarks = field(default_factory=Remarks)
    signed_by: str = ""


def selection_of(alert: Alert, at: datetime, limits: Triggers, repeat_days: int) -> Selection:
    """The cases that an alert is about."""
    match alert.kind:
        case "urgent_cluster":
            since = at - timedelta(hours=limits.urgent_window_h)
            return Selection(since=_iso(since), until=_iso(at), area=alert.code, priority="P0")
        case "repeats_unsolved":
            since = at - timedelta(days=repeat_days)
            return Selection(since=_iso(since), until=_iso(at), topic=alert.code, repeated=True)
    return Selection(since=_iso(at - timedelta(hours=limits.window_h)), until=_iso(at), topic=alert.code)


def distinct(found: Mapping[str, CaseFact]) -> list[CaseFact]:
    """One for each matter, of cases by id: what was merged is its target's affair.

    The first number stands for a target that is not among them, because it is of another time or topic.
    """
    chosen: dict[str, CaseFact] = {}
    for case, fact in sorted(found.items(), key=lambda item: (item[1].number, item[0])):
        target = _target(case, found)
        chosen.setdefault(target, found.get(target, fact))
    return list(chosen.values())


def _target(case: str, found: Mapping[str, CaseFact]) -> str:
    """Where merges lead; each case was read at a moment of its own, so two may point at one another."""
    seen: set[str] = set()
    while case in found and found[case].merged_into:
        if case in seen:
            return min(seen)
        seen.add(case)
        case = found[case].merged_into
    return case


def count(found: Mapping[str, CaseFact], selection: Selection) -> Counts:
    """Of the selection's cases, by id."""
    facts = distinct(found)
    units = Counter(order.unit for fact in facts for order in fact.orders.values())
    hours = Counter(_hour(fact.registered_at, selection) for fact in facts if fact.registered_at)
    return Counts(
        cases=len(facts),
        merged=len(found) - len(facts),
        contacts=sum(1 + len(fact.attached_at) for fact in found.values()),
        open=sum(fact.is_open() for fact in facts),
        urgent=sum(fact.priority in URGENT for fact in facts),
        breached=sum(any(order.breached for order in fact.orders.values()) for fact in facts),
        tables={
            "area": _ranked(Counter(fact.area for fact in facts)),
            "request_type": _ranked(Counter(fact.request_type for fact in facts)),
            "unit": _ranked(units),
            "hour": sorted(hours.items()),
        },
    )


def examples(facts: Sequence[CaseFact]) -> list[Example]:
    """Of distinct cases: the gravest, then those that came back most often, then the newest.

    Of different titles, if there are enough.
    """
    ordered = sorted(facts, key=lambda fact: (fact.priority, -len(fact.attached_at), _backwards(fact), fact.number))
    unlike: dict[str, CaseFact] = {}
    for fact in ordered:
        unlike.setdefault(fact.title, fact)
    chosen = list(unlike.values()) if len(unlike) >= FEWEST else ordered
    return [_example(fact) for fact in chosen[:MOST]]


def title_of(special: Special, words: Words) -> str:
    """What the office wrote, else what the reason says."""
    topic, area = words.topic(special.code), words.areas.get(special.code, special.code)
    said = {
        "topic_volume": f"关于“{topic}”类诉求短时集中的专报",
        "topic_rise": f"关于“{topic}”类诉求明显上升的专报",
        "urgent_cluster": f"关于{area}特急诉求聚集的专报",
        "repeats_unsolved": f"关于“{topic}”类诉求反复来访未办结的专报",
    }
    return special.remarks.title or said.get(special.reason, "关于群众集中反映问题的专报")


def summary_of(special: Special, words: Words) -> str:
    """At most 150 characters: how many, how many more than usual, where, and how many are not done."""
    counts = special.counts
    found = [f"{_span(special.selection)}共受理相关诉求{counts.cases}件、来访{counts.contacts}次"]
    if special.usual is not None:
        found.append(f"平时同时段均值{special.usual:.2f}件")
    areas = "、".join(words.areas.get(code, code) for code, _ in counts.tables["area"][:AREAS] if code)
    found += [f"主要在{areas}"] if areas else []
    kinds = "、".join(REQUEST_TYPES.get(code, (code, code))[0] for code, _ in counts.tables["request_type"][:2])
    found += [f"以{kinds}为主"] if kinds else []
    found.append(f"紧急{counts.urgent}件，超期{counts.breached}件，尚未办结{counts.open}件")
    text = "，".join(found) + "。"
    return text if len(text) <= SUMMARY else f"{text[: SUMMARY - 1]}…"


def _span(selection: Selection) -> str:
    since, until = selection.span()
    return f"{_moment(since)}至{_moment(until)}"


def _moment(at: datetime) -> str:
    local = at.astimezone(CHINA)
    return f"{local.month}月{local.day}日{local:%H:%M}"


def _hour(at: datetime, selection: Selection) -> str:
    """The hour of a short window, the day of a long one."""
    since, until = selection.span()
    return at.astimezone(CHINA).strftime("%m-%d %H:00" if until - since <= HOURLY else "%m-%d")


def _example(fact: CaseFact) -> Example:
    callers = callers_in(fact.text)
    text = masked(told(fact.text), callers)
    return Example(
        number=fact.number,
        title=masked(fact.title, callers),
        text=text if len(text) <= EXAMPLE else f"{text[: EXAMPLE - 1]}…",
        area=fact.area,
        state=fact.state(),
    )


def _backwards(fact: CaseFact) -> float:
    return -fact.registered_at.timestamp() if fact.registered_at else 0.0


def _iso(at: datetime) -> str:
    return at.astimezone(CHINA).isoformat(timespec="seconds")


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
