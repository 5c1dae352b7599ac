"""The figures of some days (domain.md §5), from sums over marks. Raw rates: nothing is excluded."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from services.reports.domain.marks import Tally

Unit = Literal["count", "percent", "seconds", "ratio"]


class Figure(Struct, frozen=True, kw_only=True):
    """`value` is None where the denominator is 0; a count has neither numerator nor denominator."""

    name: str
    value: float | int | None
    unit: Unit
    numerator: int | float | None = None
    denominator: int | None = None


class Row(Struct, frozen=True, kw_only=True):
    """One line of a table: `code` of a type, topic, area, unit or channel, and its figures by column."""

    code: str
    figures: dict[str, Figure]


class Figures(Struct, frozen=True, kw_only=True):
    """Figures of `first`..`last` (domain days, empty: the platform's whole life) and tables by dimension."""

    first: str
    last: str
    figures: list[Figure]
    tables: dict[str, list[Row]]

    def by_name(self) -> dict[str, Figure]:
        return {figure.name: figure for figure in self.figures}


COUNTS = (
    "offered", "calls", "ivr_used", "served_by_ivr", "asked_for_person", "answered", "answered_in_15s", "abandoned",
    "abandoned_short", "placed", "accepted", "answered_at_desk", "dispatched", "to_several_units", "called_again",
    "closed", "reopened", "replies_owed", "replies_settled", "replies_delivered", "replies_by_person",
    "replies_unreachable", "replies_waived", "warnings", "breaches", "orders_issued", "orders_signed", "orders_done",
    "orders_returned", "orders_sent_back", "orders_overdue_sign", "orders_overdue_resolve", "followed_up", "solved",
    "rated", "repeated", "told_from_knowledge",
)  # fmt: skip
EVENTS = {
    "rejections": "command.rejected.v1",
    "arbitrations": "case.arbitration_opened.v1",
    "returns_asked": "work_order.return_asked.v1",
    "extensions_asked": "work_order.extension_asked.v1",
    "extensions": "work_order.extended.v1",
    "escalations": "case.escalated.v1",
    "supervisions": "supervision.opened.v1",
    "merges": "case.merged.v1",
    "transfers_asked": "transfer.asked.v1",
    "transfers_accepted": "transfer.accepted.v1",
    "transfers_refused": "transfer.refused.v1",
    "transfers_completed": "transfer.completed.v1",
}
"""Figures that count one event type; 0 where nobody sends it."""
RATES: dict[str, tuple[str, tuple[str, ...]]] = {
    "connect_rate": ("answered", ("asked_for_person",)),
    "answered_in_15s_rate": ("answered_in_15s", ("answered",)),
    "abandon_rate": ("abandoned", ("asked_for_person",)),
    "ivr_share": ("served_by_ivr", ("offered",)),
    "desk_share": ("answered_at_desk", ("accepted",)),
    "dispatched_share": ("dispatched", ("accepted",)),
    "dispatched_same_day_rate": ("dispatched_same_day", ("dispatched",)),
    "signed_in_time_rate": ("orders_signed_in_time", ("orders_signed_in_time", "orders_overdue_sign")),
    "done_in_time_rate": ("orders_done_in_time", ("orders_done_in_time", "orders_overdue_resolve")),
    "return_rate": ("orders_returned", ("orders_issued",)),
    "sent_back_rate": ("orders_sent_back", ("orders_issued",)),
    "satisfied_rate": ("satisfied", ("rated",)),
    "strictly_satisfied_rate": ("strictly_satisfied", ("rated",)),
    "solved_rate": ("solved", ("followed_up",)),
    "repeat_share": ("called_again", ("accepted", "called_again")),
    "repeated_share": ("repeated", ("accepted",)),
    "knowledge_share": ("told_from_knowledge", ("answered_at_desk",)),
}
"""Percent: numerator and the sum of the denominators.

In time: of the orders that in these days ended in time or missed their deadline, each once. An extension moves the
deadline, also where it was approved only after that had passed.
"""
TYPES = ("ZX", "QZ", "TS", "JB", "JY", "BY", "QT")
URGENCIES = ("P0", "P1", "P2", "P3")
UNIT_COLUMNS = ("issued", "signed", "done", "done_in_time", "overdue_sign", "overdue_resolve", "returned", "sent_back")


def figures_of(first: str, last: str, tally: Tally) -> Figures:
    """Every figure and table of the days."""
    return Figures(first=first, last=last, figures=_figures(tally), tables=_tables(tally.counts))


def _figures(tally: Tally) -> list[Figure]:
    counts = tally.counts
    found = [_count(name, counts[name]) for name in COUNTS]
    found += [_count(name, counts[f"event:{kind}"]) for name, kind in EVENTS.items()]
    found += [_rate(name, counts[top], sum(counts[one] for one in below)) for name, (top, below) in RATES.items()]
    found.append(_mean("average_wait", tally.wait_ms, counts["answered"]))
    found.append(_mean("average_handling", tally.handled_ms, counts["handled"]))
    found.append(_ratio("outbound_ratio", counts["placed"], counts["offered"]))
    return found


def _count(name: str, value: int) -> Figure:
    return Figure(name=name, value=value, unit="count")


def _rate(name: str, top: int, below: int) -> Figure:
    value = round(100 * top / below, 2) if below else None
    return Figure(name=name, value=value, unit="percent", numerator=top, denominator=below)


def _mean(name: str, ms: int, count: int) -> Figure:
    value = round(ms / 1000 / count, 1) if count else None
    return Figure(name=name, value=value, unit="seconds", numerator=ms / 1000, denominator=count)


def _ratio(name: str, top: int, below: int) -> Figure:
    value = round(top / below, 3) if below else None
    return Figure(name=name, value=value, unit="ratio", numerator=top, denominator=below)


def _tables(counts: Mapping[str, int]) -> dict[str, list[Row]]:
    accepted, offered = counts.get("accepted", 0), counts.get("offered", 0)
    return {
        "channels": _shares(counts, "channel", offered),
        "request_types": _shares(counts, "request_type", accepted, TYPES),
        "priorities": _shares(counts, "priority", accepted, URGENCIES),
        "topics": _shares(counts, "topic", accepted),
        "areas": _shares(counts, "area", accepted),
        "purposes": _shares(counts, "purpose", counts.get("placed", 0)),
        "units": _units(counts),
        "untold": _shares(counts, "untold", counts.get("answered_at_desk", 0)),
    }


def _shares(counts: Mapping[str, int], dimension: str, total: int, fixed: tuple[str, ...] = ()) -> list[Row]:
    """Count and share by code: a fixed list in its order, or what occurs, most first."""
    prefix = f"{dimension}:"
    found = {name.removeprefix(prefix): count for name, count in counts.items() if name.startswith(prefix)}
    rest = sorted(found.keys() - set(fixed), key=lambda code: (-found[code], code))
    return [share_row(code, found.get(code, 0), total) for code in (*fixed, *rest)]


def share_row(code: str, count: int, total: int) -> Row:
    """A count and its share of the total."""
    return Row(code=code, figures={"count": _count("count", count), "share": _rate("share", count, total)})


def _units(counts: Mapping[str, int]) -> list[Row]:
    """Per unit, most orders first."""
    codes = {name.split(":")[1] for name in counts if name.startswith("unit:")}
    ranked = sorted(codes, key=lambda code: (-counts.get(f"unit:{code}:issued", 0), code))
    return [
        Row(code=code, figures={name: _count(name, counts.get(f"unit:{code}:{name}", 0)) for name in UNIT_COLUMNS})
        for code in ranked
    ]
