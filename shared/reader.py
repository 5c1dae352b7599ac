"""A reader of `cases`: one document per case, folded a batch at a time, written under guard (design.md §3.9–11).

What is behind an unreadable event of a case is parked raw in that case's document; the other cases go on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec
import structlog
from msgspec import Struct

from shared import names
from shared.deadletters import Kind, Writer
from shared.documents import Document, Documents, Write
from shared.events.cases import CASES
from shared.events.envelope import Envelope, Unreadable, decode
from shared.events.topics import is_case_id
from shared.ids import derive, span_of
from shared.producer import Publisher
from shared.records import TYPE, Received, Record, header, origin
from shared.tracing import TRACER

log = structlog.get_logger()
State = TypeVar("State", bound=Struct)
SLICE = 25
"""Cases folded before whoever else waits in this process gets a turn: some milliseconds."""


class View(Protocol[State]):
    """What one reader makes of a case's events. Pure: no I/O, no clock."""

    @property
    def name(self) -> str:
        """The reader's name in dead letters and metrics."""
        ...

    @property
    def state(self) -> type[State]: ...

    @property
    def interests(self) -> frozenset[str]:
        """Event types that mean something here; all others cost nothing."""
        ...

    def fold(self, state: State | None, event: Envelope, data: Any) -> State | None:
        """The case's state after the event; `state` is nothing before the first, and may be changed in place.

        Nothing: the event means nothing in this case, and costs no write.
        """
        ...

    def effects(self, state: State, event: Envelope, data: Any) -> Iterable[Record]:
        """Records to send because of the event, under ids derived from it."""
        ...

    def index(self, state: State) -> Document:
        """Fields beside the state that queries need."""
        ...


class Change(Generic[State]):
    """What a batch makes of one case's document."""

    def __init__(self, case_id: str, document: Document | None, state: type[State]) -> None:
        self.case_id = case_id
        self.rev = int(document["rev"]) if document else 0
        self.sequence = int(document["sequence"]) if document else 0
        self.parked: list[Document] = list(document.get("parked", ())) if document else []
        stored = document.get("state") if document else None
        self.state: State | None = msgspec.convert(stored, state) if stored is not None else None
        self.partition: int = document.get("partition", -1) if document else -1
        self.sends: list[Record] = []
        """Effects and dead letters, sent before the write."""
        self.heard: dict[str, str] = {}
        """Traceparent → the first event applied under it."""
        self.touched = False

    def only_writes(self) -> bool:
        return self.touched and not self.sends


Applied = Callable[[Sequence[Change[State]]], Awaitable[None]]


