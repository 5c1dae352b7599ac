"""Repeated requests (重复诉求): the same caller with the same topic again within a month, or merged into another."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

WITHIN = timedelta(days=30)


class Asked(NamedTuple):
    """A case as it is now: a merge or a better topic comes later. `caller`: blind reference, or empty: no contact."""

    caller: str
    topic: str
    at: datetime
    merged: bool


def repeated(cases: Iterable[Asked], first: datetime, end: datetime) -> int:
    """Of those registered in [first, end): who asked about the topic in the WITHIN before, and who was merged."""
    groups: dict[tuple[str, str], list[Asked]] = {}
    counted = 0
    for one in cases:
        if first <= one.at < end and one.merged:
            counted += 1
        if one.caller and one.topic:
            groups.setdefault((one.caller, one.topic), []).append(one)
    return counted + sum(_again(sorted(group, key=lambda one: one.at), first, end) for group in groups.values())


def _again(group: list[Asked], first: datetime, end: datetime) -> int:
    """Without those that are counted as merged."""
    return sum(
        first <= later.at < end and later.at - earlier.at <= WITHIN and not later.merged
        for earlier, later in pairwise(group)
    )
