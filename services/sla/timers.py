"""What fires: commands first, acknowledged, then the rung is written. A crash repeats the same command."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
import structlog
from msgspec import Struct

from services.sla.domain.clocks import Clocks, Rung, Running
from services.sla.store import Store
from shared import names
from shared.away import AWAY
from shared.clock import Clock as WallClock
from shared.documents import Document, Write
from shared.events.commands import COMMANDS, Breach, Clock, Sign, Warn
from shared.events.envelope import Envelope, raw
from shared.events.topics import Lane, Topics
from shared.ids import caused_command_id, span_of
from shared.producer import Publisher
from shared.records import record_of
from shared.tracing import TRACER

log = structlog.get_logger()
PAGE = 500
POLL_S = 0.5
Horizons = Callable[[], Awaitable[dict[int, float]]]
"""Owned partition → unix seconds up to which its events are known, or 0 (shared/bus.py, read_up_to)."""


class Fired(NamedTuple):
    """One rung that is due: its command, the trace that it continues, clock and rung."""

    command: Envelope
    trace: str
    clock: Clock
    rung: Rung


class Timers:
    """Fires what is due in the partitions that this process owns."""

    def __init__(
        self, lane: Lane, store: Store, publisher: Publisher, clock: WallClock, *, topics: Topics, horizons: Horizons
    ) -> None:
        self._lane: Lane = lane
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._topics = topics
        self._horizons = horizons

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                fired = await self.fire()
            except AWAY as error:
                log.warning("timers wait", lane=self._lane, error=repr(error))
                fired = 0
            except Exception:
                log.exception("timers failed; they go on", lane=self._lane)
                fired = 0
            if not fired:
                await asyncio.sleep(POLL_S)

    async def fire(self) -> int:
        """One round over the owned partitions; returns how many rungs fired."""
        fired, late_s = 0, 0.0
        for partition, known in (await self._horizons()).items():
            if known:
                told, late = await self._fire(partition, self._clock.domain(known))
                fired, late_s = fired + told, max(late_s, late)
        names.TIMERS_LATE.labels(self._lane).set(late_s)
        return fired

    async def _fire(self, partition: int, until: datetime) -> tuple[int, float]:
        """How many rungs fired, and how long ago the oldest was due (real seconds)."""
        due = await self._store.due(self._lane[0].upper(), partition, until, PAGE)
        if not due:
            return 0, 0.0
        late = self._clock.seconds(self._clock.now() - due[0]["next"])
        return await self._tell(due, until), late

    async def _tell(self, due: list[Document], until: datetime) -> int:
        began_ns = time.time_ns()
        fired: list[Fired] = []
        writes: list[Write] = []
        for document in due:
            told, write = self._rungs(document, until)
            fired += told
            writes.append(write)
        topic = self._topics.commands(self._lane)
        await self._publisher.publish([record_of(topic, one.command) for one in fired])
        await self._store.cases.save(writes)
        if TRACER.on:
            _trace(fired, began_ns)
        return len(fired)

    def _rungs(self, document: Document, until: datetime) -> tuple[list[Fired], Write]:
        """The commands that are due, and the write that says so; a failed guard only means that they are told again."""
        clocks = msgspec.convert(document["state"], Clocks)
        told: list[Fired] = []
        while rung := next((one for one in clocks.pending() if one[3][0] <= until), None):
            order, name, running, (_, kind) = rung
            running.fired.append(kind)
            names.TIMERS_FIRED.labels(name, kind).inc()
            command = self._command(document["_id"], clocks, order, name, running, kind)
            told.append(Fired(command, clocks.traceparent, name, kind))
        fields: Document = {"state": msgspec.to_builtins(clocks), "next": clocks.next()}
        return told, Write(document["_id"], document["rev"], fields, {})

    def _command(self, case: str, clocks: Clocks, order: str, name: Clock, running: Running, rung: Rung) -> Envelope:
        data = _data(order, name, running, rung)
        identity = caused_command_id(running.cause, f"{rung}-{name}", order)
        return Envelope(
            id=identity,
            type=COMMANDS.type_of(data),
            source="/sla",
            subject=case,
            time=self._clock.now(),
            actor="service:sla",
            traceparent=span_of(clocks.traceparent, identity, case),
            data=raw(data),
        )


def _trace(fired: Sequence[Fired], began_ns: int) -> None:
    for command, trace, clock, rung in fired:
        about = {"case": command.subject, "clock": clock, "rung": rung}
        TRACER.tell(names.FIRE, command.traceparent, trace, began_ns, about)


def _data(order: str, name: Clock, running: Running, rung: Rung) -> Struct:
    if rung == "warn":
        return Warn(clock=name, order=order, due=running.due)
    if rung == "breach":
        return Breach(clock=name, order=order, due=running.due)
    return Sign(order=order, due=running.due)
