"""reports' doors from the bus: events of cases in order, with the gap alarm; facts of contacts in any order."""

from collections.abc import Sequence

import msgspec
import structlog

from services.reports.domain.case_facts import CaseFact
from services.reports.domain.contact_facts import ContactFact, Touch, read_touch
from services.reports.domain.marks import contact_days
from services.reports.domain.view import FactsView
from shared import names
from shared.deadletters import Writer
from shared.documents import Document, Documents, Write
from shared.events.envelope import Unreadable, decode
from shared.producer import Publisher
from shared.reader import CaseReader, Change
from shared.records import Received, Record

log = structlog.get_logger()
READER = "reports"
_LETTERS = Writer(READER)


class CaseHandler:
    """Applies batches of `cases`."""

    def __init__(self, documents: Documents, publisher: Publisher, dead_letters: str) -> None:
        self.reader = CaseReader[CaseFact](FactsView(), documents, publisher, dead_letters)
        self._told: set[tuple[str, int]] = set()
        """Gaps of which this process has raised the alarm."""

    async def handle(self, records: Sequence[Received]) -> None:
        for change in await self.reader.handle(records):
            self._alarm(change)

    def _alarm(self, change: Change[CaseFact]) -> None:
        for first, last in change.state.gaps if change.state is not None else ():
            if (change.case_id, first) not in self._told:
                self._told.add((change.case_id, first))
                names.GAPS.inc()
                log.error("events of a case are missing", case=change.case_id, first=first, last=last)


class ContactHandler:
    """Applies batches of `contacts`; an event has one place by its number, so order and repeats do not matter."""

    def __init__(self, documents: Documents, publisher: Publisher, dead_letters: str) -> None:
        self._documents = documents
        self._publisher = publisher
        self._dead_letters = dead_letters

    async def handle(self, records: Sequence[Received]) -> None:
        """Dead letters first, then one write for all contacts of the batch, again where somebody else wrote first."""
        pending: dict[str, list[Touch]] = {}
        letters: list[Record] = []
        for record in records:
            try:
                found = _read(record)
            except Unreadable as error:
                letters.append(_LETTERS.letter(self._dead_letters, record, str(error)))
            else:
                if found is not None:
                    pending.setdefault(found[0], []).append(found[1])
        if letters:
            await self._publisher.publish(letters)
        while pending:
            pending = await self._round(pending)

    async def _round(self, pending: dict[str, list[Touch]]) -> dict[str, list[Touch]]:
        """One load and one write; returns what must be done again."""
        documents = await self._documents.load(pending)
        found = {contact: _write(contact, documents.get(contact), touches) for contact, touches in pending.items()}
        writes = [write for write in found.values() if write is not None]
        saved = await self._documents.save(writes)
        return {write.id: pending[write.id] for write in writes if write.id not in saved.written}


def _read(record: Received) -> tuple[str, Touch] | None:
    event = decode(record.value)
    if event.subject.encode() != record.key:
        raise Unreadable(f"subject is {event.subject!r}, the key {record.key!r}")
    touch = read_touch(event)
    return None if touch is None else (event.subject, touch)


def _write(contact: str, document: Document | None, touches: Sequence[Touch]) -> Write | None:
    """The contact with these facts, or nothing where it knows them all."""
    fact = msgspec.convert(document["state"], ContactFact) if document else ContactFact()
    changed = [fact.add(touch) for touch in touches]
    if not any(changed):
        return None
    fields = {"state": msgspec.to_builtins(fact), "days": contact_days(fact)}
    return Write(contact, int(document["rev"]) if document else 0, fields, {})
