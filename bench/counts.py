"""What a run did, counted from its topics, collections and metrics: the measures of the bare loop beside it."""

import asyncio
from collections import Counter
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct, field
from prometheus_client.parser import text_string_to_metric_families

from shared.producer import Transport

Ends = dict[TopicPartition, int]


class TopicCount(Struct, kw_only=True):
    """Records of a topic: how many, their bytes (key, value), by type; append times in unix seconds."""

    records: int = 0
    bytes: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    first: float = float("inf")
    last: float = 0.0

    @property
    def size(self) -> int:
        return self.bytes // max(1, self.records)

    def add(self, record: Any) -> None:
        self.records += 1
        self.bytes += len(record.key or b"") + len(record.value or b"")
        self.kinds[dict(record.headers).get("ce_type", b"").decode()] += 1
        self.first = min(self.first, record.timestamp / 1000)
        self.last = max(self.last, record.timestamp / 1000)


class CollectionCount(Struct, frozen=True, kw_only=True):
    """`writes` is the sum of the revisions: each guarded write raises its document's by one."""

    documents: int
    writes: int
    state_bytes: int
    """Of one document without its log."""


class Scan:
    """Reads topics between two moments."""

    def __init__(self, kafka: str, transport: Transport) -> None:
        self._kafka = kafka
        self._transport = transport

    async def ends(self, *topics: str) -> Ends:
        async with _consumer(self._kafka) as consumer:
            partitions = [
                TopicPartition(topic, n) for topic in topics for n in range(await self._transport.partitions(topic))
            ]
            return dict(await consumer.end_offsets(partitions))

    async def appended(self, start: Ends) -> int:
        """Records since `start`, by their offsets alone."""
        now = await self.ends(*{tp.topic for tp in start})
        return sum(now.values()) - sum(start.values())

    async def since(self, start: Ends) -> dict[str, TopicCount]:
        """Counts by topic of what was appended since `start`, up to now."""
        found = {tp.topic: TopicCount() for tp in start}
        async with _consumer(self._kafka) as consumer:
            consumer.assign(list(start))
            ends = await consumer.end_offsets(list(start))
            for tp, offset in start.items():
                consumer.seek(tp, offset)
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                    for record in records:
                        found[tp.topic].add(record)
        return found


class _consumer:
    """A consumer of no group, stopped at the end."""

    def __init__(self, kafka: str) -> None:
        self._made = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)

    async def __aenter__(self) -> Any:
        await self._made.start()
        return self._made

    async def __aexit__(self, *_: object) -> None:
        await self._made.stop()


async def collection(database: Any) -> CollectionCount:
    """Documents and guarded writes of `cases` in a service's database."""
    size = {"$bsonSize": {"$unsetField": {"field": "log", "input": "$$ROOT"}}}
    group = {"_id": None, "n": {"$sum": 1}, "writes": {"$sum": "$rev"}, "bytes": {"$avg": size}}
    rows = await database.cases.aggregate([{"$group": group}]).to_list(None)
    row = rows[0] if rows else {"n": 0, "writes": 0, "bytes": 0}
    return CollectionCount(documents=row["n"], writes=row["writes"], state_bytes=int(row["bytes"] or 0))


async def batches(urls: dict[str, str]) -> dict[str, tuple[float, float, float]]:
    """Group → records, batches and seconds in batches so far, from every process's /metrics."""
    async with httpx.AsyncClient(timeout=10) as client:
        pages = await asyncio.gather(*(client.get(f"{url}/metrics") for url in urls.values()))
    found: dict[str, dict[str, float]] = {}
    for page in pages:
        for family in text_string_to_metric_families(page.text):
            for sample in family.samples:
                if "group" in sample.labels:
                    of = found.setdefault(sample.labels["group"], {})
                    of[sample.name] = of.get(sample.name, 0) + sample.value
    names = ("hotline_records_total", "hotline_batch_seconds_count", "hotline_batch_seconds_sum")
    return {group: (of.get(names[0], 0), of.get(names[1], 0), of.get(names[2], 0)) for group, of in found.items()}
