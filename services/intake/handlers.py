"""intake's door from the bus: what happened to contacts becomes one document each."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from msgspec import Struct, to_builtins

from services.intake.domain.agents import Heard
from services.intake.missed import MissedCalls
from services.intake.store import Contacts
from shared.deadletters import Writer
from shared.documents import Document, keep_first
from shared.events.contacts import CONTACTS, Answered, Ended, Offered, Placed
from shared.events.envelope import Envelope, Unreadable, decode
from shared.producer import Publisher
from shared.records import Received, Record

log = structlog.get_logger()
READER = "intake"
_LETTERS = Writer(READER)
_PLACES: dict[type[Struct], str] = {Offered: "offered", Placed: "placed", Answered: "answered", Ended: "ended"}


class ContactHandler:
    """Applies batches of `contacts`; an event has one place by its number, so order and repeats do not matter.

    `follow` hears of calls that were answered or are over, `missed` of every contact that was written.
    """

    def __init__(
        self,
        contacts: Contacts,
        publisher: Publisher,
        dead_letters: str,
        follow: Callable[[Sequence[Heard]], Awaitable[None]],
        missed: MissedCalls,
    ) -> None:
        self._contacts = contacts
        self._follow = follow
        self._missed = missed
        self._publisher = publisher
        self._dead_letters = dead_letters

    async def handle(self, records: Sequence[Received]) -> None:
        """Dead letters first, then one write for all contacts, then who was on the line and who was lost."""
        changes: dict[str, Document] = {}
        letters: list[Record] = []
        heard: list[Heard] = []
        for record in records:
            try:
                event, data = _read(record)
            except Unreadable as error:
                letters.append(self._letter(record, str(error)))
                continue
            heard += _heard(event, data)
            for place, fact in _facts(event, data).items():
                keep_first(changes.setdefault(event.subject, {}), place, fact)
        if letters:
            await self._publisher.publish(letters)
        await self._contacts.apply(changes)
        await self._follow(heard)
        await self._missed.follow(changes)

    async def poison(self, record: Received, error: Exception) -> None:
        await self._publisher.publish([self._letter(record, repr(error))])

    def _letter(self, record: Received, reason: str) -> Record:
        return _LETTERS.letter(self._dead_letters, record, reason)


def _read(record: Received) -> tuple[Envelope, Any]:
    """The event and its data; raises Unreadable."""
    envelope = decode(record.value)
    if envelope.subject.encode() != record.key:
        raise Unreadable(f"subject is {envelope.subject!r}, the key {record.key!r}")
    data = CONTACTS.data(envelope)
    if data.number < 1:
        raise Unreadable(f"number is {data.number}, not 1 or more")
    return envelope, data


def _heard(event: Envelope, data: Any) -> list[Heard]:
    if isinstance(data, Answered):
        return [Heard(event.subject, data.agent, event.time)]
    return [Heard(event.subject, "", event.time)] if isinstance(data, Ended) else []


def _facts(event: Envelope, data: Any) -> Document:
    """What the event adds to its contact's document, by place."""
    fact = {"time": event.time, "type": event.type, "actor": event.actor, **_plain(data)}
    facts = {f"events.{data.number}": fact}
    if place := _PLACES.get(type(data)):
        facts[place] = {"time": event.time, **_plain(data), **_person(data)}
    return facts


def _plain(data: Any) -> Document:
    """An event's own fields; the person stands once, beside the events."""
    return {name: value for name, value in to_builtins(data).items() if name not in ("number", "person")}


def _person(data: Any) -> Document:
    return {"person": to_builtins(data.person)} if isinstance(data, Offered | Placed) else {}
