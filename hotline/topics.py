"""Topics are made here and nowhere else; partition counts are fixed for ever."""

from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.events.topics import Topics, TopicSpec
from shared.policy import feed_units
from shared.settings import Settings


class TopicState(NamedTuple):
    """A topic as wanted and as it is; `partitions` 0: it was not there."""

    spec: TopicSpec
    partitions: int


async def create_topics(settings: Settings) -> list[TopicState]:
    """Create the city's missing topics; returns every topic with the partitions it had before. Idempotent."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        specs = Topics(settings.city).specs(feed_units(settings.policy))
        known = await _partitions(admin, specs)
        brokers = len((await admin.describe_cluster())["brokers"])
        missing = [_new(spec, min(3, brokers)) for spec in specs if spec.name not in known]
        if missing:
            await _create(admin, missing)
        return [TopicState(spec, known.get(spec.name, 0)) for spec in specs]
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, topics: list[NewTopic]) -> None:
    answer = await admin.create_topics(topics, timeout_ms=20_000)
    errors = [error for error in answer.topic_errors if error[1] not in (0, 36)]  # 36: somebody was faster
    if errors:
        raise RuntimeError(f"topics could not be created: {errors}")


async def _partitions(admin: AIOKafkaAdminClient, specs: list[TopicSpec]) -> dict[str, int]:
    names = set(await admin.list_topics())
    found = await admin.describe_topics([spec.name for spec in specs if spec.name in names])
    return {topic["topic"]: len(topic["partitions"]) for topic in found} if names else {}


def _new(spec: TopicSpec, replicas: int) -> NewTopic:
    config = {
        "retention.ms": str(spec.retention_ms),
        "cleanup.policy": "compact" if spec.compacted else "delete",
        "max.message.bytes": str(spec.max_bytes),
        # Timers and feeds are judged by when the broker took a record, not by what its sender claims.
        "message.timestamp.type": "LogAppendTime",
        **({"min.insync.replicas": "2"} if replicas >= 3 else {}),
    }
    return NewTopic(spec.name, spec.partitions, replicas, topic_configs=config)
