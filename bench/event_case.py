"""Row v: an event case of 10,000, answered in one action; meanwhile new cases go to their department's feed, each timed
from its moment, beside the same lane at rest. Some more are linked just when the answer is passed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

from bench.lanes import Prober
from bench.lives import UNIT, Lives
from bench.rows import Row, latency
from bench.stand import Stand
from shared.events import commands as c
from shared.records import Record

WAITING, LATE, PROBES = 10_000, 50, 400
LOOK_S, BOUND_S = 0.1, 180.0
ACTOR = "dispatcher:bench"


class Answered(NamedTuple):
    """Seconds of each probe while the answer was under way, and at rest; seconds until the last had it."""

    busy: list[float]
    rest: list[float]
    took: float


class Event:
    """One event case, and those that are linked to it."""

    def __init__(self, stand: Stand, waiting: int) -> None:
        self._stand = stand
        self._cases = stand.database("dispatch").cases
        self._event, self._many, self._late = self._lives("event", 1), self._lives("many", waiting), self._lives("late")
        self._id = self._event.cases[0]
        self._link = c.Link(event_case=self._id, reason="同一原因")

    def _lives(self, name: str, count: int = LATE) -> Lives:
        key = self._stand.stack.secrets["seal_key"]
        return Lives(self._stand.topics, self._stand.clock, key, f"v-{name}", "normal", count)

    async def run(self) -> Answered:
        await self._prepare()
        rest = await self._probe("rest")
        probing = asyncio.create_task(self._probe("busy"))
        began = time.time()
        await self._send([*self._event.work(), *self._late.all(self._link, ACTOR)])
        await _until(partial(self._are, len(self._many.cases) + LATE, waits=False))
        return Answered(await probing, rest, time.time() - began)

    async def _prepare(self) -> None:
        """All are registered, and all but the late ones are linked."""
        declare = self._event.all(c.DeclareEvent(reason="同一原因引发多起来电"), ACTOR)
        await self._send([*self._event.registers(), *declare, *self._many.registers(), *self._late.registers()])
        await _until(self._declared)
        await self._send(self._many.all(self._link, ACTOR))
        await _until(partial(self._are, len(self._many.cases), waits=True))

    async def _declared(self) -> bool:
        return bool(await self._cases.count_documents({"_id": self._id, "case.related.event": {"$ne": None}}))

    async def _are(self, count: int, *, waits: bool) -> bool:
        """So many are linked and wait for the answer, or have it."""
        return bool(await self._cases.count_documents({"link.to": self._id, "link.waits": waits}) == count)

    async def _probe(self, name: str) -> list[float]:
        prober = Prober(self._stand, self._stand.topics.feed(UNIT))
        return await prober.run(self._lives(name, PROBES).registers())

    async def _send(self, records: list[Record]) -> None:
        await self._stand.publisher.publish(records)


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Raises TimeoutError."""
    async with asyncio.timeout(BOUND_S):
        while not await holds():  # noqa: ASYNC110 - services of their own decide
            await asyncio.sleep(LOOK_S)


async def row(stand: Stand, waiting: int = WAITING) -> Row:
    await stand.services(dispatch=1, sla=1, notify=1)
    try:
        answered = await Event(stand, waiting).run()
    finally:
        await stand.services(dispatch=0, sla=0, notify=0)
    return latency(
        f"a new case to its feed while the answer of an event case reaches {waiting:,}, p99",
        answered.busy, answered.rest, least=1000, aim=1000,
        counted=(
            f"{PROBES} registers, each 40 ms, from the moment at which the event case's order is signed, answered and "
            f"audited; {LATE} cases more are linked then. It ends when all have the answer. Bare: the same before it"
        ),
        more={"all answered after s": answered.took, "answered/s": (waiting + LATE) / answered.took},
    )  # fmt: skip
