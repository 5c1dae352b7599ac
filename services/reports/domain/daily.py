"""The daily report: sections, sentences and tables out of one frozen snapshot (domain.md §12). Nothing else is read."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from string import Formatter

from msgspec import Struct

from services.reports.domain import matters
from services.reports.domain.alerts import Alert
from services.reports.domain.disputes import Dispute
from services.reports.domain.figures import UNIT_COLUMNS, Figures, Row, share_row
from services.reports.domain.hot_topics import HotTopic
from services.reports.domain.knowledge_facts import KnowledgeDay
from services.reports.domain.page import Section, Table, Words, minute_of, table_of
from services.reports.domain.wording import (
    CHANNELS,
    REQUEST_TYPES,
    SECTIONS,
    STATES,
    Lang,
    change,
    shown,
    word,
)

TOP = 25
"""Lines of a table inside a section; the annex has all."""


class Urgent(Struct, frozen=True, kw_only=True):
    """A P0 or P1 case; times are ISO 8601 with zone, empty where it did not happen."""

    number: str
    priority: str
    title: str
    area: str
    state: str
    registered_at: str
    dispatched_at: str
    closed_at: str


class Snapshot(Struct, frozen=True, kw_only=True):
    """What an issue was made of. `final`: made after the day was over; `week` is the same weekday a week before."""

    date: str
    number: int
    made_at: str
    final: bool
    day: Figures
    before: Figures
    week: Figures
    topics: list[HotTopic]
    urgent: list[Urgent]
    alerts: list[Alert]
    disputes: list[Dispute] = []
    knowledge: KnowledgeDay = KnowledgeDay()


def sections_of(snapshot: Snapshot, words: Words, lang: Lang) -> list[Section]:
    """Sections 1 to 9 and the annex; headings and columns in `lang`, sentences in Chinese."""
    tables: dict[str, Callable[[Snapshot, Words, Lang], list[Table]]] = {
        "calls": _channel_tables,
        "accepted": _accepted_tables,
        "hot_topics": _topic_tables,
        "handling": _area_tables,
        "urgent": _urgent_tables,
        "disputes": lambda snapshot, words, lang: matters.dispute_tables(snapshot.disputes, words, lang),
        "knowledge": lambda snapshot, words, lang: [
            *matters.bulletin_tables(snapshot.knowledge, lang),
            *_gap_tables(snapshot, words, lang),
        ],
        "annex": _unit_tables,
    }
    values = _values(snapshot)
    return [
        Section(
            name=name,
            title=word(SECTIONS, name, lang),
            sentences=[*_filled(words.sentences.get(name, ()), values), *_said(name, snapshot, words)],
            tables=tables[name](snapshot, words, lang) if name in tables else [],
        )
        for name in SECTIONS
    ]


def _values(snapshot: Snapshot) -> dict[str, str]:
    """What a sentence may name: each figure that has a value, and its changes."""
    before, week = snapshot.before.by_name(), snapshot.week.by_name()
    values: dict[str, str] = {}
    for name, figure in snapshot.day.by_name().items():
        if figure.value is not None:
            values[name] = shown(figure)
            values[f"{name}_change"] = change(figure.value, before[name].value, "前日")
            values[f"{name}_week"] = change(figure.value, week[name].value, "上周同日")
    return values


def fields_of(sentence: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(sentence) if name]


def _filled(sentences: Iterable[str], values: Mapping[str, str]) -> list[str]:
    return [one.format_map(values) for one in sentences if all(name in values for name in fields_of(one))]


def _said(name: str, snapshot: Snapshot, words: Words) -> list[str]:
    """Sentences that follow from lists instead of figures."""
    if name == "hot_topics":
        return [_topic_sentence(n, topic, words) for n, topic in enumerate(snapshot.topics[:3], 1)] or [
            "当日未形成热点。"
        ]
    if name == "urgent" and not snapshot.urgent:
        return ["当日无特急、紧急诉求。"]
    if name == "disputes":
        return matters.waiting(snapshot.disputes)
    if name == "knowledge":
        return matters.learned(snapshot.knowledge)
    if name == "outlook":
        return _outlook(snapshot, words)
    return []


def _topic_sentence(rank: int, topic: HotTopic, words: Words) -> str:
    areas = "、".join(words.areas.get(area, area) for area in topic.areas)
    where = f"，主要涉及{areas}" if areas else ""
    moved = change(topic.count, topic.before, "前日")
    return f"热点{rank}：“{topic.label}”{topic.count}件，占{topic.share:.2f}%，{moved}{where}。"


def _outlook(snapshot: Snapshot, words: Words) -> list[str]:
    found = [_alert_sentence(alert, words) for alert in snapshot.alerts]
    risen = [topic for topic in snapshot.topics if topic.change is None or topic.change >= 100]
    found += [f"新苗头：“{topic.label}”由前日{topic.before}件增至{topic.count}件，建议关注。" for topic in risen[:3]]
    return found or ["当日未触发风险预警，热点总体平稳。"]


def _alert_sentence(alert: Alert, words: Words) -> str:
    topic = words.topic(alert.code)
    if alert.kind == "urgent_cluster":
        return f"风险预警：{words.areas.get(alert.code, alert.code)}短时内特急诉求{alert.count}件，建议立即会商。"
    if alert.kind == "repeats_unsolved":
        return f"需协调事项：“{topic}”类群众反复来访且未办结{alert.count}件，建议专题督办。"
    return f"风险预警：“{topic}”类短时内集中来访{alert.count}件，平时同时段均值{alert.usual or 0:.2f}件，建议形成专报。"


def _share_table(name: str, rows: Sequence[Row], naming: Callable[[str], str], lang: Lang) -> Table:
    lines = [[naming(row.code), str(row.figures["count"].value), shown(row.figures["share"])] for row in rows[:TOP]]
    return table_of((name, "count", "share"), lines, (False, True, True), lang)


def _matter_table(name: str, rows: Sequence[Row], words: Words, lang: Lang) -> Table:
    """By topic; sub-topics are counted under theirs, most first."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[words.matter(row.code)] += int(row.figures["count"].value or 0)
    total = max((row.figures["share"].denominator or 0 for row in rows), default=0)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    merged = [share_row(code, count, total) for code, count in ranked]
    return _share_table(name, merged, lambda code: words.topic(code, lang), lang)


