"""The embedded servers survive kill -9 and come back with their data, also at other ports."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pymongo import AsyncMongoClient

from hotline.embedded.kafka import EmbeddedKafka
from hotline.embedded.mongo import EmbeddedMongo
from hotline.ports import free_port
from hotline.supervisor import Supervisor

pytestmark = pytest.mark.real
JARS = Path(".hotline/jars")


class Servers:
    """Both servers on the data of one folder, at new ports each time."""

    def __init__(self, folder: Path) -> None:
        self.kafka = EmbeddedKafka(folder / "kafka", JARS, free_port(), free_port())
        self.mongo = EmbeddedMongo(folder / "mongo", free_port())
        self.supervisor = Supervisor(folder / "logs")

    async def come_back(self, name: str) -> float:
        """Seconds from kill -9 until it answers again."""
        began = time.monotonic()
        self.supervisor.kill(name, signal.SIGKILL)
        await self.supervisor.ready(name)
        return time.monotonic() - began


@asynccontextmanager
async def up(folder: Path) -> AsyncIterator[Servers]:
    servers = Servers(folder)
    try:
        await servers.supervisor.start(servers.kafka.prepare(), servers.mongo.prepare())
        yield servers
    finally:
        await servers.supervisor.stop_all()


async def make_topic(address: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic("kept", 1, 1)])
    await admin.close()


async def send(address: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=address, acks="all", enable_idempotence=True)
    await producer.start()
    await producer.send_and_wait("kept", value)
    await producer.stop()


async def read(address: str, count: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer("kept", bootstrap_servers=address, group_id="g", auto_offset_reset="earliest")
    await consumer.start()
    found = [(await asyncio.wait_for(consumer.getone(), 90)).value for _ in range(count)]
    await consumer.stop()
    return found


async def insert(address: str, name: str) -> list[str]:
    """Adds a document and returns the names of all."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(address, w="majority", journal=True)
    try:
        await client["t"]["c"].insert_one({"_id": name})
        return [document["_id"] async for document in client["t"]["c"].find().sort("_id", 1)]
    finally:
        await client.close()


async def test_servers_keep_what_they_acknowledged(tmp_path: Path) -> None:
    async with up(tmp_path) as servers:
        await make_topic(servers.kafka.address)
        await send(servers.kafka.address, b"1")
        assert await insert(servers.mongo.address, "1") == ["1"]
        await servers.come_back("mongo")
        await servers.come_back("kafka")
        await send(servers.kafka.address, b"2")
        assert await read(servers.kafka.address, 2) == [b"1", b"2"]
        assert await insert(servers.mongo.address, "2") == ["1", "2"]
    async with up(tmp_path) as servers:
        await send(servers.kafka.address, b"3")
        assert await read(servers.kafka.address, 1) == [b"3"]
        assert await insert(servers.mongo.address, "3") == ["1", "2", "3"]
