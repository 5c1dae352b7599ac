"""Figures of the wall board: few, each with its target and a word for how it stands (domain.md §5)."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from services.desk.domain.calls import CallFigures, Waiting
from shared.policy import Policy

Level = Literal["good", "watch", "bad", "none"]


class Targets(Policy):
    """Part of desk.yaml: shares in percent, waits in seconds; defaults of GB/T 33358-2016 where it has one."""

    waiting: int
    oldest_s: int
    in_time_percent: float
    connect_percent: float
    self_service_percent: float
    breaches: int
    lag: int
    """Records that a service may be behind the log."""


class Figure(Struct, frozen=True, kw_only=True):
    """`value` and `target` are ready to be shown with `unit`; `none` means that there is nothing to judge yet."""

    name: str
    value: str
    unit: str
    target: str
    level: Level
    note: str = ""


def figures(calls: CallFigures, waiting: Waiting, breaches: int, targets: Targets, now: datetime) -> list[Figure]:
    """Waiting, answered in time, connected, self-served, breached."""
    return [
        _waiting(waiting, targets, now),
        _share("in_time", calls.in_time, calls.answered, targets.in_time_percent),
        _share("connect", calls.answered, calls.answered + calls.lost, targets.connect_percent),
        _share("self_service", calls.self_served, calls.offered, targets.self_service_percent, judged=False),
        Figure(
            name="breaches",
            value=str(breaches),
            unit="",
            target=f"≤ {targets.breaches}",
            level="good" if breaches <= targets.breaches else "bad",
        ),
    ]


def _waiting(waiting: Waiting, targets: Targets, now: datetime) -> Figure:
    oldest_s = int((now - waiting.oldest).total_seconds()) if waiting.oldest else 0
    level: Level = "good"
    if waiting.calls > targets.waiting:
        level = "watch"
    if oldest_s > targets.oldest_s:
        level = "bad"
    target = f"≤ {targets.waiting}"
    return Figure(name="waiting", value=str(waiting.calls), unit="", target=target, level=level, note=f"{oldest_s} s")


def _share(name: str, part: int, whole: int, target: float, *, judged: bool = True) -> Figure:
    if not whole:
        return Figure(name=name, value="–", unit="", target=f"≥ {target:g} %", level="none")
    share = 100 * part / whole
    level: Level = "good" if share >= target else "watch" if share >= target - 5 or not judged else "bad"
    return Figure(
        name=name, value=f"{share:.1f}", unit="%", target=f"≥ {target:g} %", level=level, note=f"{part}/{whole}"
    )
