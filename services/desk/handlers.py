"""desk's door from the bus: what happened to contacts becomes one document each; cases go through shared/reader.py."""

from collections.abc import Sequence

from services.desk.domain.calls import Facts, facts_of, gathered
from services.desk.domain.sheet import Sheet
from services.desk.domain.view import SheetView
from services.desk.store import Store
from shared.deadletters import Writer
from shared.events.contacts import CONTACTS
from shared.events.envelope import Unreadable, decode
from shared.producer import Publisher
from shared.reader import CaseReader
from shared.records import Received, Record

READER = SheetView.name
_LETTERS = Writer(READER)


class Handlers:
    """Both topics of the desk; the caller commits."""

    def __init__(self, view: SheetView, store: Store, publisher: Publisher, dead_letters: str) -> None:
        self.reader = CaseReader[Sheet](view, store.cases, publisher, dead_letters)
        self._store = store
        self._publisher = publisher
        self._dead_letters = dead_letters

    async def cases(self, records: Sequence[Received]) -> None:
        await self.reader.handle(records)

    async def contacts(self, records: Sequence[Received]) -> None:
        """Dead letters first, then one write for the batch."""
        found: list[Facts | None] = []
        letters: list[Record] = []
        for record in records:
            try:
                found.append(_facts(record))
            except Unreadable as error:
                letters.append(self._letter(record, str(error)))
        await self._publisher.publish(letters)
        facts = gathered(one for one in found if one is not None)
        if facts:
            await self._store.apply(facts)

    async def poison(self, record: Received, error: Exception) -> None:
        """A record that raised three times alone."""
        await self._publisher.publish([self._letter(record, repr(error))])

    def _letter(self, record: Received, reason: str) -> Record:
        return _LETTERS.letter(self._dead_letters, record, reason)


def _facts(record: Received) -> Facts | None:
    envelope = decode(record.value)
    if envelope.subject.encode() != record.key:
        raise Unreadable(f"subject is {envelope.subject!r}, the key {record.key!r}")
    return facts_of(envelope, CONTACTS.data(envelope))
