"""Five folds that are the same every time, with near-duplicates on one side.

Citizens send the same letter twice, or copy a neighbour's. A copy of a training message in the test would be
recognised, not understood, so messages that share much of their pieces of five characters go into one fold together.
Candidates come
from an index of the pieces, and are then compared exactly.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise

import numpy as np

from services.dispatch.classifier.messages import Labelled, Message

FOLDS, SEED = 5, 20210113
PIECE = 5
COMMON = 20
"""A piece that more messages hold links each only to the next: enough for a letter that many sent."""
HINT = 0.1
SHARED = 0.4
"""Messages that share so much of all their pieces are near-duplicates …"""
CONTAINED, MIN_PIECES = 0.6, 20
"""… and so is one of at least so many pieces that is found to such a part in a longer one."""
Pieces = frozenset[str]


def folds(data: Labelled, count: int = FOLDS) -> list[list[int]]:
    """Rows of each fold: groups of near-duplicates stay whole, and labels are spread evenly."""
    members = defaultdict(list)
    for row, group in enumerate(groups(data.messages)):
        members[group].append(row)
    order = np.random.RandomState(SEED).permutation(len(members))
    ordered = sorted((list(members.values())[place] for place in order), key=len, reverse=True)
    made: list[list[int]] = [[] for _ in range(count)]
    held: list[Counter[str]] = [Counter() for _ in range(count)]
    for together in ordered:
        label = data.labels[together[0]]
        fold = min(range(count), key=lambda one: (held[one][label], len(made[one])))
        made[fold] += together
        held[fold].update(data.labels[row] for row in together)
    return [sorted(rows) for rows in made]


def groups(messages: Sequence[Message]) -> list[int]:
    """The group of each message, named by its first row; alone where nothing is like it."""
    pieces = [_pieces(message) for message in messages]
    first = list(range(len(messages)))
    for one, other in _candidates(pieces):
        if _alike(pieces[one], pieces[other]):
            low, high = sorted((_root(first, one), _root(first, other)))
            first[high] = low
    return [_root(first, row) for row in range(len(messages))]


def _root(first: list[int], row: int) -> int:
    while first[row] != row:
        row = first[row]
    return row


def _pieces(message: Message) -> Pieces:
    text = re.sub(r"\W", "", message.title + message.text)
    return frozenset(text[start : start + PIECE] for start in range(max(1, len(text) - PIECE + 1)))


def _alike(one: Pieces, other: Pieces) -> bool:
    common, smaller = len(one & other), min(len(one), len(other))
    if common / len(one | other) >= SHARED:
        return True
    return smaller >= MIN_PIECES and common / smaller >= CONTAINED


def _candidates(pieces: Sequence[Pieces]) -> Iterator[tuple[int, int]]:
    """Pairs of rows that share so many rarer pieces that a look at all of them is worth it."""
    shared: Counter[tuple[int, int]] = Counter()
    for rows in _holders(pieces):
        shared.update(combinations(rows, 2) if len(rows) <= COMMON else pairwise(rows))
    for (one, other), count in sorted(shared.items()):
        if count >= HINT * min(len(pieces[one]), len(pieces[other])):
            yield one, other


def _holders(pieces: Sequence[Pieces]) -> Iterable[list[int]]:
    """The rows that hold a piece, for each piece that several hold."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, held in enumerate(pieces):
        for piece in held:
            rows[piece].append(row)
    return (found for found in rows.values() if len(found) > 1)
