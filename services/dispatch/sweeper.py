"""Commands whose case was unknown: back into the topic once it is there; an alarm after ten real minutes."""

from collections.abc import Sequence

import structlog

from services.dispatch.handlers import READER
from services.dispatch.store import PAGE, Store, Waiting
from shared import names
from shared.clock import Clock
from shared.deadletters import KIND, ORIGIN, REASON, WAITING
from shared.deadletters import READER as READER_HEADER
from shared.events.topics import Topics
from shared.producer import Publisher
from shared.records import SWEPT, Record
from shared.tasks import repeating

log = structlog.get_logger()
PERIOD_S = 1.0
ALARM_S = 600.0
"""design.md §3.8: after ten real minutes an alarm and a copy to the dead letters; the row stays."""


class Sweeper:
    """Any worker may sweep: a command that goes back twice is a repeat."""

    def __init__(self, store: Store, publisher: Publisher, clock: Clock, topics: Topics) -> None:
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._topics = topics
        self._after = ""

    async def run(self) -> None:
        await repeating(self.sweep, PERIOD_S)

    async def sweep(self) -> int:
        """One page; returns how many commands went back. Those whose case never comes do not hide the others."""
        rows = await self._store.waiting(self._after)
        self._after = rows[-1].id if len(rows) == PAGE else ""
        names.WAITING.set(len(rows))
        known = await self._store.known(sorted({row.case_id for row in rows})) if rows else set()
        back = [row for row in rows if row.case_id in known]
        if back:
            await self._publisher.publish([_swept(row) for row in back])
            await self._store.drop_waiting([row.id for row in back])
        await self._alarm([row for row in rows if row.case_id not in known and not row.alarmed])
        return len(back)

    async def _alarm(self, rows: Sequence[Waiting]) -> None:
        late = [row for row in rows if self._clock.real() - row.since > ALARM_S]
        if not late:
            return
        await self._publisher.publish([self._letter(row) for row in late])
        await self._store.mark_alarmed([row.id for row in late])
        names.WAITING_ALARMS.inc(len(late))
        log.error("commands wait for cases that never came", cases=[row.case_id for row in late[:10]])

    def _letter(self, row: Waiting) -> Record:
        headers = (
            (KIND, b"waiting"),
            (REASON, b"no such case for ten minutes"),
            (ORIGIN, f"{WAITING}{row.id}".encode()),
            (READER_HEADER, READER.encode()),
        )
        return Record(self._topics.dead_letters, row.key, row.value, (*headers, *row.headers))


def _swept(row: Waiting) -> Record:
    return Record(row.topic, row.key, row.value, (*row.headers, (SWEPT, b"1")))
