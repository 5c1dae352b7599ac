"""A compacted topic as a table, on the real broker: whole at the start, then followed; a bad record is one letter."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.deadletters import ORIGIN, READER
from shared.events.envelope import Unreadable
from shared.producer import KafkaTransport, OrderedPublisher
from shared.records import Received, Record, header
from shared.settings import Settings
from shared.tables import Letters, Table
from shared.testing import FakeClock
from tests.contract.kafka import make_topic, produce, read_all

pytestmark = pytest.mark.real


class Replica:
    """A table that keeps each key's newest value; `bad` cannot be read."""

    def __init__(self, servers: Settings, topic: str, letters: str, reader: str = "reader") -> None:
        self.values: dict[bytes, bytes] = {}
        self.settled = 0
        self.transport = KafkaTransport(servers.kafka)
        publisher = OrderedPublisher(self.transport, FakeClock())
        self.table = Table(
            servers.kafka, topic, self.read, Letters(servers.kafka, letters, reader, publisher), self.settle
        )

    def read(self, record: Received) -> None:
        if record.value == b"bad":
            raise Unreadable("bad")
        self.values[record.key or b""] = record.value or b""

    async def settle(self) -> None:
        self.settled += 1

    async def stop(self) -> None:
        await self.table.stop()
        await self.transport.stop()


class Replicas:
    """Replicas over one topic and its dead letters."""

    def __init__(self, servers: Settings, topic: str, letters: str) -> None:
        self.servers, self.topic, self.letters = servers, topic, letters
        self._made: list[Replica] = []

    def start(self, reader: str = "reader") -> Replica:
        made = Replica(self.servers, self.topic, self.letters, reader)
        self._made.append(made)
        made.table.start()
        return made

    async def stop(self) -> None:
        await asyncio.gather(*(made.stop() for made in self._made))


@pytest.fixture
async def replicas(servers: Settings) -> AsyncIterator[Replicas]:
    made = Replicas(servers, await make_topic(servers, 1), await make_topic(servers, 1))
    yield made
    await made.stop()


async def until(condition: Callable[[], bool], seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.02)


def of(replicas: Replicas, **values: bytes) -> list[Record]:
    return [Record(replicas.topic, key.encode(), value) for key, value in values.items()]


async def test_a_replica_is_ready_only_when_it_has_everything(servers: Settings, replicas: Replicas) -> None:
    await produce(servers, [Record(replicas.topic, b"k%d" % (n % 900), b"%d" % n) for n in range(3000)])
    replica = replicas.start()
    assert not replica.table.ready
    await until(lambda: replica.table.ready)
    assert replica.values == {b"k%d" % (n % 900): b"%d" % n for n in range(3000)}
    assert replica.settled > 0


async def test_every_replica_follows(servers: Settings, replicas: Replicas) -> None:
    both = [replicas.start(), replicas.start()]
    await until(lambda: all(one.table.ready for one in both))
    await produce(servers, of(replicas, a=b"1"))
    await produce(servers, of(replicas, a=b"2"))
    await until(lambda: all(one.values == {b"a": b"2"} for one in both))


async def test_a_bad_record_makes_one_letter_however_often_it_is_met(servers: Settings, replicas: Replicas) -> None:
    await produce(servers, of(replicas, a=b"1", b=b"bad", c=b"3"))
    for reader in ("reader", "reader", "other"):
        replica = replicas.start(reader)
        await until(lambda one=replica: one.table.ready)  # type: ignore[misc]
        assert replica.values == {b"a": b"1", b"c": b"3"}
    letters = await read_all(servers, replicas.letters)
    assert [(header(one, ORIGIN), header(one, READER)) for one in letters] == [
        (f"{replicas.topic}/0/1", "reader"),
        (f"{replicas.topic}/0/1", "other"),
    ]


async def test_a_topic_that_is_not_there_yet_is_waited_for(servers: Settings, replicas: Replicas) -> None:
    replicas.topic = f"test.{uuid4().hex[:10]}"
    replica = replicas.start()
    await asyncio.sleep(0.5)
    assert not replica.table.ready
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(replicas.topic, 1, 1)])
    await admin.close()
    await produce(servers, of(replicas, a=b"1"))
    await until(lambda: replica.table.ready and replica.values == {b"a": b"1"})
