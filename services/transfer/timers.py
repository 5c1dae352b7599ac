"""Partners' deadlines in domain time: each is told to our case once, so that someone telephones."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from services.transfer.book import Book
from services.transfer.domain.state import Transfers
from services.transfer.outbox import Outbox
from services.transfer.store import Store, read
from shared.clock import Clock
from shared.documents import Document
from shared.events.topics import Lane
from shared.producer import Publisher
from shared.tasks import repeating

PAGE = 200
POLL_S = 0.5
Horizons = Callable[[], Awaitable[dict[int, float]]]
"""Owned partition → unix seconds up to which its events are known, or 0 (shared/bus.py, read_up_to)."""


class Timers:
    """Fires what is due in the partitions that this process owns."""

    def __init__(
        self, lane: Lane, store: Store, publisher: Publisher, clock: Clock, *, outbox: Outbox, horizons: Horizons
    ) -> None:
        self._letter = lane[0].upper()
        self._store = store
        self._book = Book(store.cases)
        self._publisher = publisher
        self._clock = clock
        self._outbox = outbox
        self._horizons = horizons

    async def run(self) -> None:
        """Until cancelled."""
        await repeating(self.fire, POLL_S, self._clock.sleep)

    async def fire(self) -> None:
        """One round: the commands first, acknowledged, then the note that they were sent. A crash repeats them."""
        for known, partitions in _by_horizon(await self._horizons()).items():
            until = self._clock.domain(known)
            for document in await self._store.late(self._letter, partitions, until, PAGE):
                await self._tell(document, until)

    async def _tell(self, document: Document, until: datetime) -> None:
        case = str(document["_id"])
        found = [
            (sent, due, clock) for sent in read(document).sent.values() for due, clock in sent.late() if due <= until
        ]
        await self._publisher.publish([self._outbox.late(case, sent, clock, due) for sent, due, clock in found])

        def note(state: Transfers) -> bool:
            for sent, _, clock in found:
                fired = state.sent[sent.request.transfer].fired
                fired += [clock] if clock not in fired else []
            return bool(found)

        await self._book.change(case, note)


def _by_horizon(horizons: dict[int, float]) -> dict[float, list[int]]:
    """Partitions that may be asked about in one query: most of the time all of them, at their ends."""
    found: dict[float, list[int]] = {}
    for partition, known in horizons.items():
        if known:
            found.setdefault(known, []).append(partition)
    return found
