"""From running Chinese text to what an index holds: words, and pairs of characters for what no dictionary knows."""

import re
from collections.abc import Iterable

import rjieba

_RUNS = re.compile(r"[㐀-鿿]+|[a-z0-9]+")
_CJK = re.compile(r"[㐀-鿿]")


def words(text: str) -> list[str]:
    """Words, and the shorter words inside long ones: `石家庄` also gives `石家` and `家庄`."""
    return [word for word in rjieba.cut_for_search(text.lower()) if _RUNS.search(word)]


def grams(text: str) -> list[str]:
    """Single characters and pairs of each Chinese run; whole runs of letters and digits."""
    return [gram for run in _RUNS.findall(text.lower()) for gram in _grams(run)]


def _grams(run: str) -> Iterable[str]:
    if not _CJK.match(run):
        return (run,)
    return (*run, *(run[at : at + 2] for at in range(len(run) - 1)))
