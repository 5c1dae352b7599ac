"""Hot topics of a day: cases whose words say the same thing, found by weighted words against the days before.

Deterministic: the same matters in any order give the same topics. Tokens come in as an argument.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

KEYWORDS = 14
TITLE_WEIGHT = 3
JOIN_AT = 0.28
"""Cosine between a case and a topic from which the case belongs to it."""
MERGE_AT = 0.42
CENTRE_WORDS = 40
LABEL_WORDS = 4
COMMON = 0.12
"""A word in more than this share of all cases says nothing of a topic."""


class Matter(NamedTuple):
    """One case: its words, those of the title first counted apart."""

    case: str
    number: str
    area: str
    title: str
    title_words: tuple[str, ...]
    words: tuple[str, ...]


class HotTopic(Struct, frozen=True, kw_only=True):
    """`change` in percent against the day before, None where there was nothing; `cases` are numbers, as evidence."""

    label: str
    words: list[str]
    count: int
    share: float
    before: int
    change: float | None
    areas: list[str]
    example_number: str
    example: str
    cases: list[str]


Vector = dict[str, float]


class _Cluster:
    def __init__(self) -> None:
        self.members: list[int] = []
        self.sum: Vector = defaultdict(float)
        self.centre: Vector = {}

    def add(self, index: int, vector: Vector) -> None:
        self.members.append(index)
        for word, weight in vector.items():
            self.sum[word] += weight

    def grown(self) -> bool:
        """Whether the centre is worth computing again: seldom, once many agree."""
        count = len(self.members)
        return count <= 8 or (count < 64 and count % 8 == 0) or count % 64 == 0

    def settle(self) -> None:
        """The centre: the heaviest words, at length 1."""
        top = sorted(self.sum.items(), key=lambda item: (-item[1], item[0]))[:CENTRE_WORDS]
        self.centre = _unit(dict(top))


def hot_topics(
    today: Sequence[Matter], before: Sequence[Matter], background: Mapping[str, int], past: int, limit: int
) -> list[HotTopic]:
    """The `limit` largest topics of `today`.

    `before` is the day before; `background` says in how many of `past` earlier cases each word occurs.
    """
    ordered = sorted(today, key=lambda matter: matter.case)
    weights = _weights(ordered, background, past)
    vectors = [_vector(matter, weights) for matter in ordered]
    clusters = _merged(_clusters(vectors), vectors)
    clusters.sort(key=lambda cluster: (-len(cluster.members), ordered[cluster.members[0]].case))
    chosen = [cluster for cluster in clusters if len(cluster.members) > 1][:limit]
    earlier = _assigned([_vector(matter, weights) for matter in before], chosen)
    return [_topic(cluster, ordered, vectors, earlier[n], len(ordered)) for n, cluster in enumerate(chosen)]


def _weights(today: Sequence[Matter], background: Mapping[str, int], past: int) -> Vector:
    """Rarity over today and the past, raised for words that are new today, lowered for those that were as frequent."""
    frequency = Counter(word for matter in today for word in {*matter.title_words, *matter.words})
    total = len(today)
    weights: Vector = {}
    for word, count in frequency.items():
        if count < 2 or (count > COMMON * total and total > 50):
            continue
        rarity = math.log((total + past + 1) / (count + background.get(word, 0)))
        expected = (background.get(word, 0) + 1) / (past + total) * total
        weights[word] = rarity * (1 + 0.25 * max(-2.0, min(2.0, math.log(count / expected))))
    return weights


def _vector(matter: Matter, weights: Vector) -> Vector:
    counts: Counter[str] = Counter(matter.words)
    for word in matter.title_words:
        counts[word] += TITLE_WEIGHT
    scored = {word: (1 + math.log(n)) * weights[word] for word, n in counts.items() if weights.get(word, 0) > 0}
    return _unit(dict(sorted(scored.items(), key=lambda item: (-item[1], item[0]))[:KEYWORDS]))


def _unit(vector: Vector) -> Vector:
    length = math.sqrt(sum(weight * weight for weight in vector.values()))
    return {word: weight / length for word, weight in vector.items()} if length else {}


class _Index:
    """Clusters by the words of their centres, so that a case is compared only where it can belong."""

    def __init__(self) -> None:
        self.clusters: list[_Cluster] = []
        self._by_word: dict[str, dict[int, float]] = defaultdict(dict)

    def settle(self, number: int) -> None:
        """Compute a cluster's centre and find it under its new words."""
        cluster = self.clusters[number]
        for word in cluster.centre:
            self._by_word[word].pop(number, None)
        cluster.settle()
        for word, weight in cluster.centre.items():
            self._by_word[word][number] = weight

    def best(self, vector: Vector) -> tuple[float, int]:
        """How similar the most similar cluster is, and its number; of equals the oldest. One common word is nothing."""
        scores: dict[int, float] = defaultdict(float)
        common: dict[int, int] = defaultdict(int)
        for word, weight in vector.items():
            for number, there in self._by_word.get(word, {}).items():
                scores[number] += weight * there
                common[number] += 1
        found = {number: score for number, score in scores.items() if common[number] > 1}
        if not found:
            return 0.0, 0
        score = max(found.values())
        return score, min(number for number, there in found.items() if there == score)


