"""Publishing in order, whatever the transport does."""

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaProducer

from shared.away import Abandoned, BrokerAway, Refused
from shared.clock import make_clock
from shared.producer import GroupedPublisher, KafkaTransport, OrderedPublisher
from shared.records import Record
from shared.settings import Settings
from shared.testing import FakeClock, MemoryLog, MemoryPublisher, MemoryTransport


class Shaky(MemoryTransport):
    """Takes two records at a time, and fails after every first try: the batch is in the log, nobody knows."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__(log)
        self.flying: set[tuple[str, int]] = set()
        self.tries = 0

    async def send(self, topic: str, partition: int, records: Sequence[Record]) -> int:
        assert (topic, partition) not in self.flying, "two batches of one partition in flight"
        self.flying.add((topic, partition))
        await asyncio.sleep(0)
        self.flying.discard((topic, partition))
        count = await super().send(topic, partition, records[:2])
        self.tries += 1
        if self.tries % 2:
            raise BrokerAway("nobody knows")
        return count


def records(count: int) -> list[Record]:
    return [Record("t", b"k%d" % (n % 3), b"%d" % n) for n in range(count)]


async def test_first_occurrences_stand_in_order_per_key() -> None:
    log = MemoryLog(partitions=2)
    await OrderedPublisher(Shaky(log), FakeClock()).publish(records(20))
    for key in (b"k0", b"k1", b"k2"):
        seen = list(dict.fromkeys(int(r.value or b"") for r in log.all("t") if r.key == key))
        assert seen == [n for n in range(20) if b"k%d" % (n % 3) == key]


async def test_what_is_refused_for_good_is_said() -> None:
    class Refusing(MemoryTransport):
        async def send(self, topic: str, partition: int, records: Sequence[Record]) -> int:
            raise Refused("too large")

    with pytest.raises(Refused):
        await OrderedPublisher(Refusing(MemoryLog()), FakeClock()).publish(records(1))


async def test_those_who_wait_go_together() -> None:
    class Slow(MemoryPublisher):
        calls = 0

        async def publish(self, records: Sequence[Record]) -> None:
            self.calls += 1
            await asyncio.sleep(0.01)
            await super().publish(records)

    slow = Slow()
    grouped = GroupedPublisher(slow)
    await asyncio.gather(*(grouped.publish([record]) for record in records(50)))
    assert [int(record.value) for record in slow.published] == list(range(50))
    assert slow.calls <= 3


async def test_who_gave_up_is_left_out() -> None:
    class Never(MemoryPublisher):
        async def publish(self, records: Sequence[Record]) -> None:
            await asyncio.sleep(0.05)
            await super().publish(records)

    never = Never()
    grouped = GroupedPublisher(never)
    first = asyncio.ensure_future(grouped.publish(records(1)))
    await asyncio.sleep(0.01)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(grouped.publish(records(2)), 0.01)
    await first
    await asyncio.sleep(0.02)
    assert len(never.published) == 1


async def test_a_stopped_transport_lets_nobody_try_for_ever() -> None:
    """A cancellation can get lost in the Kafka client; a sender that waits for an absent broker then must end so."""
    clock = make_clock(Settings())
    transport = KafkaTransport("127.0.0.1:9")
    publisher = GroupedPublisher(OrderedPublisher(transport, clock))
    sending = asyncio.ensure_future(publisher.publish([Record("t", b"k", b"v")]))
    await asyncio.sleep(0.3)
    assert not sending.done(), "the broker is away: it tries again"
    await transport.stop()
    async with asyncio.timeout(10):
        with pytest.raises(Abandoned):
            await sending


class Batch:
    """Takes everything."""

    def append(self, **record: object) -> bool:
        return True


class Deaf:
    """A producer whose acknowledgement never comes, unless it `answers`."""

    def __init__(self, answers: bool) -> None:
        self.answers = answers
        self.stopped = False

    async def start(self) -> None: ...

    async def stop(self) -> None:
        self.stopped = True

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.answers:
            future.set_result(None)
        return future


class Deafened(KafkaTransport):
    """A transport whose first producer is deaf."""

    def __init__(self) -> None:
        super().__init__("nowhere", send_s=0.02)
        self.made: list[Deaf] = []

    def _make(self) -> AIOKafkaProducer:
        self.made.append(Deaf(answers=bool(self.made)))
        return self.made[-1]


async def test_a_producer_that_acknowledges_nothing_is_replaced() -> None:
    transport = Deafened()
    async with asyncio.timeout(5):
        await OrderedPublisher(transport, FakeClock()).publish([Record("t", b"k", b"v", partition=0)])
    assert [(one.answers, one.stopped) for one in transport.made] == [(False, True), (True, False)]
