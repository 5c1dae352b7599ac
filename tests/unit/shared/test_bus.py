"""One batch in flight, committed before anybody else may have its partitions."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import TopicPartition
from msgspec import Struct
from prometheus_client import REGISTRY

from shared import names
from shared.away import Refused, StoreAway
from shared.bus import AT_ONCE, BUSY, LATER, MAX_RECORDS, Bus, Gather, Subscription
from shared.records import Received, Record
from shared.settings import Settings
from shared.testing import FakeClock, MemoryLog


class Consumer:
    """Keeps what was committed."""

    def __init__(self) -> None:
        self.committed: dict[TopicPartition, int] = {}

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        await asyncio.sleep(0)
        self.committed |= offsets

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition("t", 0)}


class Message(Struct):
    raw_message: tuple[Any, ...]
    consumer: Consumer


def batch(*values: bytes) -> tuple[Any, ...]:
    log = MemoryLog(partitions=1)
    for value in values:
        log.produce(Record("t", b"k", value))
    return tuple(log.all("t"))


def subscription(
    handle: Any, poison: Any = None, drain_s: float = 5.0, gather: Gather = AT_ONCE, group: str = "g"
) -> Subscription:
    return Subscription(
        group,
        ["t"],
        handle,
        poison or handle,
        settings=Settings(drain_s=drain_s),
        clock=FakeClock(),
        changed=lambda: None,
        gather=gather,
    )


async def consume(made: Subscription, consumer: Consumer, *values: bytes) -> None:
    await made.consume(Message(batch(*values), consumer))  # type: ignore[arg-type]


async def test_a_rebalance_waits_until_the_batch_is_committed() -> None:
    release = asyncio.Event()
    consumer = Consumer()

    async def handle(records: Sequence[Received]) -> None:
        await release.wait()

    made = subscription(handle)
    running = asyncio.ensure_future(consume(made, consumer, b"1", b"2"))
    await asyncio.sleep(0)
    revoked = asyncio.ensure_future(made.gate.on_partitions_revoked([]))
    await asyncio.sleep(0.02)
    assert not revoked.done()
    release.set()
    await revoked
    assert consumer.committed == {TopicPartition("t", 0): 2}
    await running


async def test_what_was_read_before_a_rebalance_is_dropped_after_it() -> None:
    seen: list[bytes | None] = []

    async def handle(records: Sequence[Received]) -> None:
        seen.extend(record.value for record in records)

    made, consumer = subscription(handle), Consumer()
    await made.gate.on_partitions_revoked([])
    await consume(made, consumer, b"old")
    await made.gate.on_partitions_assigned([])
    await consume(made, consumer, b"new")
    assert seen == [b"new"]


async def test_a_batch_waits_while_something_is_away() -> None:
    tries = 0

    async def handle(records: Sequence[Received]) -> None:
        nonlocal tries
        tries += 1
        if tries < 5:
            raise StoreAway("not there")

    made, consumer = subscription(handle), Consumer()
    await consume(made, consumer, b"1")
    assert tries == 5
    assert consumer.committed == {TopicPartition("t", 0): 1}


async def test_a_batch_that_cannot_wait_any_more_is_given_up_uncommitted() -> None:
    async def handle(records: Sequence[Received]) -> None:
        made.gate.revoking = True
        raise StoreAway("not there")

    made, consumer = subscription(handle), Consumer()
    await consume(made, consumer, b"1")
    assert consumer.committed == {}


async def test_only_the_record_that_raises_three_times_alone_is_poison() -> None:
    handled: list[bytes | None] = []
    poisoned: list[tuple[bytes | None, str]] = []
    tries = 0

    async def handle(records: Sequence[Received]) -> None:
        nonlocal tries
        if any(record.value == b"bad" for record in records):
            tries += len(records) == 1
            raise KeyError("bad")
        handled.extend(record.value for record in records)

    async def poison(record: Received, error: Exception) -> None:
        poisoned.append((record.value, repr(error)))

    made, consumer = subscription(handle, poison), Consumer()
    await consume(made, consumer, b"1", b"bad", b"2")
    assert handled == [b"1", b"2"]
    assert poisoned == [(b"bad", "KeyError('bad')")]
    assert tries == 3
    assert consumer.committed == {TopicPartition("t", 0): 3}


async def test_nothing_is_committed_past_a_record_whose_dead_letter_cannot_be_written() -> None:
    tries = 0

    async def handle(records: Sequence[Received]) -> None:
        raise KeyError("bad")

    async def poison(record: Received, error: Exception) -> None:
        nonlocal tries
        tries += 1
        assert made.gate.stopping or tries < 4, "given up"
        made.gate.stopping = tries == 3
        raise Refused("the letter is too large")

    made, consumer = subscription(handle, poison), Consumer()
    await consume(made, consumer, b"bad", b"2")
    assert tries == 3
    assert consumer.committed == {}


async def test_a_dead_letter_is_tried_until_it_is_written() -> None:
    laid: list[bytes | None] = []
    tries = 0

    async def handle(records: Sequence[Received]) -> None:
        raise KeyError("bad")

    async def poison(record: Received, error: Exception) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise Refused("not yet")
        laid.append(record.value)

    made, consumer = subscription(handle, poison), Consumer()
    await consume(made, consumer, b"1", b"2")
    assert laid == [b"1", b"2"]
    assert consumer.committed == {TopicPartition("t", 0): 2}


class Reader(Consumer):
    """A consumer whose position is at the end of what it has fetched."""

    def __init__(self, fetched: int) -> None:
        super().__init__()
        self.fetched = fetched
        self.ahead = 0

    async def getmany(self, **_: int) -> dict[TopicPartition, list[Any]]:
        return {}

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition("t", 0), TopicPartition("t", 1)}

    async def position(self, partition: TopicPartition) -> int:
        return self.fetched if partition.partition == 0 else 0

    def highwater(self, partition: TopicPartition) -> int:
        return self.fetched + self.ahead if partition.partition == 0 else 0


async def test_what_is_fetched_and_not_yet_handled_is_not_known() -> None:
    """Timers that fire up to `now` while the first batch is in hand would not see the stop that lies in it."""
    release = asyncio.Event()

    async def handle(records: Sequence[Received]) -> None:
        await release.wait()

    made, consumer = subscription(handle), Reader(fetched=1)
    made.consumer = consumer
    busy, quiet = TopicPartition("t", 0), TopicPartition("t", 1)
    running = asyncio.ensure_future(consume(made, consumer, b"1"))
    await asyncio.sleep(0)
    assert await made.read_up_to(busy, 99.0) == 0.0
    assert await made.read_up_to(quiet, 99.0) == 99.0
    release.set()
    await running
    assert await made.read_up_to(busy, 99.0) == 99.0


def test_the_fuller_a_poll_the_longer_a_reader_waits() -> None:
    waits = [LATER.wait_s(records, MAX_RECORDS) for records in (1, BUSY - 1, BUSY, MAX_RECORDS, 2 * MAX_RECORDS)]
    assert waits == [0.0, 0.0, LATER.surge_s * BUSY / MAX_RECORDS, LATER.surge_s, LATER.surge_s]
    assert AT_ONCE.wait_s(MAX_RECORDS, MAX_RECORDS) == 0.0


async def test_a_reader_that_is_behind_does_not_wait_again() -> None:
    handled: list[int] = []

    async def handle(records: Sequence[Received]) -> None:
        handled.append(len(records))

    made, consumer = subscription(handle, gather=Gather(surge_s=3600.0)), Reader(fetched=BUSY)
    made.behind, consumer.ahead = True, MAX_RECORDS
    await consume(made, consumer, *[b"1"] * BUSY)
    assert (handled, made.behind) == ([BUSY], True)
    consumer.ahead = MAX_RECORDS - 1
    await consume(made, consumer, *[b"1"] * BUSY)
    assert (handled, made.behind) == ([BUSY, BUSY], False)
    waiting = asyncio.ensure_future(consume(made, consumer, *[b"1"] * BUSY))
    await asyncio.sleep(0.02)
    assert len(handled) == 2
    made.gate.stop()
    await waiting
    assert len(handled) == 3


class Member:
    """A group's member whose partitions come and go; every partition ends at 7, and nothing is committed."""

    def __init__(self, *mine: int) -> None:
        self.mine = mine
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()
        self.answer.set()

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition("t", number) for number in self.mine}

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        self.asked.set()
        await self.answer.wait()
        return dict.fromkeys(partitions, 7)

    async def committed(self, partition: TopicPartition) -> int:
        return 0


