"""How good labels are: accuracy, macro-F1, confusion, and each label's own figures."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct


class LabelFigures(Struct, frozen=True, kw_only=True):
    """`precision`: right among those given the label; `recall`: right among those that have it; 0 where none are."""

    label: str
    messages: int
    precision: float
    recall: float
    f1: float


class Figures(Struct, frozen=True, kw_only=True):
    """`confusion[truth][given]`: messages. `macro_f1`: the mean over all labels that occur on either side."""

    messages: int
    accuracy: float
    macro_f1: float
    labels: tuple[LabelFigures, ...]
    confusion: dict[str, dict[str, int]]


def figures_of(truth: Sequence[str], given: Sequence[str]) -> Figures:
    pairs = Counter(zip(truth, given, strict=True))
    labels = sorted({*truth, *given})
    each = tuple(_figures(label, labels, pairs) for label in labels)
    return Figures(
        messages=len(truth),
        accuracy=sum(pairs[label, label] for label in labels) / len(truth),
        macro_f1=sum(one.f1 for one in each) / len(each),
        labels=each,
        confusion={one: {other: pairs[one, other] for other in labels} for one in labels},
    )


def _figures(label: str, labels: Sequence[str], pairs: Counter[tuple[str, str]]) -> LabelFigures:
    right = pairs[label, label]
    have, given = sum(pairs[label, other] for other in labels), sum(pairs[other, label] for other in labels)
    return LabelFigures(
        label=label,
        messages=have,
        precision=right / given if given else 0.0,
        recall=right / have if have else 0.0,
        f1=2 * right / (have + given) if have + given else 0.0,
    )
