"""The writer's door from the bus: read a batch of commands, load, decide, write, publish; the bus then commits.

The order of these steps is the protocol (design.md §3, docs/protocol.md): a case's state, events and feed records go
into one guarded write, its events are published only after it, offsets are committed only after both.
"""

import asyncio
import time
from collections.abc import Sequence

import msgspec
import structlog

from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Context, Rules
from services.dispatch.domain.fold import Commanded, Entry, Folder, cause_of
from services.dispatch.numbers import Numbers
from services.dispatch.profiles import Active, none_active
from services.dispatch.store import Store, Waiting, read_case, read_log, write_of
from shared import names
from shared.clock import Clock
from shared.deadletters import Writer
from shared.documents import Document, Write
from shared.events.cases import CASES, CommandRejected
from shared.events.commands import COMMANDS, Register, verb_of
from shared.events.envelope import MAX_BYTES, Envelope, Unreadable, decode
from shared.events.topics import Topics, is_case_id
from shared.producer import Publisher, Transport, partition_of
from shared.records import SWEPT, TRACE, TYPE, Received, Record, headers_of
from shared.tracing import TRACER

log = structlog.get_logger()
READER = "dispatch"
_LETTERS = Writer(READER)
SLICE = 25
"""Cases planned before the other lane gets its turn: some milliseconds."""
_REJECTED = CASES.types[CommandRejected].encode()
_DECIDED = {
    (verb_of(kind), outcome): names.COMMANDS.labels(verb_of(kind), outcome)
    for kind in COMMANDS.models
    for outcome in ("accepted", "rejected")
}


class Incoming(msgspec.Struct, frozen=True):
    """A readable command with the record it came in."""

    command: Commanded
    record: Record
    offset: int

    @property
    def case_id(self) -> str:
        return self.command.envelope.subject

    def before(self, case: Case) -> bool:
        """Whether this command came before its case did.

        The place in the log decides, not the moment of reading: else a replay would decide a command that the first
        run kept waiting, and its events would overtake those of the commands in between. What the sweeper brought
        back stands behind the register by intent (and still does in a log that was copied, with other offsets).
        """
        is_register = isinstance(self.command.data, Register)
        if case.sequence == 0:
            return not is_register
        return self.offset < case.born and not is_register and SWEPT not in dict(self.record.headers)


class Settled(msgspec.Struct, frozen=True):
    """A command that was decided, and the traceparent of its events."""

    verb: str
    outcome: str
    command: Envelope
    trace: str


class Plan(msgspec.Struct, kw_only=True):
    """What a batch makes of one case: the write, if anything is new, and the records to publish."""

    case: Case
    write: Write | None = None
    fresh: list[Entry] = []
    repeated: list[tuple[int, int]] = []
    strangers: list[Incoming] = []
    settled: list[Settled] = []


