"""One document per case and owner, each write guarded by the revision it was decided on.

`save` never loses an update: a write whose guard fails is not in `written`, and its owner loads and decides again.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

Document = dict[str, Any]
KEPT = 2_000
"""Documents that a process keeps in mind of one collection; some 20 KB each."""


class Write(NamedTuple):
    """Set fields and append to lists of one document, if its revision is still `rev` (0: there is none yet)."""

    id: str
    rev: int
    set: Document
    push: dict[str, list[Any]]


class Saved(NamedTuple):
    """Which writes happened, and which broke a unique index other than the id; the rest failed their guard."""

    written: frozenset[str]
    clashed: frozenset[str]


class Documents(Protocol):
    """A collection of guarded documents. Every method raises StoreAway when the database is away."""

    async def load(self, ids: Collection[str], omit: Sequence[str] = ()) -> dict[str, Document]:
        """The documents that exist, by id, each with its `rev`, without the fields in `omit`."""
        ...

    async def save(self, writes: Sequence[Write], keep: bool = False) -> Saved:
        """Write all whose guard holds, in one round trip, journaled on a majority.

        `keep`: the writes set every field that their owner needs; `recall` gives them back.
        """
        ...

    def recall(self, ids: Collection[str]) -> dict[str, Document]:
        """Those that this process wrote and kept, each once, without asking the store.

        Another process may have written since. So only a write under guard may follow from them; whatever else is
        decided is decided on what `load` gives.
        """
        ...


def keep_first(facts: Document, place: str, fact: Document) -> None:
    """Put the fact in its place, unless an earlier one is there."""
    if place not in facts or fact["time"] < facts[place]["time"]:
        facts[place] = fact


def nested(facts: Mapping[str, Any]) -> Document:
    """Facts by place (`ended`, `events.3`) as the document that holds them there."""
    made: Document = {}
    for place, fact in facts.items():
        outer, inner = holder(made, place)
        outer[inner] = fact
    return made


def holder(document: Document, place: str) -> tuple[Document, str]:
    """What holds a place like `events.3` in the document, made where it is not there, and the place's name in it."""
    outer, _, inner = place.rpartition(".")
    return (document.setdefault(outer, {}) if outer else document), inner


class Kept:
    """What a process wrote last, for `recall`."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}

    def take(self, ids: Collection[str]) -> dict[str, Document]:
        """Taken out: whoever changes them in place and then fails leaves nothing wrong behind."""
        return {one: self._documents.pop(one) for one in ids if one in self._documents}

    def forget(self, writes: Sequence[Write]) -> None:
        """Before a write, whose outcome may stay unknown."""
        self.take([write.id for write in writes])

    def put(self, writes: Sequence[Write], saved: Saved) -> None:
        for write in writes:
            if write.id in saved.written:
                self._documents[write.id] = {**write.set, "_id": write.id, "rev": write.rev + 1}
        while len(self._documents) > KEPT:
            del self._documents[next(iter(self._documents))]
