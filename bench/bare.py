"""The bare loop: `python -m bench.bare FILE` moves messages and makes writes as counted, with no logic at all.

One process holds one or more stages, as a service's process holds one or more consumers. What a stage does with a
record is given as shares: decodes, writes and messages per record. Every stage reads a batch with one query, writes
it with one bulk, sends, waits for the acknowledgements, and commits.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import orjson
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from msgspec import Struct
from pymongo import UpdateOne

from shared.mongo import connect
from shared.settings import Settings

BOUND_S = 240.0


class Out(Struct, frozen=True, kw_only=True):
    """So many messages of so many bytes to a topic, per record (or per payment)."""

    topic: str
    share: float
    size: int


class Stage(Struct, frozen=True, kw_only=True):
    """One consumer: its topic, how many records until it is done, records per batch, and what each costs."""

    name: str
    topic: str
    total: int
    batch: int
    decodes: float
    writes: float
    state_bytes: int
    push_bytes: int
    out: list[Out] = []
    pays: float = 0.0
    """Requests to the gateway per record; each is written before and after, and followed by `paid`."""
    paid: list[Out] = []


class Times(Struct, frozen=True, kw_only=True):
    """Unix seconds: the first batch read, the last one committed."""

    first: float
    last: float


def message(size: int) -> dict[str, Any]:
    """An object whose JSON has about that many bytes."""
    head = {"specversion": "1.0", "type": "case.x.v1", "source": "/bare", "subject": "N-" + "0" * 36}
    return {**head, "data": {"text": "x" * max(0, size - len(orjson.dumps(head)) - 22)}}


class Runner:
    """Runs one stage."""

    def __init__(self, stage: Stage, settings: Settings, collection: Any, gateway: str) -> None:
        self.stage = stage
        self._settings = settings
        self._collection = collection
        self._gateway = gateway
        self._seen = 0
        self._messages = {out.topic: message(out.size) for out in (*stage.out, *stage.paid)}
        self._paying: set[asyncio.Task[None]] = set()

    async def run(self) -> Times:
        kafka = self._settings.kafka
        consumer = AIOKafkaConsumer(
            self.stage.topic, bootstrap_servers=kafka, group_id=f"bare.{self.stage.name}.{self.stage.topic}",
            auto_offset_reset="earliest", enable_auto_commit=False, max_partition_fetch_bytes=4 << 20,
        )  # fmt: skip
        producer = AIOKafkaProducer(
            bootstrap_servers=kafka, enable_idempotence=True, linger_ms=5, max_batch_size=512 * 1024
        )
        await consumer.start()
        await producer.start()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256)) as http:
            times = await self._until_done(consumer, producer, http)
        await producer.stop()
        await consumer.stop()
        return times

    async def _until_done(self, consumer: Any, producer: Any, http: aiohttp.ClientSession) -> Times:
        first = 0.0
        while self._seen < self.stage.total:
            found = await consumer.getmany(timeout_ms=500, max_records=self.stage.batch)
            records = [record for some in found.values() for record in some]
            if records:
                first = first or time.time()
                await self._handle(records, producer, http)
                await consumer.commit()
        await asyncio.gather(*self._paying)
        return Times(first=first, last=time.time())

    async def _handle(self, records: list[Any], producer: Any, http: aiohttp.ClientSession) -> None:
        before, self._seen = self._seen, self._seen + len(records)
        for record in records[: self._due(before, self.stage.decodes)]:
            orjson.loads(record.value)
        keys = [record.key.decode() for record in records]
        await self._write(keys[: self._due(before, self.stage.writes)], self.stage.push_bytes)
        await self._send(self.stage.out, keys, before, producer)
        if payable := keys[: self._due(before, self.stage.pays)]:
            task = asyncio.create_task(self._pay(payable, producer, http))
            self._paying.add(task)
            task.add_done_callback(self._paying.discard)

    def _due(self, before: int, share: float) -> int:
        """How many the records since `before` bring, whole numbers that add up to the share."""
        return round(self._seen * share) - round(before * share)

    async def _write(self, keys: list[str], push_bytes: int) -> None:
        if not keys:
            return
        await self._collection.find({"_id": {"$in": keys}}, {"log": 0}).to_list(None)
        change: dict[str, Any] = {"$set": {"state": b"s" * self.stage.state_bytes}, "$inc": {"rev": 1}}
        if push_bytes:
            change["$push"] = {"log": {"$each": [b"l" * push_bytes]}}
        await self._collection.bulk_write([UpdateOne({"_id": key}, change, upsert=True) for key in keys], ordered=False)

    async def _send(self, outs: list[Out], keys: list[str], before: int, producer: Any) -> None:
        futures = []
        for out in outs:
            for n in range(round((before + len(keys)) * out.share) - round(before * out.share)):
                value = orjson.dumps(self._messages[out.topic])
                futures.append(await producer.send(out.topic, value, key=keys[n % len(keys)].encode()))
        await asyncio.gather(*futures)

    async def _pay(self, keys: list[str], producer: Any, http: aiohttp.ClientSession) -> None:
        await self._write(keys, 0)
        await asyncio.gather(*(self._put(key, http) for key in keys))
        await self._send(self.stage.paid, keys, 0, producer)
        await self._write(keys, 0)

    async def _put(self, key: str, http: aiohttp.ClientSession) -> None:
        body = orjson.dumps({"to": "+8613800000000", "text": "x" * 150})
        async with http.put(
            f"{self._gateway}/messages/bare-{self.stage.topic}-{key}-{time.time()}", data=body
        ) as answer:
            await answer.read()


async def run(stages: list[Stage], settings: Settings) -> list[Times]:
    database = connect(settings, "bare")
    runners = [Runner(s, settings, database[f"{s.topic}.{s.name}"], settings.sms_gateway) for s in stages]
    async with asyncio.timeout(BOUND_S):
        return list(await asyncio.gather(*(runner.run() for runner in runners)))


if __name__ == "__main__":
    given = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=list[Stage])
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(run(given, Settings()))))
