"""Training with calibrated confidences, and the cross-validation that says what to expect of it."""

from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec import Struct

from services.dispatch.classifier.baseline import baseline
from services.dispatch.classifier.figures import Figures, figures_of
from services.dispatch.classifier.messages import Labelled
from services.dispatch.classifier.model import Model, Scores, confidence, fit
from services.dispatch.classifier.split import folds

TEMPERATURES = np.geomspace(0.05, 2.0, 60)


class CannotTrain(ValueError):
    """Too few messages or labels; the text says which."""


class Sure(Struct, frozen=True, kw_only=True):
    """Of the guesses with at least `threshold`: which share of all they are, and which share of them is right."""

    threshold: float
    share: float
    right: float


class Validation(Struct, frozen=True, kw_only=True):
    """The classifier, and the plain baseline on the same folds. `calibration_error`: mean, in confidence."""

    figures: Figures
    baseline: Figures
    calibration_error: float
    top3: float
    sure: tuple[Sure, ...]


class Held(Struct, frozen=True):
    """Every message's scores by a model that has not seen it or its near-duplicates."""

    labels: tuple[str, ...]
    scores: Scores

    def given(self) -> list[str]:
        return [self.labels[place] for place in self.scores.argmax(axis=1)]


def train(data: Labelled) -> Model:
    """A model of all the data, calibrated on scores of messages that it had not seen. Raises CannotTrain."""
    held = _held_out(data, _folds(data))
    return msgspec.structs.replace(fit(data), temperature=_temperature(held, data.labels))


def validate(data: Labelled) -> Validation:
    """Raises CannotTrain."""
    rows = _folds(data)
    held = _held_out(data, rows)
    shares = _cross_calibrated(held, data.labels, rows)
    right = np.array(held.given()) == np.array(data.labels)
    return Validation(
        figures=figures_of(data.labels, held.given()),
        baseline=figures_of(data.labels, baseline(data, rows)),
        calibration_error=_calibration_error(shares.max(axis=1), right),
        top3=_top(3, held, data.labels),
        sure=tuple(_sure(threshold, shares.max(axis=1), right) for threshold in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)),
    )


def _folds(data: Labelled) -> list[list[int]]:
    made = folds(data)
    for label in sorted(set(data.labels)):
        if sum(any(data.labels[row] == label for row in rows) for rows in made) < 2:
            raise CannotTrain(f"label {label} needs at least two messages that are not near-duplicates")
    if len(set(data.labels)) < 2:
        raise CannotTrain("at least two labels are needed")
    return [rows for rows in made if rows]


def _held_out(data: Labelled, rows: Sequence[Sequence[int]]) -> Held:
    labels = tuple(sorted(set(data.labels)))
    scores = np.zeros((len(data.labels), len(labels)))
    for number, test in enumerate(rows):
        model = fit(data.only([row for other, fold in enumerate(rows) if other != number for row in fold]))
        columns = [labels.index(label) for label in model.labels]
        scores[np.ix_(test, columns)] = model.scores([data.messages[row] for row in test])
    return Held(labels, scores)


def _temperature(held: Held, truth: Sequence[str]) -> float:
    """The one under which the true labels are least surprising."""
    places = [held.labels.index(label) for label in truth]
    rows = np.arange(len(places))
    surprises = [-np.log(confidence(held.scores, one)[rows, places] + 1e-12).mean() for one in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(surprises))])


def _cross_calibrated(held: Held, truth: Sequence[str], rows: Sequence[Sequence[int]]) -> Scores:
    """Each fold's confidences under the temperature of the others."""
    shares = np.zeros_like(held.scores)
    for test in rows:
        rest = sorted(set(range(len(truth))) - set(test))
        known = Held(held.labels, held.scores[rest])
        shares[test] = confidence(held.scores[list(test)], _temperature(known, [truth[row] for row in rest]))
    return shares


def _calibration_error(best: Scores, right: Scores) -> float:
    """Mean distance of confidence and truth over ten bands of confidence, by the messages in each."""
    band = np.minimum((best * 10).astype(int), 9)
    parts = [(band == one) for one in range(10) if (band == one).any()]
    return float(sum(part.mean() * abs(best[part].mean() - right[part].mean()) for part in parts))


def _top(count: int, held: Held, truth: Sequence[str]) -> float:
    best = np.argsort(-held.scores, axis=1)[:, :count]
    return float(np.mean([held.labels.index(label) in row for label, row in zip(truth, best, strict=True)]))


def _sure(threshold: float, best: Scores, right: Scores) -> Sure:
    chosen = best >= threshold
    known = float(right[chosen].mean()) if chosen.any() else 0.0
    return Sure(threshold=threshold, share=float(chosen.mean()), right=known)
