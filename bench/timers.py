"""Row t: a million live timers, 10,000 of them due within one second; from its moment to the log, beside a bare loop.

The timers are written into sla's own collection, as its reader would have written them. A bare loop then does the same
to as many documents beside them: the oldest page by the index, two messages each, one bulk write, no logic.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer
from pymongo import UpdateOne, WriteConcern

from bench.lives import UNIT
from bench.rows import Row, latency
from bench.stand import Stand
from services.sla.domain.clocks import Clocks
from services.sla.domain.schedule import Schedule
from services.sla.domain.view import ClocksView
from services.sla.policy import load_schedule
from services.sla.store import MongoStore
from services.sla.timers import PAGE, POLL_S
from shared.documents import Document
from shared.events.cases import CASES, WorkOrderContacted, WorkOrderIssued, WorkOrderSigned
from shared.events.commands import COMMANDS, Breach
from shared.events.envelope import Envelope, decode, encode, raw
from shared.ids import case_id, event_id
from shared.records import TYPE, Record, header

LIVE, DUE = 1_000_000, 10_000
WINDOW_S = 1.0
LEAD_S = 20.0
"""From the last write until the first is due: the service starts meanwhile."""
PARTITIONS = 8
CHUNK = 5_000
BOUND_S = 120.0
BARE = "X"
"""The lane letter of the bare loop's documents."""


class Timers:
    """Documents of sla with one order each, whose resolve deadline is given."""

    def __init__(self, stand: Stand) -> None:
        self.schedule: Schedule = load_schedule(stand.settings.policy)
        self._view = ClocksView(self.schedule)
        self._now = stand.clock.now()
        self._model = self._state(self._now + timedelta(days=1))

    def _state(self, due: datetime) -> Clocks:
        """Signed, contact made, warned of, and due at that moment."""
        case, order = case_id("normal", "bench", 1), "o" * 36
        issued = WorkOrderIssued(
            order=order, unit=UNIT, role="lead", cycle=1, returns=0, priority="P2", request_type="JB", due=due
        )
        contacted = WorkOrderContacted(order=order, unit=UNIT, reached=True, text="")
        state: Clocks | None = None
        for n, data in enumerate((issued, WorkOrderSigned(order=order, unit=UNIT), contacted), 1):
            event = Envelope(
                id=event_id(case, n), type=CASES.type_of(data), source="/bench", subject=case, time=self._now,
                sequence=n, data=raw(data),
            )  # fmt: skip
            state = self._view.fold(state, event, data)
        assert state is not None
        state.orders[order].clocks["resolve"].fired.append("warn 0.2")
        self.schedule.look(state, order, "resolve")
        return state

    def document(self, name: str, number: int, due: datetime, lane: str = "N") -> Document:
        [order] = self._model.orders.values()
        running = order.clocks["resolve"]
        order.own = running.due = running.next = due
        return {
            "_id": case_id("normal", f"{name}-{number}", 1),
            "rev": 1, "was": 0, "sequence": 3, "partition": number % PARTITIONS, "parked": [], "lane": lane,
            "state": msgspec.to_builtins(self._model), "next": due, "version": self.schedule.version, "running": True,
        }  # fmt: skip


async def seed(collection: Any, documents: Iterator[Document]) -> None:
    quick = collection.with_options(write_concern=WriteConcern(w=1, j=False))
    chunk: list[Document] = []
    for document in documents:
        chunk.append(document)
        if len(chunk) == CHUNK:
            await quick.insert_many(chunk, ordered=False)
            chunk = []
    if chunk:
        await quick.insert_many(chunk, ordered=False)


def moments(start: datetime, count: int) -> Iterator[datetime]:
    """As many moments, spread evenly over the window."""
    return (start + timedelta(seconds=WINDOW_S * n / count) for n in range(count))


def rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


