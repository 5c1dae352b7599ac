"""One replica's reading of the topic: the shelf and the search index, kept up to date together."""

from typing import Any

from services.knowledge.index import SearchIndex
from shared.clock import Clock
from shared.events.knowledge import Article, Entry
from shared.records import Received
from shared.shelf import Shelf


class Library:
    """What everybody knows, and how it is found."""

    def __init__(self, clock: Clock) -> None:
        self.shelf = Shelf()
        self._index = SearchIndex()
        self._clock = clock

    def read(self, record: Received) -> None:
        """Take a record of the topic. Raises Unreadable."""
        self._find(self.shelf.read(record))

    def keep(self, entry: Entry) -> None:
        """Take what this replica has just put into the log, before it comes back from there."""
        self._find(entry if self.shelf.put(entry) else None)

    def _find(self, news: Entry | None) -> None:
        if isinstance(news, Article):
            self._index.put(news)

    async def settle(self) -> None:
        """Return when everything taken is searchable."""
        await self._index.settle()

    async def search(self, text: str, limit: int, topic: str = "") -> list[dict[str, Any]]:
        """Articles in force now, the best first."""
        await self.settle()
        now, known = self._clock.now(), self.shelf.articles
        hidden = sum(not article.in_force(now) for article in known.values())
        hits = self._index.search(text, limit + hidden, topic)
        found = [(known[hit.article], hit.score) for hit in hits if known[hit.article].in_force(now)]
        return [_shown(article, score) for article, score in found[:limit]]


def _shown(article: Article, score: float) -> dict[str, Any]:
    return {
        "id": article.id,
        "version": article.version,
        "question": article.question,
        "answer": article.answer,
        "spoken": article.spoken,
        "unit": article.unit,
        "valid_to": article.valid_to,
        "score": round(score, 3),
    }
