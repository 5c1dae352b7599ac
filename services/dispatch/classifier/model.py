"""The classifier: a linear model over the features (ridge regression, one target per label), calibrated."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from services.dispatch.classifier.features import BLOCKS, Floats, Vocabulary, learn, vectors
from services.dispatch.classifier.messages import Labelled, Message

PENALTY = 1.0
"""Of the ridge regression: how much large weights cost."""
EVENNESS = 0.7
"""How far rare labels are weighed up: 0 not at all, 1 until every label weighs the same."""
TOLERANCE = 1e-3
Scores = NDArray[np.float64]


class Guess(Struct, frozen=True):
    """A label, and how often a guess of such confidence is right."""

    label: str
    confidence: float


class Model(Struct, frozen=True, kw_only=True):
    """`weights`: one row per label over the columns of all vocabularies. `seen`: digests of what it learned from."""

    labels: tuple[str, ...]
    vocabularies: tuple[Vocabulary, ...]
    weights: Floats
    offsets: Floats
    temperature: float = 1.0
    seen: frozenset[int] = frozenset()

    @property
    def version(self) -> str:
        """Changes with anything that was learned."""
        learned = hashlib.blake2b(self.weights.tobytes(), digest_size=6)
        learned.update(f"{self.labels} {self.temperature}".encode())
        return learned.hexdigest()

    def scores(self, messages: Sequence[Message]) -> Scores:
        """One row per message, one column per label; the highest wins."""
        return np.asarray(_matrix(self.vocabularies, messages) @ self.weights.T + self.offsets, dtype=np.float64)

    def labels_of(self, messages: Sequence[Message]) -> list[str]:
        return [self.labels[place] for place in self.scores(messages).argmax(axis=1)]

    def guess(self, message: Message, count: int) -> list[Guess]:
        """The best `count` labels, best first."""
        confidences = confidence(self.scores([message]), self.temperature)[0]
        return [Guess(self.labels[place], float(confidences[place])) for place in np.argsort(-confidences)[:count]]


def confidence(scores: Scores, temperature: float) -> Scores:
    """Scores as shares that sum to one."""
    scaled = scores / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)


def fit(data: Labelled) -> Model:
    """Learns vocabularies and weights; the confidences are not calibrated yet."""
    from sklearn.linear_model import Ridge  # half a second, which only training needs

    labels = tuple(sorted(set(data.labels)))
    vocabularies = tuple(learn(block, data.messages, data.labels) for block in BLOCKS)
    targets = np.array([[1.0 if label == one else -1.0 for one in labels] for label in data.labels])
    ridge = Ridge(alpha=PENALTY, solver="sparse_cg", tol=TOLERANCE)
    ridge.fit(_matrix(vocabularies, data.messages), targets, sample_weight=_evened(data.labels))
    return Model(
        labels=labels,
        vocabularies=vocabularies,
        weights=ridge.coef_.astype(np.float32),
        offsets=ridge.intercept_.astype(np.float32),
        seen=frozenset(digest(message) for message in data.messages),
    )


def digest(message: Message) -> int:
    """Tells messages apart without keeping their words; spaces do not count."""
    dense = "".join((message.title + message.text).split())
    return int.from_bytes(hashlib.blake2b(dense.encode(), digest_size=8).digest())


def _evened(labels: Sequence[str]) -> Scores:
    counts = Counter(labels)
    return np.array([(len(labels) / len(counts) / counts[label]) ** EVENNESS for label in labels])


def _matrix(vocabularies: Sequence[Vocabulary], messages: Sequence[Message]) -> csr_matrix:
    parts = [vectors(block, known, messages) for block, known in zip(BLOCKS, vocabularies, strict=True)]
    return csr_matrix(hstack(parts))
