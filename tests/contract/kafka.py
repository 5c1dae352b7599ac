"""Helpers on the real broker: topics of a test, plain producing and reading."""

from collections.abc import Sequence
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.producer import KafkaTransport, OrderedPublisher
from shared.records import Received, Record
from shared.settings import Settings
from shared.testing import FakeClock


async def make_topic(servers: Settings, partitions: int) -> str:
    """A fresh topic with a name of its own."""
    name = f"test.{uuid4().hex[:10]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka)
    await admin.start()
    try:
        config = {"message.timestamp.type": "LogAppendTime"}
        await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=config)])
    finally:
        await admin.close()
    return name


async def produce(servers: Settings, records: Sequence[Record]) -> None:
    transport = KafkaTransport(servers.kafka)
    await OrderedPublisher(transport, FakeClock()).publish(records)
    await transport.stop()


async def read_all(servers: Settings, topic: str) -> list[Received]:
    """Everything on a topic, partition by partition."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers.kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = sorted(consumer.assignment())
        ends = await consumer.end_offsets(partitions)
        found: dict[TopicPartition, list[Received]] = {tp: [] for tp in partitions}
        while any(len(found[tp]) < ends[tp] for tp in partitions):
            for tp, records in (await consumer.getmany(timeout_ms=500)).items():
                found[tp] += records
        return [record for tp in partitions for record in found[tp]]
    finally:
        await consumer.stop()
