"""How well the search finds: recall and rank, with weights chosen on one half of the questions and told on the other.

`python -m bench.retrieval [--tune]`. Sets: the city's own articles, and where ../shared/data is, questions about long
policy documents, and an FAQ. Of articles with several phrasings one is left out and asked.
"""

import argparse
import asyncio
import itertools
import json
import lzma
import random
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from services.knowledge.index import WEIGHTS, SearchIndex, Weights
from shared.events.knowledge import Article

DATA = Path(__file__).parents[2] / "shared" / "data"
SAMPLE = Path(__file__).parents[1] / "policy" / "130100" / "knowledge.jsonl"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DEPTH = 50
GRID = (0.5, 1.0, 2.0)


class Case(NamedTuple):
    """A question, and the one article that answers it."""

    question: str
    article: str


class Trial(NamedTuple):
    """What stands in the index, and what is asked of it."""

    articles: Sequence[Article]
    cases: Sequence[Case]


class Score(NamedTuple):
    """Recall at 1 and 5, mean reciprocal rank over the first fifty, and how many were asked."""

    at_1: float
    at_5: float
    mrr: float
    asked: int


def _lines(path: Path) -> list[dict[str, Any]]:
    with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _article(one: str, phrasings: Sequence[str], answer: str) -> Article:
    return Article(
        id=one, version=1, question=phrasings[0], similar=tuple(phrasings[1:]), answer=answer, valid_from=LONG_AGO
    )


def documents() -> list[Trial]:
    """Policy documents by title (what stands before the first space) and text; each question has one document."""
    rows = _lines(DATA / "policy_documents.jsonl.xz")
    texts = {row["docid"]: "\n".join(row["contexts"]) for row in rows}
    articles = [_article(one, [text.split(maxsplit=1)[0][:80]], text) for one, text in texts.items()]
    cases = [Case(row["question"], row["docid"]) for row in _lines(DATA / "policy_questions.jsonl.xz")]
    return [Trial(articles, [case for case in cases if case.article in texts])]


def phrasings(rows: Sequence[dict[str, Any]]) -> list[Trial]:
    """The nth trial leaves every article's nth phrasing out and asks it; who has only one stays and is not asked."""
    most = max(len(row["questions"]) for row in rows)
    return [_without(rows, number) for number in range(most)]


def _without(rows: Sequence[dict[str, Any]], number: int) -> Trial:
    articles, cases = [], []
    for at, row in enumerate(rows):
        asked = [one for n, one in enumerate(row["questions"]) if n != number]
        articles.append(_article(str(at), asked or row["questions"], row["answer"]))
        if asked and number < len(row["questions"]):
            cases.append(Case(row["questions"][number], str(at)))
    return Trial(articles, cases)


def sample() -> list[Trial]:
    return phrasings([{**row, "questions": [row["question"], *row["similar"]]} for row in _lines(SAMPLE)])


def half(trials: Sequence[Trial], second: bool) -> list[Trial]:
    """The first or second half of all articles' questions: those about one article stay together."""
    answers = sorted({case.article for trial in trials for case in trial.cases})
    random.Random(12345).shuffle(answers)
    middle = len(answers) // 2
    kept = set(answers[middle:] if second else answers[:middle])
    return [Trial(trial.articles, [case for case in trial.cases if case.article in kept]) for trial in trials]


async def indexed(trials: Sequence[Trial]) -> list[tuple[SearchIndex, Sequence[Case]]]:
    made = []
    for trial in trials:
        index = SearchIndex()
        for article in trial.articles:
            index.put(article)
        await index.settle()
        made.append((index, trial.cases))
    return made


def score(indexes: Iterable[tuple[SearchIndex, Sequence[Case]]], weights: Weights) -> Score:
    ranks = []
    for index, cases in indexes:
        index.weigh(weights)
        for case in cases:
            found = [hit.article for hit in index.search(case.question, DEPTH)]
            ranks.append(found.index(case.article) + 1 if case.article in found else 0)
    count = len(ranks) or 1
    return Score(
        sum(rank == 1 for rank in ranks) / count,
        sum(1 <= rank <= 5 for rank in ranks) / count,
        sum(1 / rank for rank in ranks if rank) / count,
        len(ranks),
    )


def tuned(sets: Sequence[list[tuple[SearchIndex, Sequence[Case]]]]) -> Weights:
    """On the tuning halves: the weights that are nowhere far behind the best ones of a set.

    A mean over the sets would follow the long documents, where most can be won, at the cost of the articles.
    """
    grid = [Weights(*given) for given in itertools.product(GRID, repeat=len(Weights._fields))]
    ranks = {weights: [score(one, weights).mrr for one in sets] for weights in grid}
    best = [max(of_set) for of_set in zip(*ranks.values(), strict=True)]
    return min(grid, key=lambda weights: max(b - got for b, got in zip(best, ranks[weights], strict=True)))


async def run(tune: bool) -> None:
    sets = {"own sample": sample()}
    if DATA.exists():
        sets |= {"documents": documents(), "faq": phrasings(_lines(DATA / "epidemic_faq.jsonl.xz"))}
    weights = WEIGHTS
    if tune:
        weights = tuned([await indexed(half(trials, second=False)) for trials in sets.values()])
    told = {name: half(trials, second=True) for name, trials in sets.items()}
    table = Table("set", "weights", "asked", "recall@1", "recall@5", "MRR", "ms/search", title=f"{weights}")
    for name, trials in told.items():
        ready = await indexed(trials)
        for label, given in {"chosen": weights, "words only": Weights(0, 0, 0), "all equal": Weights(1, 1, 1)}.items():
            began = time.perf_counter()
            got = score(ready, given)
            each = (time.perf_counter() - began) * 1000 / got.asked
            figures = (f"{got.at_1:.3f}", f"{got.at_5:.3f}", f"{got.mrr:.3f}", f"{each:.2f}")
            table.add_row(name, label, str(got.asked), *figures)
    Console(width=110).print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tune", action="store_true", help="choose weights anew on the first halves")
    asyncio.run(run(parser.parse_args().tune))
