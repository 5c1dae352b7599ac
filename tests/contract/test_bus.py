"""Batches, commits, rebalances and restarts on the real broker."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.away import Refused
from shared.bus import AT_ONCE, Bus, Gather, Subscription
from shared.clock import make_clock
from shared.records import Received, Record
from shared.settings import Settings
from tests.contract.kafka import make_topic, produce, read_all

pytestmark = pytest.mark.real
MOST = 200
"""Records of one poll."""


class Witness:
    """Counts what is handled, and how often two members had one partition in hand at the same time."""

    def __init__(self, pause_s: float) -> None:
        self.pause_s = pause_s
        self.seen: Counter[bytes] = Counter()
        self.batches: list[int] = []
        self.orders: dict[bytes, list[int]] = {}
        self.busy: Counter[int] = Counter()
        self.overlaps = 0

    async def handle(self, records: Sequence[Received]) -> None:
        partitions = {record.partition for record in records}
        for partition in partitions:
            self.busy[partition] += 1
            self.overlaps += self.busy[partition] > 1
        await asyncio.sleep(self.pause_s)
        self.seen.update(record.value or b"" for record in records)
        self.batches.append(len(records))
        for record in records:
            self.orders.setdefault(record.key or b"", []).append(int(record.value or b"0"))
        for partition in partitions:
            self.busy[partition] -= 1

    async def poison(self, record: Received, error: Exception) -> None:
        raise AssertionError(f"poison: {error!r}")


class Members:
    """Members of one group that come and go."""

    def __init__(self, servers: Settings, topic: str, witness: Witness) -> None:
        self.servers, self.topic, self.witness = servers, topic, witness
        self.group = uuid4().hex[:8]
        self.buses: list[Bus] = []

    async def join(self, gather: Gather = AT_ONCE) -> tuple[Bus, Subscription]:
        settings = self.servers.model_copy(update={"name": f"m{len(self.buses)}"})

        async def healthy() -> bool:
            return True

        bus = Bus(settings, make_clock(settings), healthy)
        witness = self.witness
        made = bus.subscribe(
            self.group, [self.topic], witness.handle, witness.poison, max_records=MOST, gather=gather
        )  # fmt: skip
        await bus.start()
        self.buses.append(bus)
        return bus, made

    async def leave(self, bus: Bus) -> None:
        self.buses.remove(bus)
        await bus.stop()

    async def committed(self) -> int:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.servers.kafka, group_id=f"{self.servers.city}.{self.group}")
        await consumer.start()
        try:
            partitions = [TopicPartition(self.topic, number) for number in range(4)]
            return sum([await consumer.committed(tp) or 0 for tp in partitions])
        finally:
            await consumer.stop()


@pytest.fixture
async def members(servers: Settings) -> AsyncIterator[Members]:
    made = Members(servers, await make_topic(servers, 4), Witness(0.2))
    yield made
    for bus in list(made.buses):
        await made.leave(bus)


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.05)


def numbered(topic: str, count: int, start: int = 0) -> list[Record]:
    return [Record(topic, b"k%d" % (n % 50), b"%d" % n) for n in range(start, start + count)]


async def test_members_that_join_and_leave_never_share_a_partition(servers: Settings, members: Members) -> None:
    witness = members.witness
    witness.pause_s = 0.5  # nearly always in a batch when somebody comes
    await produce(servers, numbered(members.topic, 4000))
    first, _ = await members.join()
    await until(lambda: len(witness.seen) > 200)
    second, _ = await members.join()
    await until(lambda: len(witness.seen) > 1200)
    third, _ = await members.join()
    await until(lambda: len(witness.seen) > 2400)
    await members.leave(first)
    await until(lambda: len(witness.seen) == 4000)
    assert witness.overlaps == 0
    assert max(witness.seen.values()) == 1, "a clean rebalance repeats nothing"
    await members.leave(second)
    await members.leave(third)
    assert await members.committed() == 4000


async def test_in_a_surge_a_reader_gathers_what_comes_and_keeps_the_order(servers: Settings, members: Members) -> None:
    await produce(servers, numbered(members.topic, 1000))
    bus, _ = await members.join(Gather(surge_s=2.0))
    await produce(servers, numbered(members.topic, 1000, start=1000))
    await until(lambda: len(members.witness.seen) == 2000)
    assert max(members.witness.batches) > MOST
    assert all(order == sorted(order) for order in members.witness.orders.values())
    assert max(members.witness.seen.values()) == 1
    await members.leave(bus)
    assert await members.committed() == 2000


async def test_a_reader_knows_that_it_is_behind_and_when_it_is_no_more(servers: Settings, members: Members) -> None:
    large = [Record(members.topic, b"k%d" % (n % 50), b"%04000d" % n) for n in range(5000)]
    await produce(servers, large)
    _, made = await members.join(Gather(surge_s=1.0))
    await until(lambda: made.behind)
    await until(lambda: len(members.witness.seen) == 5000 and not made.behind)
    assert all(order == sorted(order) for order in members.witness.orders.values())
    assert max(members.witness.seen.values()) == 1


async def test_who_comes_or_goes_does_not_wait_for_a_gathering_reader(servers: Settings, members: Members) -> None:
    await produce(servers, numbered(members.topic, 1000))
    first, _ = await members.join(Gather(surge_s=300.0))
    await asyncio.sleep(3)
    assert not members.witness.seen
    await members.join(Gather(surge_s=0.0))
    await until(lambda: len(members.witness.seen) >= MOST)
    await members.leave(first)
    await until(lambda: len(members.witness.seen) == 1000)
    assert max(members.witness.seen.values()) == 1


async def test_what_was_gathered_is_not_known_before_it_is_handled(servers: Settings, members: Members) -> None:
    witness = members.witness
    witness.pause_s = 5.0
    await produce(servers, [Record(members.topic, b"a", b"%d" % n, (), 0) for n in range(MOST)])
    _, made = await members.join(Gather(surge_s=3.0))
    await asyncio.sleep(1)
    await produce(servers, [Record(members.topic, b"b", b"%d" % n, (), 1) for n in range(MOST, 2 * MOST)])
    await until(lambda: witness.busy[1] > 0)
    assert await made.read_up_to(TopicPartition(members.topic, 1), 1e12) < 1e12
    await until(lambda: len(witness.seen) == 2 * MOST)


async def test_few_records_are_not_kept_waiting(servers: Settings, members: Members) -> None:
    await members.join(Gather(surge_s=300.0))
    await produce(servers, numbered(members.topic, 20))
    await until(lambda: len(members.witness.seen) == 20)


async def test_a_restart_goes_on_after_the_last_commit(servers: Settings, members: Members) -> None:
    await produce(servers, numbered(members.topic, 500))
    bus, _ = await members.join()
    await until(lambda: len(members.witness.seen) == 500)
    await members.leave(bus)
    await produce(servers, numbered(members.topic, 500, start=500))
    await members.join()
    await until(lambda: len(members.witness.seen) == 1000)
    assert max(members.witness.seen.values()) == 1


async def test_a_reader_knows_when_it_is_at_the_end(servers: Settings, members: Members) -> None:
    await produce(servers, numbered(members.topic, 50))
    _, made = await members.join()
    await until(lambda: len(members.witness.seen) == 50)
    partitions = [TopicPartition(members.topic, n) for n in range(4)]
    async with asyncio.timeout(60):
        while [await made.read_up_to(one, 1e12) for one in partitions] != [1e12] * 4:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_keyed_records_keep_their_order_and_partition(servers: Settings) -> None:
    topic = await make_topic(servers, 4)
    await produce(servers, numbered(topic, 2000))
    stored = await read_all(servers, topic)
    for key in {record.key for record in stored}:
        mine = [record for record in stored if record.key == key]
        assert len({record.partition for record in mine}) == 1
        assert [int(record.value or b"") for record in mine] == sorted(int(record.value or b"") for record in mine)
    assert len({record.value for record in stored}) == 2000


async def test_a_record_too_large_is_refused_and_the_others_go(servers: Settings) -> None:
    topic = await make_topic(servers, 1)
    with pytest.raises(Refused):
        await produce(servers, [Record(topic, b"k", os.urandom(3_000_000))])
    await produce(servers, numbered(topic, 10))
    assert len(await read_all(servers, topic)) == 10
