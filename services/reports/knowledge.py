"""reports' reading of the topic `knowledge`: each version's time is written down as it comes, before compaction."""

import msgspec
import structlog

from services.reports.domain.knowledge_facts import Known, fold
from shared.away import AWAY
from shared.clock import Clock
from shared.documents import Document, Documents, Write
from shared.events.envelope import Envelope, Unreadable, decode
from shared.events.knowledge import KNOWLEDGE
from shared.producer import backoff
from shared.records import Received

log = structlog.get_logger()


class KnowledgeBook:
    """Takes records from a table (shared/tables.py) and writes one document per key. Repeats change nothing."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._pending: list[Envelope] = []

    def read(self, record: Received) -> None:
        """Keep it for the next write. Raises Unreadable."""
        event = decode(record.value)
        if event.subject.encode() != record.key:
            raise Unreadable(f"subject is {event.subject!r}, the key {record.key!r}")
        KNOWLEDGE.data(event)
        self._pending.append(event)

    async def write(self) -> None:
        """Return when everything taken is written; the database may be away meanwhile."""
        attempt = 0
        while self._pending:
            try:
                self._pending = await self._round(self._pending)
                attempt = 0
            except AWAY as error:
                log.warning("knowledge waits to be written", error=repr(error))
                await self._clock.sleep(backoff(attempt))
                attempt += 1

    async def _round(self, events: list[Envelope]) -> list[Envelope]:
        """One load and one write; returns what somebody else's write came before."""
        documents = await self._documents.load({event.subject for event in events})
        facts: dict[str, Known] = {}
        for event in events:
            known = facts.get(event.subject) or _known(documents.get(event.subject))
            fresh = fold(known, KNOWLEDGE.data(event), event.time)
            if fresh is not None:
                facts[event.subject] = fresh
        saved = await self._documents.save([_write(key, documents.get(key), fact) for key, fact in facts.items()])
        return [event for event in events if event.subject in facts and event.subject not in saved.written]


def _known(document: Document | None) -> Known | None:
    return known_of(document) if document else None


def known_of(document: Document) -> Known:
    """The fact in a document."""
    return msgspec.convert(document["state"], Known)


def _write(key: str, document: Document | None, fact: Known) -> Write:
    return Write(key, int(document["rev"]) if document else 0, {"state": msgspec.to_builtins(fact)}, {})
