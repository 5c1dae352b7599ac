"""What the classifier is measured against: TF-IDF over words and a linear SVM, as the library gives them."""

from collections.abc import Sequence

from services.dispatch.classifier.features import words
from services.dispatch.classifier.messages import Labelled


def baseline(data: Labelled, folds: Sequence[Sequence[int]]) -> list[str]:
    """The label given to each message by a model of the other folds."""
    given = [""] * len(data.labels)
    for number, test in enumerate(folds):
        rest = [row for other, fold in enumerate(folds) if other != number for row in fold]
        for row, label in zip(test, _labels(data.only(rest), data.only(list(test))), strict=True):
            given[row] = label
    return given


def _labels(known: Labelled, asked: Labelled) -> list[str]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    counts = TfidfVectorizer(analyzer=lambda message: list(words(message)))
    machine = LinearSVC(random_state=0).fit(counts.fit_transform(known.messages), known.labels)
    return [str(label) for label in machine.predict(counts.transform(asked.messages))]
