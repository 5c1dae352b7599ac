"""The search index of one replica: tantivy in memory, over text that is cut into words and character pairs before.

What was put is searchable after `settle`, which works in a thread: cutting a thousand articles takes about a second.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import tantivy
from tantivy import Document, Index, Occur, Query, SchemaBuilder

from services.knowledge.domain.words import grams, words
from shared.events.knowledge import Article

HEAP_BYTES = 20_000_000
MAX_TERMS = 200
"""Of a query and field; a whole message may be given as a query."""


class Weights(NamedTuple):
    """How much a match counts by field, against a word of the questions (1)."""

    question_grams: float
    answer_words: float
    answer_grams: float


WEIGHTS = Weights(question_grams=0.5, answer_words=2.0, answer_grams=0.5)
"""Chosen by `python -m bench.retrieval --tune` on half of the questions: nowhere far behind the best of a set."""


class Hit(NamedTuple):
    article: str
    score: float


def _schema() -> tantivy.Schema:
    builder = SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    builder.add_text_field("topic", tokenizer_name="raw", index_option="basic")
    for name in FIELDS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


FIELDS: dict[str, Callable[[str], list[str]]] = {
    "question_words": words,
    "question_grams": grams,
    "answer_words": words,
    "answer_grams": grams,
}


class SearchIndex:
    """Articles by what they say; who is shown which of them is decided elsewhere."""

    def __init__(self) -> None:
        self._schema = _schema()
        self._index = Index(self._schema)
        self._writer = self._index.writer(HEAP_BYTES, 1)
        self.weigh(WEIGHTS)
        self._pending: dict[str, Article] = {}
        self._lock = asyncio.Lock()

    def weigh(self, weights: Weights) -> None:
        """Search with other weights from now on."""
        self._weights = {"question_words": 1.0, **weights._asdict()}

    def put(self, article: Article) -> None:
        """The newest version of an article; a withdrawn one leaves the index."""
        self._pending[article.id] = article

    async def settle(self) -> None:
        """Return when everything put so far is searchable."""
        async with self._lock:
            pending = dict(self._pending)
            if pending:
                await asyncio.to_thread(self._write, list(pending.values()))
            # What fails stays pending, and so does what came meanwhile.
            self._pending = {one: new for one, new in self._pending.items() if new is not pending.get(one)}

    def _write(self, articles: Sequence[Article]) -> None:
        for article in articles:
            self._writer.delete_documents_by_term("id", article.id)
            if not article.withdrawn:
                self._writer.add_document(_document(article))
        self._writer.commit()
        self._index.reload()

    def search(self, text: str, limit: int, topic: str = "") -> list[Hit]:
        """The articles that fit best, the best first."""
        parts = [(Occur.Should, part) for part in self._parts(text)]
        if not parts:
            return []
        query = Query.boolean_query(parts)
        if topic:
            query = Query.boolean_query(
                [(Occur.Must, query), (Occur.Must, Query.const_score_query(self._term("topic", topic), 0.0))]
            )
        searcher = self._index.searcher()
        found = searcher.search(query, limit).hits
        return [Hit(searcher.doc(place)["id"][0], score) for score, place in found]

    def _parts(self, text: str) -> Iterable[Query]:
        for name, cut in FIELDS.items():
            if weight := self._weights[name]:
                for term in dict.fromkeys(cut(text)[:MAX_TERMS]):
                    yield Query.boost_query(self._term(name, term), weight)

    def _term(self, field: str, text: str) -> Query:
        return Query.term_query(self._schema, field, text, "freq" if field in FIELDS else "basic")


def _document(article: Article) -> Document:
    asked = "\n".join((article.question, *article.similar))
    said = f"{article.answer}\n{article.spoken}"
    texts = {name: " ".join(cut(asked if name.startswith("question") else said)) for name, cut in FIELDS.items()}
    return Document(id=article.id, topic=article.topic, **texts)
