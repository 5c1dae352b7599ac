"""Words of a text (rjieba), without people, numbers, single characters and stop words; the topics of a day.

`find_topics` is what a worker process runs: everything it takes and gives can be pickled.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

import rjieba

from services.reports.domain.hot_topics import HotTopic, Matter, hot_topics
from services.reports.domain.people import callers_in, masked, plain

_WORD = re.compile(r"[\u4e00-\u9fff]{2,}|[A-Za-z][A-Za-z0-9]+")
TEXT_CHARACTERS = 160
EXAMPLE_CHARACTERS = 80


class Text(NamedTuple):
    """A case as the store gives it."""

    case: str
    number: str
    area: str
    title: str
    text: str


def words_of(text: str, stop: Collection[str]) -> tuple[str, ...]:
    """Words in their order."""
    return tuple(word for word in rjieba.cut(text) if _says_something(word) and word not in stop)


@lru_cache(maxsize=200_000)
def _says_something(word: str) -> bool:
    return _WORD.fullmatch(word) is not None


def matter_of(text: Text, stop: Collection[str]) -> Matter:
    callers = callers_in(text.text)
    title = masked(text.title, callers)[:EXAMPLE_CHARACTERS]
    words = words_of(plain(text.text, callers)[:TEXT_CHARACTERS], stop)
    return Matter(text.case, text.number, text.area, title, words_of(plain(text.title, callers), stop), words)


def find_topics(
    today: Sequence[Text], before: Sequence[Text], past: Sequence[Text], stop: frozenset[str], limit: int
) -> list[HotTopic]:
    """The day's topics; `past` is a sample of the days before it, for how usual a word is."""
    background: Counter[str] = Counter()
    for text in past:
        matter = matter_of(text, stop)
        background.update({*matter.title_words, *matter.words})
    made = [matter_of(text, stop) for text in today]
    return hot_topics(made, [matter_of(text, stop) for text in before], background, len(past), limit)
