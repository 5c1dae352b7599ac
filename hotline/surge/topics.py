"""Reading topics from their beginning to their present end, outside any group."""

from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.records import Received
from shared.tasks import within

IDLE_S = 30.0
"""Without any record for so long the broker is taken for stuck."""


async def drain(bootstrap: str, topics: Sequence[str], see: Callable[[Received], None]) -> None:
    """Every record up to the end at the start of the reading, each partition in its order. Raises TimeoutError."""
    # Without a group every partition is assigned.
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    await consumer.start()
    try:
        await _read(consumer, see)
    finally:
        await consumer.stop()


async def _read(consumer: AIOKafkaConsumer, see: Callable[[Received], None]) -> None:
    partitions: list[TopicPartition] = list(consumer.assignment())
    ends = await consumer.end_offsets(partitions)
    starts = await consumer.beginning_offsets(partitions)
    left = {partition for partition in partitions if ends[partition] > starts[partition]}
    while left:
        batches = await within(IDLE_S, consumer.getmany(timeout_ms=1000, max_records=5000))
        for partition, records in batches.items():
            for record in records:
                if record.offset < ends[partition]:
                    see(record)
        left = {partition for partition in left if await consumer.position(partition) < ends[partition]}
        for partition in batches.keys() - left:
            consumer.pause(partition)