def _channel_tables(snapshot: Snapshot, words: Words, lang: Lang) -> list[Table]:
    rows = snapshot.day.tables["channels"]
    return [_share_table("channels", rows, lambda code: word(CHANNELS, code, lang), lang)] if rows else []


def _accepted_tables(snapshot: Snapshot, words: Words, lang: Lang) -> list[Table]:
    tables = snapshot.day.tables
    types = _share_table("request_types", tables["request_types"], lambda code: word(REQUEST_TYPES, code, lang), lang)
    topics = _matter_table("topics", tables["topics"], words, lang)
    return [types, *([topics] if tables["topics"] else [])]


def _gap_tables(snapshot: Snapshot, words: Words, lang: Lang) -> list[Table]:
    """Topics of what the desk answered without an article: where the knowledge base has a gap (口径空白)."""
    rows = snapshot.day.tables.get("untold", ())
    return [_matter_table("gaps", rows, words, lang)] if rows else []


def _area_tables(snapshot: Snapshot, words: Words, lang: Lang) -> list[Table]:
    rows = snapshot.day.tables["areas"]
    unnamed = "未填写" if lang == "zh" else "none"
    return [_share_table("areas", rows, lambda code: words.areas.get(code, code or unnamed), lang)] if rows else []


def _topic_tables(snapshot: Snapshot, words: Words, lang: Lang) -> list[Table]:
    columns = ("rank", "topic", "count", "share", "change", "areas", "example", "number")
    rows = [
        [
            str(rank), topic.label, str(topic.count), f"{topic.share:.2f}%",
            "—" if topic.change is None else f"{topic.change:+.1f}%",
            "、".join(words.areas.get(area, area) for area in topic.areas), topic.example, topic.example_number,
        ]
        for rank, topic in enumerate(snapshot.topics, 1)
    ]  # fmt: skip
    numeric = (True, False, True, True, True, False, False, False)
    return [table_of(columns, rows, numeric, lang)] if rows else []


def _urgent_tables(snapshot: Snapshot, words: Words, lang: Lang) -> list[Table]:
    columns = ("number", "priority", "title", "areas", "registered_at", "dispatched_at", "state")
    rows = [
        [
            case.number, case.priority, case.title, words.areas.get(case.area, case.area),
            minute_of(case.registered_at), minute_of(case.dispatched_at), word(STATES, case.state, lang),
        ]
        for case in snapshot.urgent
    ]  # fmt: skip
    return [table_of(columns, rows, [False] * 7, lang)] if rows else []


def _unit_tables(snapshot: Snapshot, words: Words, lang: Lang) -> list[Table]:
    rows = [
        [words.units.get(row.code, row.code), *(str(row.figures[name].value) for name in UNIT_COLUMNS)]
        for row in snapshot.day.tables["units"]
    ]
    return [table_of(("unit", *UNIT_COLUMNS), rows, [False, *[True] * len(UNIT_COLUMNS)], lang)] if rows else []
