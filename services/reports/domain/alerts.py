"""What calls for a special report (domain.md §12): many cases of a topic, urgent cases in one place, repeats."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct


class Triggers(Struct, frozen=True, kw_only=True):
    """Limits, from policy. Periods in hours; `times_usual` against the mean of the same hours of `usual_days` days."""

    window_h: float
    topic_cases: int
    times_usual: float
    times_usual_cases: int
    usual_days: int
    urgent_window_h: float
    urgent_cases: int
    repeats: int


class Opened(NamedTuple):
    """A case as far as triggers look, as it is now: `repeats` further contacts, `open` while not closed or merged.

    A trigger counts what people brought, so also what was merged since.
    """

    number: str
    at: datetime
    topic: str
    area: str
    priority: str
    repeats: int
    open: bool
    merged: bool = False


class Alert(Struct, frozen=True, kw_only=True):
    """`kind` is topic_volume, topic_rise, urgent_cluster or repeats_unsolved; `usual` is a mean, where one counts."""

    kind: str
    code: str
    count: int
    usual: float | None
    cases: list[str]


def alerts_at(
    at: datetime, rows: Sequence[Opened], usual: Mapping[str, float], repeated: Sequence[Opened], limits: Triggers
) -> list[Alert]:
    """Alerts at a moment. `rows` are the cases of the longer window before it, `usual` the mean count by topic,
    `repeated` open cases with further contacts."""
    window = [row for row in rows if row.at > at - timedelta(hours=limits.window_h)]
    urgent = [row for row in rows if row.at > at - timedelta(hours=limits.urgent_window_h) and row.priority == "P0"]
    return [*_topics(window, usual, limits), *_urgent(urgent, limits), *_repeats(repeated, limits)]


def usual_counts(days: Sequence[Sequence[Opened]]) -> dict[str, float]:
    """Mean count by topic; each entry of `days` holds the cases of the same hours of one earlier day."""
    counts = Counter(row.topic for rows in days for row in rows)
    return {topic: count / len(days) for topic, count in counts.items()}


def largest_alerts(
    moments: Sequence[datetime], rows: Sequence[Opened], repeated: Sequence[Opened], limits: Triggers
) -> list[Alert]:
    """Alerts at any of these moments, each at its largest; `rows` reach back over all the usual days."""
    ordered = sorted(rows, key=lambda row: row.at)
    times = [row.at for row in ordered]

    def before(at: datetime, hours: float) -> Sequence[Opened]:
        return ordered[bisect_right(times, at - timedelta(hours=hours)) : bisect_right(times, at)]

    largest: dict[tuple[str, str], Alert] = {}
    for at in moments:
        days = [before(at - timedelta(days=day), limits.window_h) for day in range(1, limits.usual_days + 1)]
        recent = before(at, max(limits.window_h, limits.urgent_window_h))
        for alert in alerts_at(at, recent, usual_counts(days), repeated, limits):
            known = largest.get((alert.kind, alert.code))
            if known is None or alert.count > known.count:
                largest[alert.kind, alert.code] = alert
    return list(largest.values())


def _topics(rows: Sequence[Opened], usual: Mapping[str, float], limits: Triggers) -> list[Alert]:
    found = []
    for topic, count in _ranked(Counter(row.topic for row in rows if row.topic)):
        mean = usual.get(topic, 0.0)
        rises = count >= limits.times_usual_cases and count >= limits.times_usual * mean
        if count >= limits.topic_cases or rises:
            kind = "topic_volume" if count >= limits.topic_cases else "topic_rise"
            cases = sorted(row.number for row in rows if row.topic == topic)
            found.append(Alert(kind=kind, code=topic, count=count, usual=round(mean, 2), cases=cases))
    return found


def _urgent(rows: Sequence[Opened], limits: Triggers) -> list[Alert]:
    return [
        Alert(
            kind="urgent_cluster", code=area, count=count, usual=None,
            cases=sorted(row.number for row in rows if row.area == area),
        )
        for area, count in _ranked(Counter(row.area for row in rows if row.area))
        if count >= limits.urgent_cases
    ]  # fmt: skip


def _repeats(rows: Sequence[Opened], limits: Triggers) -> list[Alert]:
    """Per topic, the open cases that people called about again."""
    open_rows = [row for row in rows if row.open and row.repeats]
    return [
        Alert(
            kind="repeats_unsolved", code=topic, count=count, usual=None,
            cases=sorted(row.number for row in open_rows if row.topic == topic),
        )
        for topic, count in _ranked(Counter(row.topic for row in open_rows))
        if count >= limits.repeats
    ]  # fmt: skip


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