async def row(stand: Stand, live: int = LIVE, due: int = DUE) -> Row:
    store = MongoStore(stand.database("sla"))
    await store.prepare()
    timers = Timers(stand)
    later = stand.clock.now() + timedelta(hours=2)
    others = (timers.document("live", n, later + timedelta(seconds=n % 864_000)) for n in range(live - due))
    began = time.time()
    await seed(store.collection, others)
    seeded_s = time.time() - began
    ours, pages_mb, grown_mb = await _ours(stand, store, timers, due)
    bare = await _bare(stand, store, timers, due)
    return latency(
        f"{live:,} live timers, lag of {due:,} due within {WINDOW_S:g} s, p99",
        ours, bare, least=5_000, aim=1_000, failed=due - len(ours),
        counted=(
            "lag: from the deadline's moment to the broker's append time of its breach; each timer also tells one step "
            "of the ladder. Bare: a loop in one process over the same index that sends two messages and makes one "
            "write for each, with the same pages and pauses."
        ),
        more={"sla MB": pages_mb, "sla MB grown by firing": grown_mb, "seeding s": seeded_s},
    )  # fmt: skip


async def _ours(stand: Stand, store: MongoStore, timers: Timers, due: int) -> tuple[list[float], float, float]:
    """Lags in seconds, memory of sla's process, and by how much it grew."""
    start = stand.clock.now() + timedelta(seconds=LEAD_S)
    consumer = AIOKafkaConsumer(
        stand.topics.commands("normal"), bootstrap_servers=stand.stack.kafka, enable_auto_commit=False
    )
    await consumer.start()
    await consumer.seek_to_end()
    try:
        await seed(store.collection, (timers.document("due", n, at) for n, at in enumerate(moments(start, due))))
        await stand.services(sla=1)
        pid = next(pid for name, pid in stand.pids().items() if name.startswith("sla"))
        await asyncio.sleep(max(0.0, stand.clock.seconds(start - stand.clock.now()) - 1))
        before = rss_mb(pid)
        lags = await _follow(consumer, stand, due)
        return lags, rss_mb(pid), rss_mb(pid) - before
    finally:
        await consumer.stop()
        await stand.services(sla=0)


async def _follow(consumer: AIOKafkaConsumer, stand: Stand, due: int) -> list[float]:
    """The lag of each case's breach; a repeat counts once."""
    wanted = COMMANDS.types[Breach]
    lags: dict[str, float] = {}
    until = time.time() + BOUND_S
    while len(lags) < due and time.time() < until:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            for record in records:
                if header(record, TYPE) == wanted:
                    command = decode(record.value)
                    moment = COMMANDS.data(command).due
                    late = stand.clock.domain(record.timestamp / 1000) - moment
                    lags.setdefault(command.subject, stand.clock.seconds(late))
    return [*lags.values()]


async def _bare(stand: Stand, store: MongoStore, timers: Timers, due: int) -> list[float]:
    """The same without logic, over documents of a lane of its own beside all others."""
    await stand.make_topics({"bare.timers": PARTITIONS})
    start = stand.clock.now() + timedelta(seconds=5)
    documents = (timers.document("bare", n, at, BARE) for n, at in enumerate(moments(start, due)))
    await seed(store.collection, documents)
    value = encode(
        Envelope(
            id="i" * 36,
            type="case.breach.v1",
            source="/bare",
            subject="s" * 38,
            time=start,
            data=raw(Breach(clock="resolve", order="o" * 36, due=start)),
        )
    )
    lags: list[float] = []
    while len(lags) < due:
        fired = await asyncio.gather(*(_bare_page(stand, store, n, value) for n in range(PARTITIONS)))
        lags += [lag for page in fired for lag in page]
        if not any(fired):
            await asyncio.sleep(POLL_S)
    return lags


async def _bare_page(stand: Stand, store: MongoStore, partition: int, value: bytes) -> Sequence[float]:
    page = await store.due(BARE, [partition], stand.clock.now(), PAGE)
    if not page:
        return []
    records = [Record("bare.timers", row["_id"].encode(), value, (), partition) for row in page for _ in range(2)]
    await stand.publisher.publish(records)
    acknowledged = stand.clock.now()
    change = {"$set": {"state": page[0]["state"], "next": None}}
    await store.collection.bulk_write([UpdateOne({"_id": row["_id"]}, change) for row in page], ordered=False)
    return [stand.clock.seconds(acknowledged - row["next"]) for row in page]
