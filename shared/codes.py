"""Codes that a person gives with a case: its topic, of the city's list, and its area, which may lie in another city."""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from shared.policy import load_topic_names, load_units
from shared.service import Problem

_AREA = re.compile(r"(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12])\d{4}")
"""Six digits of GB/T 2260, the first two a province's."""
NEAREST = 3


class Codes:
    """A city's topics, and the areas of its units, which are offered where a code is wrong."""

    def __init__(self, folder: Path) -> None:
        self._folder = f"policy/{folder.name}"
        self._topics = load_topic_names(folder)
        self._areas = {unit.area for unit in load_units(folder).units if unit.area}

    def check(self, given: Mapping[str, Any]) -> None:
        """Of a body's `topic` and `area`, where they are given. Raises Problem 422."""
        topic, area = given.get("topic"), given.get("area")
        if topic and isinstance(topic, str) and topic not in self._topics:
            where = f"{self._folder}/topics.yaml has them all"
            raise _unknown("topic", topic, "no topic of this city", where, self._topics)
        if area and isinstance(area, str) and not _AREA.fullmatch(area):
            where = f"{self._folder}/units.yaml has this city's"
            raise _unknown("area", area, "no area code (six digits of GB/T 2260)", where, self._areas)


def _unknown(field: str, value: str, why: str, where: str, known: Collection[str]) -> Problem:
    nearest = get_close_matches(value[:20], sorted(known), NEAREST, 0.4)
    near = f"; nearest: {', '.join(nearest)}" if nearest else ""
    return Problem(422, "invalid", f"{field}: {value[:40]!r} is {why}; {where}{near} - at `$.{field}`")