async def nothing(records: Sequence[Received]) -> None:
    return None


async def given_up(record: Received, error: Exception) -> None:
    raise AssertionError(record) from error


def member(group: str, *mine: int) -> tuple[Subscription, Member]:
    made, consumer = subscription(nothing, group=group), Member(*mine)
    made.consumer = consumer
    return made, consumer


async def rebalance(made: Subscription, consumer: Member, *mine: int) -> None:
    await made.gate.on_partitions_revoked([])
    consumer.mine = mine
    await made.gate.on_partitions_assigned([])


def exported(group: str) -> dict[int, float]:
    """Partition → lag, as Prometheus reads it."""
    samples = [sample for family in names.LAG.collect() for sample in family.samples]
    return {int(one.labels["partition"]): one.value for one in samples if one.labels["group"] == group}


async def test_the_lag_of_a_partition_that_was_given_away_is_exported_no_longer() -> None:
    made, consumer = member("lag.moves", 0, 1)
    assert await made.lag() == 14
    assert exported("lag.moves") == {0: 7.0, 1: 7.0}
    await rebalance(made, consumer, 1, 2)
    assert exported("lag.moves") == {1: 7.0}, "what stays is told on, what is new is not known yet"
    await made.lag()
    assert exported("lag.moves") == {1: 7.0, 2: 7.0}
    await rebalance(made, consumer)
    assert exported("lag.moves") == {}


