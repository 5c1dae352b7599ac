"""How far each service is behind the log, as a table and as one figure of the wall board."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from services.desk.domain.board import Figure, Level

MANY = 10
Lane = Literal["urgent", "normal", "other"]
LANES: tuple[Lane, ...] = ("urgent", "normal", "other")
Lag = Mapping[str, int]
"""Records behind by consumer group (`notify.normal`)."""


class Row(Struct):
    """One service's records behind, by lane."""

    service: str
    lanes: dict[Lane, int] = field(default_factory=dict)


def rows(lag: Lag) -> list[Row]:
    """By service; what is read apart from the lanes (contacts, departments' answers) is `other`."""
    found: dict[str, Row] = {}
    for group, count in sorted(lag.items()):
        service, source, *_ = [*group.split("."), ""]
        row = found.setdefault(service, Row(service))
        lane = _lane(source)
        row.lanes[lane] = row.lanes.get(lane, 0) + count
    return list(found.values())


def lag_figure(lag: Lag | None, most: int) -> Figure:
    """The group that is furthest behind; nothing to judge where the broker has not answered lately."""
    target = f"≤ {most}"
    if lag is None:
        return Figure(name="lag", value="–", unit="", target=target, level="none")
    worst, count = max(lag.items(), key=lambda one: one[1], default=("", 0))
    level: Level = "good" if count <= most else "watch" if count <= MANY * most else "bad"
    return Figure(name="lag", value=str(count), unit="", target=target, level=level, note=worst if count else "")


def _lane(source: str) -> Lane:
    return "urgent" if source == "urgent" else "normal" if source == "normal" else "other"