def _clusters(vectors: Sequence[Vector]) -> list[_Cluster]:
    index = _Index()
    for place, vector in enumerate(vectors):
        if not vector:
            continue
        score, number = index.best(vector)
        if score < JOIN_AT:
            index.clusters.append(_Cluster())
            number = len(index.clusters) - 1
        index.clusters[number].add(place, vector)
        if index.clusters[number].grown():
            index.settle(number)
    return index.clusters


def _merged(clusters: list[_Cluster], vectors: Sequence[Vector]) -> list[_Cluster]:
    """Smaller clusters join a larger one that says the same."""
    index = _Index()
    for cluster in sorted((one for one in clusters if len(one.members) > 1), key=lambda one: -len(one.members)):
        cluster.settle()
        score, number = index.best(cluster.centre)
        if score >= MERGE_AT:
            for place in cluster.members:
                index.clusters[number].add(place, vectors[place])
        else:
            index.clusters.append(cluster)
            number = len(index.clusters) - 1
        index.settle(number)
    return index.clusters


def _assigned(vectors: Iterable[Vector], clusters: Sequence[_Cluster]) -> Counter[int]:
    """How many of the vectors belong to each cluster."""
    index = _Index()
    for number, cluster in enumerate(clusters):
        index.clusters.append(cluster)
        index.settle(number)
    found: Counter[int] = Counter()
    for vector in vectors:
        score, number = index.best(vector)
        if score >= JOIN_AT:
            found[number] += 1
    return found


def _topic(
    cluster: _Cluster, matters: Sequence[Matter], vectors: Sequence[Vector], before: int, total: int
) -> HotTopic:
    members = [matters[place] for place in cluster.members]
    centre = cluster.centre
    example = max(cluster.members, key=lambda place: (_cosine(vectors[place], centre), matters[place].number))
    words = sorted(centre, key=lambda word: (-centre[word], word))[:LABEL_WORDS]
    areas = Counter(matter.area for matter in members if matter.area)
    count = len(members)
    return HotTopic(
        label="·".join(words),
        words=words,
        count=count,
        share=round(100 * count / total, 2),
        before=before,
        change=round(100 * (count - before) / before, 1) if before else None,
        areas=[area for area, _ in sorted(areas.items(), key=lambda item: (-item[1], item[0]))[:3]],
        example_number=matters[example].number,
        example=matters[example].title,
        cases=sorted(matter.number for matter in members),
    )


def _cosine(vector: Vector, centre: Vector) -> float:
    return sum(weight * centre.get(word, 0.0) for word, weight in vector.items())
