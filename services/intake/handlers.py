"""intake's door from the bus: what happened to contacts becomes one document each."""

from collections.abc import Sequence
from typing import Any

import structlog
from msgspec import Struct, to_builtins

from services.intake.store import Contacts
from shared import names
from shared.deadletters import dead_letter
from shared.documents import Document, keep_first
from shared.events.contacts import CONTACTS, Answered, Ended, Offered, Placed
from shared.events.envelope import Unreadable, decode
from shared.producer import Publisher
from shared.records import Received, Record

log = structlog.get_logger()
READER = "intake"
_PLACES: dict[type[Struct], str] = {Offered: "offered", Placed: "placed", Answered: "answered", Ended: "ended"}


class ContactHandler:
    """Applies batches of `contacts`; an event has one place by its number, so order and repeats do not matter."""

    def __init__(self, contacts: Contacts, publisher: Publisher, dead_letters: str) -> None:
        self._contacts = contacts
        self._publisher = publisher
        self._dead_letters = dead_letters

    async def handle(self, records: Sequence[Received]) -> None:
        """Dead letters first, then one write for all contacts of the batch."""
        changes: dict[str, Document] = {}
        letters: list[Record] = []
        for record in records:
            try:
                contact, facts = _facts(record)
            except Unreadable as error:
                letters.append(self._letter(record, str(error)))
            else:
                for place, fact in facts.items():
                    keep_first(changes.setdefault(contact, {}), place, fact)
        if letters:
            await self._publisher.publish(letters)
        await self._contacts.apply(changes)

    async def poison(self, record: Received, error: Exception) -> None:
        await self._publisher.publish([self._letter(record, repr(error))])

    def _letter(self, record: Received, reason: str) -> Record:
        names.DEAD_LETTERS.labels(READER).inc()
        return dead_letter(self._dead_letters, record, READER, reason)


def _facts(record: Received) -> tuple[str, Document]:
    """The contact, and the facts that the event adds to its document by place; raises Unreadable."""
    envelope = decode(record.value)
    if envelope.subject.encode() != record.key:
        raise Unreadable(f"subject is {envelope.subject!r}, the key {record.key!r}")
    data = CONTACTS.data(envelope)
    if data.number < 1:
        raise Unreadable(f"number is {data.number}, not 1 or more")
    event = {"time": envelope.time, "type": envelope.type, "actor": envelope.actor, **_plain(data)}
    facts = {f"events.{data.number}": event}
    if place := _PLACES.get(type(data)):
        facts[place] = {"time": envelope.time, **_plain(data), **_person(data)}
    return envelope.subject, facts


def _plain(data: Any) -> Document:
    """An event's own fields; the person stands once, beside the events."""
    return {name: value for name, value in to_builtins(data).items() if name not in ("number", "person")}


def _person(data: Any) -> Document:
    return {"person": to_builtins(data.person)} if isinstance(data, Offered | Placed) else {}