class CaseReader(Generic[State]):
    """Applies batches of `cases` to documents; sends first, then writes (the caller commits)."""

    def __init__(self, view: View[State], documents: Documents, publisher: Publisher, dead_letters: str) -> None:
        self.view = view
        self._documents = documents
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._letters, self._parked = Writer(view.name), names.PARKED.labels(view.name)

    async def handle(self, records: Sequence[Received]) -> list[Change[State]]:
        """Apply the batch; returns the changes that were written by this very call."""
        pending, strays = self._by_case(records)
        await self._publisher.publish(strays)
        written: list[Change[State]] = []
        while pending:
            began_ns = time.time_ns()
            done = await self._round(pending)
            fresh = [change for change in done.values() if change.touched]
            _trace(self.view.name, fresh, began_ns)
            written += fresh
            pending = {case: entries for case, entries in pending.items() if case not in done}
        return written

    def _by_case(self, records: Sequence[Received]) -> tuple[dict[str, list[Received]], list[Record]]:
        """The records that matter by case, and dead letters of those that belong to no case."""
        pending: dict[str, list[Received]] = {}
        strays: list[Record] = []
        for record in records:
            if not self._means_something(record):
                continue
            case = (record.key or b"").decode(errors="replace")
            if is_case_id(case):
                pending.setdefault(case, []).append(record)
            else:
                strays.append(self._letter(record, "the key is no case id"))
        return pending, strays

    def _means_something(self, record: Received) -> bool:
        kind = header(record, TYPE)
        return kind in self.view.interests or kind not in CASES.models

    async def _round(self, pending: dict[str, list[Received]]) -> dict[str, Change[State]]:
        """Fold every case once and write; returns the cases that are done."""
        kept = self._documents.recall(pending)
        documents = kept | await self._documents.load([case for case in pending if case not in kept])
        changes = {case: Change(case, documents.get(case), self.view.state) for case in pending}
        for number, (case, change) in enumerate(changes.items()):
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            for record in pending[case]:
                self._apply(change, record)
        # What was kept may be old: where its guard would not tell, the next round asks the store.
        return await self._finish({case: c for case, c in changes.items() if case not in kept or c.only_writes()})

    async def _finish(self, changes: dict[str, Change[State]]) -> dict[str, Change[State]]:
        sends = [record for change in changes.values() for record in change.sends]
        writes = [self._write(change) for change in changes.values() if change.touched]
        await self._publisher.publish(sends)
        saved = await self._documents.save(writes, keep=True)
        return {case: c for case, c in changes.items() if not c.touched or case in saved.written}

    def _apply(self, change: Change[State], record: Received) -> None:
        """Fold one record, or park it; what is parked first gets a dead letter."""
        entry = {"origin": origin(record), "value": record.value or b"", "partition": record.partition}
        if change.parked:
            self._park(change, entry)
            return
        try:
            self._fold(change, entry)
        except Unreadable as error:
            self._park(change, entry)
            change.sends.append(self._letter(record, str(error), "parked"))

    def _letter(self, record: Received, reason: str, kind: Kind = "record") -> Record:
        return self._letters.letter(self._dead_letters, record, reason, kind)

    def _park(self, change: Change[State], entry: Document) -> None:
        if any(known["value"] == entry["value"] for known in change.parked):
            return
        change.parked.append(entry)
        change.partition = entry["partition"]
        change.touched = True
        self._parked.inc()

    def _fold(self, change: Change[State], entry: Document) -> None:
        """Apply one event unless it was applied before. Raises Unreadable, whatever the reason."""
        event = decode(bytes(entry["value"]))
        if event.subject != change.case_id:
            raise Unreadable(f"subject is {event.subject!r}, the key {change.case_id!r}")
        if event.sequence <= change.sequence:
            return
        data = CASES.data(event)
        if event.type not in self.view.interests:
            return
        try:
            state = self.view.fold(change.state, event, data)
            if state is None:
                return
            change.state = state
            change.sends += self.view.effects(state, event, data)
        except (ArithmeticError, LookupError, ValueError, TypeError, AttributeError) as error:
            raise Unreadable(f"{event.type}: {error!r}") from error
        change.heard.setdefault(event.traceparent, event.id)
        change.sequence, change.partition, change.touched = event.sequence, entry["partition"], True

    def _write(self, change: Change[State]) -> Write:
        fields: Document = {
            "sequence": change.sequence,
            "partition": change.partition,
            "parked": change.parked,
            "lane": change.case_id[:1],
        }
        if change.state is not None:
            fields |= {"state": msgspec.to_builtins(change.state), **self.view.index(change.state)}
        return Write(change.case_id, change.rev, fields, {})

    async def unpark(self, case: str, replaced: dict[str, bytes | None] | None = None) -> Change[State] | None:
        """Fold what a case has parked, in one guarded write.

        `replaced` gives other bytes for the record of an origin, or nothing to discard it. What is still unreadable
        stays parked with all behind it; where that is another event than before, it gets its own dead letter.
        Returns the change, or None when another writer came first (try again).
        """
        document = (await self._documents.load([case])).get(case)
        change = Change(case, document, self.view.state)
        before = [entry["origin"] for entry in change.parked[:1]]
        entries, change.parked = _replace(change.parked, replaced or {}), []
        for entry in entries:
            if change.parked:
                change.parked.append(entry)
                continue
            try:
                self._fold(change, entry)
            except Unreadable as error:
                log.warning("still unreadable", case=case, origin=entry["origin"], error=str(error))
                change.parked.append(entry)
                if entry["origin"] not in before:
                    change.sends.append(self._letter(_parked(case, entry), str(error), "parked"))
        change.touched = True
        return (await self._finish({case: change})).get(case)


def _trace(reader: str, changes: Iterable[Change[Any]], began_ns: int) -> None:
    """One span for each span that caused what was applied: a batch may hold several commands' events of a case."""
    for change in changes if TRACER.on else ():
        for parent, event in change.heard.items():
            own = span_of(parent, derive(reader, event), change.case_id)
            TRACER.tell(names.applying(reader), own, parent, began_ns, {"case": change.case_id})


class _Parked(NamedTuple):
    """A parked record as it was received; its headers are not kept."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


def _parked(case: str, entry: Document) -> Received:
    topic, partition, offset = entry["origin"].rsplit("/", 2)
    return _Parked(topic, int(partition), int(offset), case.encode(), bytes(entry["value"]))


def _replace(parked: list[Document], replaced: dict[str, bytes | None]) -> list[Document]:
    kept = [entry for entry in parked if replaced.get(entry["origin"], b"") is not None]
    return [{**entry, "value": replaced.get(entry["origin"]) or entry["value"]} for entry in kept]
