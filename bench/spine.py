"""Row a: whole lives of cases through dispatch, sla and notify, against the bare loop set to the same counts.

The platform: commands lie in the topic before dispatch starts (registers, then signatures, answers and audits in
waves, so that a batch holds as many cases as commands); notify pays at the simulated gateway and settles; then the
follow-ups close all.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from bench.counts import CollectionCount, TopicCount, batches, collection
from bench.cpu import seconds, shares
from bench.lives import UNIT, Lives
from bench.rows import Row
from bench.stand import Stand
from hotline.surge.monitor import Monitor, Status
from shared.events.topics import Lane
from shared.records import Record

SERVICES = ("dispatch", "sla", "notify")
LOOK_S = 0.1
BOUND_S = 120.0
States = dict[str, int]
Batches = dict[str, tuple[float, float, float]]


class Measured(Struct, frozen=True, kw_only=True):
    """One run of the platform: seconds, and what it did. `topics` by role: commands, cases, feed, deliveries."""

    cases: int
    seconds: float
    topics: dict[str, TopicCount]
    stores: dict[str, CollectionCount]
    batches: Batches
    cpu: dict[str, float]
    """Each process's share of the CPU that the platform used."""

    @property
    def events_each(self) -> int:
        """Events of a case."""
        return self.topics["cases"].records // self.cases

    def batch(self, service: str) -> int:
        records, count, _ = self.batches[service]
        return max(1, round(records / max(1.0, count)))


class Drive:
    """Runs lives through the platform."""

    def __init__(self, stand: Stand, lane: Lane = "normal") -> None:
        self._stand = stand
        self._lane = lane
        self.started = asyncio.Event()
        """Everything is up and at work."""
        topics = stand.topics
        self.names = {
            "commands": topics.commands(lane), "cases": topics.cases(lane),
            "feed": topics.feed(UNIT), "deliveries": topics.deliveries,
        }  # fmt: skip

    async def run(self, name: str, count: int) -> Measured:
        """Whole lives, from a full topic to closed cases."""
        lives = self._lives(name, count)

        async def follow_up() -> float:
            follow_ups, began = lives.follow_ups(), time.time()
            await self._stand.publisher.publish(follow_ups)
            return await self._until({}) - began

        return await self._measured([*lives.registers(), *lives.work()], {"PENDING_CALLBACK": count}, count, follow_up)

    async def registers(self, name: str, count: int) -> Measured:
        """Nothing but registers."""
        lives = self._lives(name, count)
        return await self._measured(lives.registers(), {"DISPATCHED": count}, count, _nothing_more)

    def _lives(self, name: str, count: int) -> Lives:
        stand = self._stand
        return Lives(stand.topics, stand.clock, stand.stack.secrets["seal_key"], name, self._lane, count)

    async def _measured(
        self, records: Sequence[Record], wanted: States, count: int, then: Callable[[], Awaitable[float]]
    ) -> Measured:
        """From dispatch's first batch to the wanted states; `then` returns the seconds of what comes after."""
        stand = self._stand
        await stand.services(dispatch=0, sla=1, notify=1)
        start, stores = await stand.scan.ends(*self.names.values()), await self.stores()
        before = await batches(stand.stack.urls)
        await stand.publisher.publish(records)
        await stand.services(dispatch=1)
        self.started.set()
        cpu = seconds(stand.pids())
        reached = await self._until(wanted)
        more = await then()
        used = shares(cpu, seconds(stand.pids()))
        spent = _since(before, await batches(stand.stack.urls), self._lane)
        read = await stand.scan.since(start)
        topics = {role: read[topic] for role, topic in self.names.items()}
        # The clock starts with dispatch's first batch: its first event was appended about one batch later.
        opening = topics["cases"].first - spent["dispatch"][2] / spent["dispatch"][1]
        return Measured(
            cases=count,
            seconds=reached - opening + more,
            topics=topics,
            stores=_grown(stores, await self.stores()),
            batches=spent,
            cpu=used,
        )

    async def stores(self) -> dict[str, CollectionCount]:
        return {service: await collection(self._stand.database(service)) for service in SERVICES}

    async def _until(self, wanted: States) -> float:
        """Unix seconds at which the open cases are in these states, so many in each, and nobody lags."""
        monitor = Monitor(self._stand.settings)
        try:
            async with asyncio.timeout(BOUND_S):
                while True:
                    if _is_done(await monitor.look(), wanted):
                        return time.time()
                    await asyncio.sleep(LOOK_S)
        finally:
            await monitor.close()


async def _nothing_more() -> float:
    return 0.0


def _is_done(status: Status, wanted: States) -> bool:
    return status.known and status.states == wanted and not any(status.lag.values())


def _since(before: Batches, after: Batches, lane: str) -> Batches:
    """Records, batches and seconds of each service's lane in between."""
    found = {}
    for service in SERVICES:
        group = next(group for group in after if group.endswith(f".{service}.{lane}"))
        old = before.get(group, (0.0, 0.0, 0.0)) if service != "dispatch" else (0.0, 0.0, 0.0)
        records, count, seconds = (now - then for now, then in zip(after[group], old, strict=True))
        found[service] = (records, count, seconds)
    return found


def _grown(before: dict[str, CollectionCount], after: dict[str, CollectionCount]) -> dict[str, CollectionCount]:
    return {
        name: CollectionCount(
            documents=now.documents - before[name].documents,
            writes=now.writes - before[name].writes,
            state_bytes=now.state_bytes,
        )
        for name, now in after.items()
    }


def row(pairs: Sequence[tuple[Measured, float]]) -> Row:
    """The median pair of platform and bare loop, each pair measured one right after the other."""
    ordered = sorted(pairs, key=lambda pair: pair[1] / pair[0].seconds)
    run, bare = ordered[len(ordered) // 2]
    done = {f"{name} writes": one.writes / run.cases for name, one in run.stores.items()}
    moved = {f"{name} records": one.records / run.cases for name, one in run.topics.items()}
    sizes = {f"{name} batch": float(run.batch(name)) for name in SERVICES}
    return Row(
        what="throughput against the bare loop",
        unit="",
        value=bare / run.seconds,
        measured=f"{run.cases / run.seconds:.0f} cases/s",
        bare=f"{run.cases / bare:.0f} cases/s",
        least=0.4,
        aim=0.8,
        higher=True,
        counted="register, sign, answer, audit, SMS and settle_reply, follow_up; until every reader has committed",
        details={
            **moved,
            **done,
            **sizes,
            **{f"{name} CPU": share for name, share in run.cpu.items()},
            **{f"ratio {n + 1}": b / m.seconds for n, (m, b) in enumerate(pairs)},
        },
    )
