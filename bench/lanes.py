"""Row b: an urgent case to its department's feed while 50,000 normal commands wait, beside the bare loop's own.

Urgent registers are sent at fixed moments; each is timed from its moment until a follower of the department's feed has
it in hand. The feed carries the orders of the normal cases too.
"""

import asyncio
import time
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct, structs

from bench.bare import Stage
from bench.lives import UNIT, Lives
from bench.mirror import Bare, blank
from bench.rows import Row, latency
from bench.spine import Drive, Measured
from bench.stand import Stand
from shared.bus import MAX_RECORDS
from shared.records import Record

WAITING = 50_000
PROBES = 300
EVERY_S = 0.04
SETTLE_S = 2.0
"""The backlog is in full work before the first urgent case comes."""
BOUND_S = 60.0


class Probed(Struct, frozen=True, kw_only=True):
    """Latencies in seconds, and how many normal commands still waited at the end."""

    seconds: list[float]
    left: int


class Prober:
    """Sends records at fixed moments and waits for their keys in a feed."""

    def __init__(self, stand: Stand, feed: str) -> None:
        self._stand = stand
        self._feed = TopicPartition(feed, 0)
        self._seen: dict[bytes, float] = {}

    async def run(self, records: Sequence[Record]) -> list[float]:
        """Seconds from each record's moment to its arrival, in order."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self._stand.stack.kafka, enable_auto_commit=False)
        await consumer.start()
        consumer.assign([self._feed])
        await consumer.seek_to_end(self._feed)
        await consumer.position(self._feed)
        following = asyncio.create_task(self._follow(consumer, {record.key for record in records}))
        try:
            due = await self._send(records)
            async with asyncio.timeout(BOUND_S):
                await following
        finally:
            following.cancel()
            await consumer.stop()
        return [self._seen[record.key] - moment for record, moment in zip(records, due, strict=True)]

    async def _follow(self, consumer: AIOKafkaConsumer, wanted: set[bytes]) -> None:
        while len(self._seen) < len(wanted):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    if record.key in wanted:
                        self._seen.setdefault(record.key, time.time())

    async def _send(self, records: Sequence[Record]) -> list[float]:
        start = time.time() + 0.05
        due = [start + n * EVERY_S for n in range(len(records))]
        sending = []
        for record, moment in zip(records, due, strict=True):
            await asyncio.sleep(max(0.0, moment - time.time()))
            sending.append(asyncio.create_task(self._stand.publisher.publish([record])))
        await asyncio.gather(*sending)
        return due


async def platform(stand: Stand, waiting: int) -> tuple[Probed, Measured]:
    """Probes while `waiting` normal registers are worked off; and what one register costs, for the bare loop."""
    key = stand.stack.secrets["seal_key"]
    like = await Drive(stand, "urgent").registers("like", 300)
    normal = Lives(stand.topics, stand.clock, key, "backlog", "normal", waiting)
    urgent = Lives(stand.topics, stand.clock, key, "probes", "urgent", PROBES)
    await stand.services(dispatch=0, sla=1, notify=1)
    start = await stand.scan.ends(stand.topics.cases("normal"))
    await stand.publisher.publish(normal.registers())
    await stand.services(dispatch=1)
    await asyncio.sleep(SETTLE_S)
    seconds = await Prober(stand, stand.topics.feed(UNIT)).run(urgent.registers())
    done = await stand.scan.appended(start) // like.events_each
    await stand.services(dispatch=0, sla=0, notify=0)
    return Probed(seconds=seconds, left=waiting - done), like


async def bare(stand: Stand, waiting: int, like: Measured) -> Probed:
    """The same through a bare loop with a consumer per lane in one process."""
    normal, urgent = Bare(stand, "b.normal", like), Bare(stand, "b.urgent", like)
    urgent.names["feed"] = normal.names["feed"]
    await stand.make_topics({name: 1 if role == "feed" else 8 for role, name in normal.names.items()})
    await stand.make_topics({name: 4 for role, name in urgent.names.items() if role != "feed"})
    size = like.topics["commands"].size
    await stand.publisher.publish(blank(normal.names["commands"], waiting, waiting, size))
    start = await stand.scan.ends(normal.names["cases"])
    lanes = [_endless(each.stages()) for each in (normal, urgent)]
    processes = [await stand.bare(f"b{n}", stages) for n, stages in enumerate(zip(*lanes, strict=True))]
    try:
        await asyncio.sleep(SETTLE_S)
        probes = [Record(urgent.names["commands"], f"U-{n:036d}".encode(), b" ") for n in range(PROBES)]
        value = blank("", 1, 1, size)[0].value
        seconds = await Prober(stand, normal.names["feed"]).run([probe._replace(value=value) for probe in probes])
        done = await stand.scan.appended(start) // like.events_each
    finally:
        await asyncio.gather(*(process.stop() for process in processes))
    return Probed(seconds=seconds, left=max(0, waiting - done))


def _endless(stages: Sequence[Stage]) -> list[Stage]:
    """Nobody stops before he is stopped, and a batch is as large as the platform's may be."""
    return [structs.replace(stage, total=1 << 60, batch=MAX_RECORDS) for stage in stages]


async def row(stand: Stand, waiting: int = WAITING) -> Row:
    probed, like = await platform(stand, waiting)
    beside = await bare(stand, waiting, like)
    return latency(
        "urgent case to its department's feed, p99", probed.seconds, beside.seconds, least=1000, aim=250,
        counted=f"{PROBES} urgent registers, each {EVERY_S * 1000:.0f} ms, while {waiting} normal ones wait",
        more={"normal left": probed.left, "bare normal left": beside.left},
    )  # fmt: skip
