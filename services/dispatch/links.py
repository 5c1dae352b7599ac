"""dispatch's own reader of `cases`: what happened to one case becomes a command to another one (docs/protocol.md).

It keeps nothing: ids come from the event, everything is sent and acknowledged before the offsets are committed, so a
crash repeats and never leaves one out. What an event case tells to thousands is only written down here; the walker
carries it on.
"""

import time
from collections.abc import Sequence

import structlog
from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.relays import INTERESTS, Relay, asked_about, relay
from services.dispatch.store import Store, read_case
from services.dispatch.walks import Walk, Walks
from shared import names
from shared.deadletters import Writer
from shared.events.cases import CASES, EventAnswered, EventEnded
from shared.events.commands import COMMANDS, verb_of
from shared.events.envelope import Envelope, Unreadable, decode, raw
from shared.events.topics import Topics, lane_of
from shared.ids import span_of
from shared.producer import Publisher
from shared.records import TYPE, Received, Record, header, record_of
from shared.tracing import TRACER

log = structlog.get_logger()
READER = "dispatch.links"
_LETTERS = Writer(READER)
ACTOR = "service:dispatch"


class LinksHandler:
    """Reads one lane of `cases`; the other case may be in any lane."""

    def __init__(self, store: Store, walks: Walks, publisher: Publisher, topics: Topics) -> None:
        self._store = store
        self._walks = walks
        self._publisher = publisher
        self._topics = topics

    async def handle(self, records: Sequence[Received]) -> None:
        """Look up, send, write the walks down. Raises Away (try again) and nothing is lost."""
        began_ns = time.time_ns()
        events: list[tuple[Envelope, Struct]] = []
        letters: list[Record] = []
        for record in records:
            try:
                events += _read(record)
            except Unreadable as error:
                letters.append(_LETTERS.letter(self._topics.dead_letters, record, str(error)))
        known = await self._look([asked_about(data) for _, data in events])
        relays = [
            (event, found)
            for event, data in events
            if (found := relay(event.subject, event.id, data, known.get)) is not None
        ]
        commands = [relay_record(self._topics, found, event) for event, found in relays]
        await self._publisher.publish([*letters, *commands])
        tell(relays, began_ns)
        for event, data in events:
            if isinstance(data, EventAnswered | EventEnded):
                await self._walks.begin(_walk(event, data))

    async def poison(self, record: Received, error: Exception) -> None:
        """A record that raised three times alone."""
        await self._publisher.publish([_LETTERS.letter(self._topics.dead_letters, record, repr(error))])

    async def _look(self, cases: Sequence[str]) -> dict[str, Case]:
        """The cases as they are stored now, which is after what is asked about was written."""
        wanted = {case for case in cases if case}
        documents = await self._store.cases.load(wanted, omit=("log",)) if wanted else {}
        return {case: read_case(document) for case, document in documents.items()}


def _read(record: Received) -> list[tuple[Envelope, Struct]]:
    """The event, if it concerns another case; raises Unreadable."""
    kind = header(record, TYPE)
    if kind in CASES.models and kind not in INTERESTS:
        return []
    event = decode(record.value)
    return [(event, CASES.data(event))] if event.type in INTERESTS else []


def relay_record(topics: Topics, found: Relay, cause: Envelope) -> Record:
    """The record of a command to another case, at the domain time of its cause."""
    command = Envelope(
        id=found.id,
        type=COMMANDS.type_of(found.command),
        source="/dispatch/links",
        subject=found.case,
        time=cause.time,
        causationid=cause.id,
        actor=ACTOR,
        traceparent=span_of(cause.traceparent, found.id, found.case),
        data=raw(found.command),
    )
    return record_of(topics.commands(lane_of(found.case)), command)


def tell(relays: Sequence[tuple[Envelope, Relay]], began_ns: int) -> None:
    """One span per command that went to another case."""
    for cause, found in relays if TRACER.on else ():
        about = {"case": found.case, "verb": verb_of(COMMANDS.type_of(found.command))}
        trace = span_of(cause.traceparent, found.id, found.case)
        TRACER.tell(names.RELAY, trace, cause.traceparent, began_ns, about)


def _walk(event: Envelope, data: EventAnswered | EventEnded) -> Walk:
    answer = data.answer if isinstance(data, EventAnswered) else ""
    return Walk(id=event.id, event_case=event.subject, answer=answer, time=event.time, trace=event.traceparent)
