"""What fires: commands first, acknowledged, then the rung is written. A crash repeats the same command.

The truth is in the documents: every round asks the index for the oldest page of all owned partitions, or, where that
is full, of each, so memory holds no more than those pages, however many timers live.

A case whose clocks cannot be counted holds up nobody: it is tried again later, and rings until it is mended.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
import structlog

from services.sla.domain.clocks import Clocks
from services.sla.domain.schedule import Due, Schedule
from services.sla.domain.telling import command
from services.sla.notices import Notice, Notices
from services.sla.store import Store
from shared import names
from shared.away import AWAY
from shared.clock import Clock as WallClock
from shared.documents import Document, Write
from shared.events.envelope import Envelope
from shared.events.topics import Lane, Topics
from shared.producer import Publisher
from shared.records import record_of
from shared.tracing import TRACER

log = structlog.get_logger()
PAGE = 500
POLL_S = 0.25
AGAIN = timedelta(minutes=10)
"""More often than the alarm's window, so that it rings as long as the case stands still."""
STORED = timedelta(milliseconds=1)
"""MongoDB keeps no finer moments than this."""
_ASIDE = names.PARKED.labels("sla")
Horizons = Callable[[], Awaitable[dict[int, float]]]
"""Owned partition → unix seconds up to which its events are known, or 0 (shared/bus.py, read_up_to)."""


class Fired(NamedTuple):
    """One rung that is due: its command, the trace that it continues, what it is, and the unit it concerns."""

    command: Envelope
    trace: str
    due: Due
    unit: str


class Timers:
    """Fires what is due in the partitions that this process owns."""

    def __init__(
        self, lane: Lane, store: Store, publisher: Publisher, clock: WallClock, *,
        topics: Topics, horizons: Horizons, schedule: Schedule, notices: Notices,
    ) -> None:  # fmt: skip
        self._lane: Lane = lane
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._topics = topics
        self._horizons = horizons
        self._schedule = schedule
        self._notices = notices

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
        """One page of every owned partition, all at once; returns how many rungs fired."""
        horizons = {one: self._clock.domain(known) for one, known in (await self._horizons()).items() if known}
        pages = await self._pages(horizons) if horizons else {}
        rounds = [self._fire(due, horizons[one]) for one, due in pages.items() if due]
        told = await asyncio.gather(*rounds, return_exceptions=True)
        for failure in (one for one in told if isinstance(one, BaseException)):
            raise failure
        done = [one for one in told if not isinstance(one, BaseException)]
        names.TIMERS_LATE.labels(self._lane).set(max((late for _, late in done), default=0.0))
        return sum(fired for fired, _ in done)

    async def _pages(self, horizons: dict[int, datetime]) -> dict[int, list[Document]]:
        """What is due in each partition, oldest first, at most a page."""
        lane = self._lane[0].upper()
        found = await self._store.due(lane, [*horizons], max(horizons.values()), PAGE)
        if len(found) == PAGE:
            each = (self._store.due(lane, [one], until, PAGE) for one, until in horizons.items())
            return dict(zip(horizons, await asyncio.gather(*each), strict=True))
        pages: dict[int, list[Document]] = {one: [] for one in horizons}
        for document in found:
            if document["next"] <= horizons[document["partition"]]:
                pages[document["partition"]].append(document)
        return pages

    async def _fire(self, due: list[Document], until: datetime) -> tuple[int, float]:
        """How many rungs fired, and how long ago the oldest was due (real seconds)."""
        late = self._clock.seconds(self._clock.now() - due[0]["next"])
        # Behind a full page stand others: nothing is told that is younger than they are.
        reach = until if len(due) < PAGE else min(until, due[-1]["next"] + STORED)
        return await self._tell(due, reach), late

    async def _tell(self, due: list[Document], until: datetime) -> int:
        began_ns = time.time_ns()
        fired: list[Fired] = []
        writes: list[Write] = []
        for document in due:
            told, write = self._try(document, until)
            fired += told
            writes.append(write)
        fired.sort(key=lambda one: one.due.rung.at)
        topic = self._topics.commands(self._lane)
        await self._publisher.publish([record_of(topic, one.command) for one in fired])
        await self._notices.put(f"{self._lane[0]}{due[0]['partition']}", [*_notices(fired)])
        await self._store.cases.save(writes)
        self._count(fired, began_ns)
        return len(fired)

    def _try(self, document: Document, until: datetime) -> tuple[list[Fired], Write]:
        try:
            return self._rungs(document, until)
        except Exception as error:
            return [], aside(document, error, self._clock.now(), self._schedule.version)

    def _rungs(self, document: Document, until: datetime) -> tuple[list[Fired], Write]:
        """The commands that are due, and the write that says so; a failed guard only means that they are told again."""
        state = msgspec.convert(document["state"], Clocks)
        self._schedule.renew(state)
        told: list[Fired] = []
        while (one := self._schedule.pending(state, until)) is not None:
            envelope = command(document["_id"], state, self._schedule, one, self._clock.now())
            told.append(Fired(envelope, state.traceparent, one, state.order(one.order).unit))
            self._schedule.told(state, one)
        return told, write_of(document, state)

    def _count(self, fired: Sequence[Fired], began_ns: int) -> None:
        now = self._clock.now()
        for one in fired:
            names.TIMERS_FIRED.labels(one.due.clock or "case", one.due.rung.kind).inc()
            names.TIMER_LAG.labels(self._lane).observe(self._clock.seconds(now - one.due.rung.at))
            if TRACER.on:
                about = {"case": one.command.subject, "clock": one.due.clock or "case", "rung": one.due.rung.kind}
                TRACER.tell(names.FIRE, one.command.traceparent, one.trace, began_ns, about)


def write_of(document: Document, state: Clocks) -> Write:
    """The guarded write of a state that was loaded from this document."""
    fields: Document = {"state": msgspec.to_builtins(state), **state.index()}
    return Write(document["_id"], document["rev"], fields, {})


def aside(document: Document, error: Exception, now: datetime, version: str) -> Write:
    """Out of the way of the others: counted and logged, and due again in a while; its state stays as it is.

    The version is for the index alone, so that it is not found for a recount again and again.
    """
    log.error("a case's deadlines cannot be counted", case=document["_id"], error=repr(error), exc_info=error)
    _ASIDE.inc()
    return Write(document["_id"], document["rev"], {"next": now + AGAIN, "version": version}, {})


def _notices(fired: Sequence[Fired]) -> list[Notice]:
    """What officers hear; a unit's people hear of their own orders only."""
    found = []
    for one in fired:
        if (to := one.due.rung.to) is not None:
            unit = one.unit if to.role.startswith("unit") else ""
            rung = one.due.rung
            found.append(
                Notice(to.role, unit, to.channel, rung.kind, one.due.clock or "", one.command.subject, rung.at)
            )
    return found
