"""One document per case and owner, each write guarded by the revision it was decided on.

`save` never loses an update: a write whose guard fails is not in `written`, and its owner loads and decides again.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Protocol

Document = dict[str, Any]


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

    async def save(self, writes: Sequence[Write]) -> Saved:
        """Write all whose guard holds, in one round trip, journaled on a majority."""
        ...