async def test_the_lag_of_a_partition_that_is_given_away_while_the_broker_is_asked_is_not_exported() -> None:
    made, consumer = member("lag.late", 0, 1)
    consumer.answer.clear()
    asking = asyncio.ensure_future(made.lag())
    await consumer.asked.wait()
    await rebalance(made, consumer, 1)
    consumer.answer.set()
    await asking
    assert exported("lag.late") == {1: 7.0}


async def test_what_the_broker_answers_in_the_middle_of_a_rebalance_is_not_exported() -> None:
    made, consumer = member("lag.turning", 0)
    consumer.answer.clear()
    asking = asyncio.ensure_future(made.lag())
    await consumer.asked.wait()
    await made.gate.on_partitions_revoked([])
    consumer.answer.set()
    await asking
    assert exported("lag.turning") == {}


async def test_a_bus_that_has_stopped_exports_no_lag() -> None:
    async def healthy() -> bool:
        return True

    bus = Bus(Settings(drain_s=0.1), FakeClock(), healthy)
    made = bus.subscribe("lag.stops", ["t"], nothing, given_up)
    made.consumer = Member(0)
    await made.lag()
    assert exported(made.group) == {0: 7.0}
    await bus.stop()
    assert exported(made.group) == {}


def test_a_group_is_counted_from_its_beginning() -> None:
    subscription(nothing, group="counts.newborn")
    group = {"group": "counts.newborn"}
    assert REGISTRY.get_sample_value("hotline_records_total", group) == 0.0
    assert REGISTRY.get_sample_value("hotline_batch_retries_total", {**group, "why": "away"}) == 0.0