class CommandHandler:
    """Decides commands. One instance serves both lanes of a worker."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        transport: Transport,
        clock: Clock,
        *,
        topics: Topics,
        rules: Rules,
        feeds: frozenset[str],
        numbers: Numbers,
        active: Active = none_active,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._transport = transport
        self._clock = clock
        self._topics = topics
        self._rules = rules
        self._numbers = numbers
        self._active = active
        self._folder = Folder(topics, feeds)

    async def handle(self, records: Sequence[Received]) -> None:
        """Decide, write and publish the whole batch. Raises Away (try again) and nothing is lost."""
        pending: dict[str, list[Incoming]] = {}
        letters: list[Record] = []
        for record in records:
            try:
                incoming = await self._read(record)
                pending.setdefault(incoming.case_id, []).append(incoming)
            except Unreadable as error:
                letters.append(_LETTERS.letter(self._topics.dead_letters, record, str(error)))
        await self._publisher.publish(letters)
        firsts: dict[str, str] = {}
        while pending:
            done = await self._round(pending, firsts)
            pending = {case: commands for case, commands in pending.items() if case not in done}

    async def poison(self, record: Received, error: Exception) -> None:
        """A command that raised three times alone."""
        await self._publisher.publish([_LETTERS.letter(self._topics.dead_letters, record, repr(error))])

    async def _read(self, record: Received) -> Incoming:
        """The command of a record; raises Unreadable for what is no command, too large or in the wrong partition."""
        if len(record.value or b"") > MAX_BYTES:
            raise Unreadable(f"larger than {MAX_BYTES // 1024} KB")
        envelope = decode(record.value)
        key = (record.key or b"").decode(errors="replace")
        if envelope.subject != key or not is_case_id(key):
            raise Unreadable(f"the key {key!r} is not the case of the command, {envelope.subject!r}")
        expected = partition_of(key.encode(), await self._transport.partitions(record.topic))
        if record.partition != expected:
            raise Unreadable(f"partition {record.partition}; this case belongs to {expected}")
        command = Commanded(envelope=envelope, data=COMMANDS.data(envelope))
        kept = Record(record.topic, key.encode(), record.value or b"", tuple(record.headers))
        return Incoming(command, kept, record.offset)

    async def _round(self, pending: dict[str, list[Incoming]], firsts: dict[str, str]) -> set[str]:
        """Plan every case once, write, publish; returns the cases that are done."""
        began_ns = time.time_ns()
        kept = self._store.cases.recall(pending)
        documents = kept | await self._store.cases.load([one for one in pending if one not in kept], omit=("log",))
        free = await self._reserve(pending, documents)
        plans: dict[str, Plan] = {}
        for case, commands in pending.items():
            plans[case] = self._plan(case, commands, documents.get(case), free, firsts)
            if len(plans) % SLICE == 0:
                await asyncio.sleep(0)
        await self._keep_waiting([one for plan in plans.values() for one in plan.strangers])
        writes = [plan.write for plan in plans.values() if plan.write]
        saved = await self._store.cases.save(writes, keep=True)
        firsts.update(await self._first_cases(pending, saved.clashed))
        done = {case: plan for case, plan in plans.items() if not plan.write or case in saved.written}
        await self._publish(done)
        _count(done, began_ns)
        return set(done)

    async def _reserve(self, pending: dict[str, list[Incoming]], documents: dict[str, Document]) -> list[str]:
        births = sum(
            case not in documents and any(isinstance(one.command.data, Register) for one in commands)
            for case, commands in pending.items()
        )
        return await self._numbers.reserve(births, self._clock.now())

    def _plan(
        self,
        case_id: str,
        commands: Sequence[Incoming],
        document: Document | None,
        free: list[str],
        firsts: dict[str, str],
    ) -> Plan:
        """Fold the commands over the case: what is known is repeated, what has no case waits, the rest is decided."""
        case = read_case(document) if document else Case(id=case_id)
        plan = Plan(case=case)
        contact = ""
        for incoming in commands:
            envelope = incoming.command.envelope
            known = case.causes.get(cause_of(case, envelope))
            if known is not None:
                plan.repeated.append((known[0], known[1]))
                continue
            if incoming.before(case):
                plan.strangers.append(incoming)
                continue
            contact = contact or _contact(incoming)
            number = ""
            if case.sequence == 0:
                number, case.born = free.pop(), incoming.offset
            entries = self._folder.fold(case, incoming.command, self._context(case, incoming, number, firsts))
            plan.fresh += entries
            plan.settled.append(_settled(envelope, entries))
        if plan.fresh:
            plan.write = write_of(case, document["rev"] if document else 0, contact, plan.fresh)
        return plan

    def _context(self, case: Case, incoming: Incoming, number: str, firsts: dict[str, str]) -> Context:
        at = incoming.command.envelope.time
        return Context(
            at=at,
            now=max(at, case.time) if case.time else at,
            actor=incoming.command.envelope.actor,
            rules=self._rules,
            number=number,
            profiles=self._active(at),
            first_case=firsts.get(_contact(incoming), ""),
        )

    async def _keep_waiting(self, strangers: Sequence[Incoming]) -> None:
        """Before the offset is committed, a command without a case is safe in the store."""
        now = self._clock.real()
        rows = [
            Waiting(
                id=f"{one.command.envelope.id}#{one.command.envelope.digest}",
                case_id=one.case_id,
                topic=one.record.topic,
                key=one.record.key,
                value=one.record.value,
                headers=one.record.headers,
                since=now,
            )
            for one in strangers
        ]
        if rows:
            await self._store.put_waiting(rows)

    async def _first_cases(self, pending: dict[str, list[Incoming]], clashed: frozenset[str]) -> dict[str, str]:
        """For registers whose contact and matter are taken: the case they became first."""
        contacts = {_contact(one) for case in clashed for one in pending[case]} - {""}
        return await self._store.first_cases(sorted(contacts)) if contacts else {}

    async def _publish(self, plans: dict[str, Plan]) -> None:
        """Events of what this worker wrote, and again those of repeated commands, by sequence within a case."""
        repeats = [case for case, plan in plans.items() if plan.repeated]
        logs = await self._store.cases.load(repeats) if repeats else {}
        records: list[Record] = []
        for case, plan in plans.items():
            old = read_log(logs[case]) if plan.repeated else plan.fresh
            fresh = {entry.sequence for entry in plan.fresh}
            wanted = [
                entry for entry in old
                if entry.sequence in fresh or any(a <= entry.sequence <= b for a, b in plan.repeated)
            ]  # fmt: skip
            records += [_record(case, entry) for entry in wanted]
        await self._publisher.publish(records)


def _record(case: str, entry: Entry) -> Record:
    return Record(entry.topic, case.encode(), entry.value, entry.headers or headers_of(decode(entry.value)))


def _contact(incoming: Incoming) -> str:
    data = incoming.command.data
    return f"{data.reporter.contact_id}#{data.matter}" if isinstance(data, Register) else ""


def _settled(command: Envelope, entries: Sequence[Entry]) -> Settled:
    headers = dict(entries[0].headers)
    outcome = "rejected" if headers[TYPE] == _REJECTED else "accepted"
    return Settled(verb_of(command.type), outcome, command, headers[TRACE].decode())


def _count(plans: dict[str, Plan], began_ns: int) -> None:
    for plan in plans.values():
        for one in plan.settled:
            _DECIDED[one.verb, one.outcome].inc()
            if TRACER.on:
                _trace(one, began_ns)


def _trace(one: Settled, began_ns: int) -> None:
    """A rejection is no failure of this service. The span's id is the one that the command's events carry."""
    about = {"case": one.command.subject, "verb": one.verb, "outcome": one.outcome}
    TRACER.tell(names.DECIDE, one.trace, one.command.traceparent, began_ns, about)
