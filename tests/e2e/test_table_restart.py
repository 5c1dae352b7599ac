"""A table goes on where it was after the broker was killed and came back."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from hotline.embedded.kafka import EmbeddedKafka
from hotline.ports import free_port
from hotline.supervisor import Supervisor
from shared.records import Received
from shared.tables import Letters, Table
from shared.testing import MemoryPublisher

pytestmark = pytest.mark.real
JARS = Path(".hotline/jars")


async def make_topic(address: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic("t", 1, 1)])
    await admin.close()


async def send(address: str, *values: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=address, acks="all", enable_idempotence=True)
    await producer.start()
    for value in values:
        await producer.send_and_wait("t", value)
    await producer.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.05)


async def test_each_record_is_read_once_across_a_kill_of_the_broker(tmp_path: Path) -> None:
    kafka = EmbeddedKafka(tmp_path / "kafka", JARS, free_port(), free_port())
    supervisor = Supervisor(tmp_path / "logs")
    seen: list[bytes | None] = []

    def read(record: Received) -> None:
        seen.append(record.value)

    table = Table(kafka.address, "t", read, Letters(kafka.address, "letters", "reader", MemoryPublisher()))
    try:
        await supervisor.start(kafka.prepare())
        await make_topic(kafka.address)
        await send(kafka.address, b"1", b"2")
        table.start()
        await until(lambda: table.ready)
        supervisor.kill("kafka", signal.SIGKILL)
        await asyncio.sleep(1)
        assert table.ready
        await supervisor.ready("kafka")
        await send(kafka.address, b"3")
        await until(lambda: b"3" in seen)
        assert seen == [b"1", b"2", b"3"]
    finally:
        await table.stop()
        await supervisor.stop_all()
