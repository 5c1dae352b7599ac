"""What the classifier sees of a message: weighted counts (sublinear TF-IDF) of its words, characters and pairs of
characters, and once more of its headline, which says most in the fewest words.

A piece that occurs under few labels counts for more than one that occurs under all. Each block is scaled to length one,
then by its weight, so that a long text does not drown its headline.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import rjieba
from msgspec import Struct
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from services.dispatch.classifier.messages import Message

HEAD = 40
"""A message without a title is headed by its first characters, after the salutation."""
MIN_MESSAGES = 2
"""A piece that occurs in fewer messages is not learned."""
SOFTNESS = 3.0
"""Messages' worth of doubt about what a piece tells."""
UNTELLING = 0.05
"""What a piece that tells nothing still counts."""
_GAPS = re.compile(r"\s+")
_SALUTATION = re.compile(r"^\s*(尊敬的|敬爱的)?[\w、]{0,12}(领导|书记|[省市县局]长|您好|你好)们?[，,:：!！。]?\s*")
Floats = NDArray[np.float32]


class Block(NamedTuple):
    """One kind of pieces."""

    name: str
    weight: float
    pieces: Callable[[Message], Iterator[str]]


def words(message: Message) -> Iterator[str]:
    """All words of the message."""
    return _words(_whole(message))


def _words(text: str) -> Iterator[str]:
    return (word for word in rjieba.cut(text) if word.strip())


def _grams(text: str, *sizes: int) -> Iterator[str]:
    """Every run of so many characters."""
    dense = _GAPS.sub("", text)
    for size in sizes:
        for start in range(len(dense) - size + 1):
            yield dense[start : start + size]


def _whole(message: Message) -> str:
    return f"{message.title}\n{message.text}"


def _head(message: Message) -> str:
    return message.title or _SALUTATION.sub("", message.text)[:HEAD]


BLOCKS = (
    Block("words", 1.0, words),
    Block("pairs", 1.0, lambda message: _grams(_whole(message), 2)),
    Block("characters", 0.7, lambda message: _grams(_whole(message), 1)),
    Block("headline", 0.55, lambda message: _grams(_head(message), 1, 2, 3)),
    Block("headline words", 0.55, lambda message: _words(_head(message))),
)


class Vocabulary(Struct, frozen=True):
    """The pieces of one block that were learned, each with its column, and how much each counts."""

    columns: dict[str, int]
    weights: Floats


def learn(block: Block, messages: Sequence[Message], labels: Sequence[str]) -> Vocabulary:
    """The pieces that occur in at least MIN_MESSAGES of them, in fixed order; rare and telling ones count more."""
    places = {label: place for place, label in enumerate(sorted(set(labels)))}
    found: dict[str, list[int]] = {}
    for message, label in zip(messages, labels, strict=True):
        for piece in set(block.pieces(message)):
            found.setdefault(piece, [0] * len(places))[places[label]] += 1
    kept = sorted(piece for piece, counts in found.items() if sum(counts) >= MIN_MESSAGES)
    counts = np.array([found[piece] for piece in kept]).reshape(len(kept), len(places))
    shares = np.array([labels.count(label) for label in places]) / len(labels)
    rarity = np.log((1 + len(messages)) / (1 + counts.sum(axis=1))) + 1
    weights = rarity * np.sqrt(_telling(counts, shares) + UNTELLING)
    return Vocabulary({piece: column for column, piece in enumerate(kept)}, weights.astype(np.float32))


def _telling(counts: NDArray[np.int64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far a piece's labels differ from those of all messages (Kullback-Leibler), softened where it is rare."""
    soft = (counts + SOFTNESS * shares) / (counts.sum(axis=1, keepdims=True) + SOFTNESS)
    return np.asarray((soft * np.log(soft / shares)).sum(axis=1))


def vectors(block: Block, vocabulary: Vocabulary, messages: Sequence[Message]) -> csr_matrix:
    """One row per message, as many columns as the vocabulary has pieces."""
    rows = [_row(block, vocabulary, message) for message in messages]
    columns, values = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    ends = np.cumsum([0, *(len(found) for found, _ in rows)])
    return csr_matrix((values, columns, ends), shape=(len(messages), len(vocabulary.columns)))


def _row(block: Block, vocabulary: Vocabulary, message: Message) -> tuple[NDArray[np.int32], Floats]:
    counts = Counter(column for piece in block.pieces(message) if (column := vocabulary.columns.get(piece)) is not None)
    columns = np.fromiter(counts.keys(), dtype=np.int32, count=len(counts))
    times = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
    weights = (1 + np.log(times)) * vocabulary.weights[columns]
    length = float(np.sqrt(weights @ weights))
    return columns, (weights * (block.weight / length if length else 0.0)).astype(np.float32)
