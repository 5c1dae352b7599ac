"""How alike two matters are, by text, place, time and caller. Pure; texts are compared by a sketch of fixed size."""

from array import array
from collections.abc import Iterable
from datetime import datetime
from typing import TypeAlias
from zlib import crc32

from msgspec import Struct

from shared.policy import Policy

Sketch: TypeAlias = "array[int]"
SKETCH = 48
"""Hashes kept of a text: the smallest of all its shingles, which is a fair sample of them."""
SHINGLE = 3
"""Characters of a shingle; of Chinese text about two words."""
MAX_TEXT = 2_000
"""Characters of a text that are looked at."""


class DuplicatesPolicy(Policy):
    """duplicates.yaml"""

    version: str
    text: float
    place: float
    caller: float
    half_life_days: float
    threshold: float
    most: int


class Matter(Struct, frozen=True, kw_only=True):
    """What is compared of a case. `callers`: blind references, never numbers; `secret`: a report of misconduct."""

    case: str = ""
    number: str = ""
    title: str = ""
    sketch: Sketch
    area: str = ""
    address: str = ""
    callers: frozenset[str] = frozenset()
    secret: bool = False
    at: datetime


class Likeness(Struct, frozen=True, kw_only=True):
    """Shares from 0 to 1 of text and place, whether a caller is the same, and the score that policy makes of them."""

    score: float
    text: float
    place: float
    same_caller: bool


def sketch_of(title: str, text: str) -> Sketch:
    """The smallest hashes of the shingles, ascending. Spaces and punctuation do not count."""
    plain = "".join(char for char in f"{title}{text}"[:MAX_TEXT].lower() if char.isalnum())
    pieces = {plain[n : n + SHINGLE] for n in range(max(1, len(plain) - SHINGLE + 1))} if plain else set()
    return array("I", sorted({crc32(piece.encode()) for piece in pieces})[:SKETCH])


def overlap(one: Sketch, other: Sketch) -> float:
    """The Jaccard similarity of the two texts, estimated from their sketches; exact for short ones."""
    mine = set(one)
    both = mine.intersection(other)
    if not both:
        return 0.0
    together = len(one) + len(other) - len(both)
    if together <= SKETCH:
        return len(both) / together
    return len(both.intersection(sorted(mine.union(other))[:SKETCH])) / SKETCH


def likeness(one: Matter, other: Matter, policy: DuplicatesPolicy) -> Likeness:
    text, place = overlap(one.sketch, other.sketch), _place(one, other)
    same = bool(one.callers & other.callers)
    days = abs((one.at - other.at).total_seconds()) / 86_400
    fresh = 0.5 ** (days / policy.half_life_days)
    weight = policy.text + policy.place + policy.caller
    score = (policy.text * text + policy.place * place + policy.caller * same) * (0.5 + 0.5 * fresh) / weight
    return Likeness(score=score, text=text, place=place, same_caller=same)


def _place(one: Matter, other: Matter) -> float:
    """The same address counts whole, the same area a third."""
    if one.address and one.address == other.address:
        return 1.0
    return 1 / 3 if one.area and one.area == other.area else 0.0


def ranked(
    matter: Matter, candidates: Iterable[Matter], policy: DuplicatesPolicy
) -> list[tuple[Likeness, Matter]]:  # fmt: skip
    """The most alike above the threshold, best first."""
    pairs = ((likeness(matter, other, policy), other) for other in candidates)
    kept = [pair for pair in pairs if pair[0].score >= policy.threshold]
    return sorted(kept, key=lambda pair: (-pair[0].score, pair[1].case))[: policy.most]
