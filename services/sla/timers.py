"""What fires: commands first, acknowledged, then the rung is written. A crash repeats the same command."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

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
from shared.ids import caused_command_id
from shared.producer import Publisher
from shared.records import Record, record_of
from shared.telemetry import traceparent

log = structlog.get_logger()
PAGE = 500
POLL_S = 0.5
Horizons = Callable[[], Awaitable[dict[int, float]]]
"""Owned partition → unix seconds up to which its events are known, or 0 (shared/bus.py, read_up_to)."""


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
        fired = 0
        for partition, known in (await self._horizons()).items():
            if known:
                fired += await self._fire(partition, self._clock.domain(known))
        return fired

    async def _fire(self, partition: int, until: datetime) -> int:
        due = await self._store.due(self._lane[0].upper(), partition, until, PAGE)
        return await self._tell(due, until) if due else 0

    async def _tell(self, due: list[Document], until: datetime) -> int:
        records: list[Record] = []
        writes: list[Write] = []
        for document in due:
            told, write = self._rungs(document, until)
            records += told
            writes.append(write)
        await self._publisher.publish(records)
        await self._store.cases.save(writes)
        return len(records)

    def _rungs(self, document: Document, until: datetime) -> tuple[list[Record], Write]:
        """The commands that are due, and the write that says so; a failed guard only means that they are told again."""
        clocks = msgspec.convert(document["state"], Clocks)
        told: list[Record] = []
        while rung := next((one for one in clocks.pending() if one[3][0] <= until), None):
            order, name, running, (_, kind) = rung
            running.fired.append(kind)
            names.TIMERS_FIRED.labels(name, kind).inc()
            told.append(self._command(document["_id"], clocks, order, name, running, kind))
        fields: Document = {"state": msgspec.to_builtins(clocks), "next": clocks.next()}
        return told, Write(document["_id"], document["rev"], fields, {})

    def _command(self, case: str, clocks: Clocks, order: str, name: Clock, running: Running, rung: Rung) -> Record:
        data = _data(order, name, running, rung)
        envelope = Envelope(
            id=caused_command_id(running.cause, f"{rung}-{name}", order),
            type=COMMANDS.type_of(data),
            source="/sla",
            subject=case,
            time=self._clock.now(),
            actor="service:sla",
            traceparent=traceparent(clocks.traceparent),
            data=raw(data),
        )
        return record_of(self._topics.commands(self._lane), envelope)


def _data(order: str, name: Clock, running: Running, rung: Rung) -> Struct:
    if rung == "warn":
        return Warn(clock=name, order=order, due=running.due)
    if rung == "breach":
        return Breach(clock=name, order=order, due=running.due)
    return Sign(order=order, due=running.due)
