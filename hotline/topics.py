"""Topics are made here and nowhere else; partition counts are fixed for ever. What is there is only compared."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.events.topics import Topics, TopicSpec
from shared.policy import feed_units
from shared.settings import Settings

CREATE_MS = 20_000
EXISTS = 36
"""Kafka's code: somebody was faster."""
PARTITIONS, REPLICAS, MIN_INSYNC = "partitions", "replicas", "min.insync.replicas"
RETENTION, CLEANUP = "retention.ms", "cleanup.policy"
Shape = dict[str, str]
"""A topic's partitions and replicas, and its settings by Kafka's own names."""


class CannotCreate(RuntimeError):
    """Topics are missing and cannot be made; the text is for the operator."""


class TopicState(NamedTuple):
    """A topic as wanted and as it is; `found` None: it was not there, and was made as wanted."""

    name: str
    wanted: Shape
    found: Shape | None

    def differences(self) -> dict[str, tuple[str, str]]:
        """What is otherwise than wanted: by name, as it is and as wanted."""
        found = self.wanted if self.found is None else self.found
        return {what: (found.get(what, "?"), want) for what, want in self.wanted.items() if found.get(what) != want}


async def create_topics(settings: Settings, replicas: int = 1) -> list[TopicState]:
    """Create the city's missing topics, each with so many copies; every topic as it was. Idempotent.

    Raises CannotCreate, and what Kafka raises.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        return await ensure(admin, Topics(settings.city).specs(feed_units(settings.policy)), replicas)
    finally:
        await admin.close()


async def ensure(admin: Any, specs: Sequence[TopicSpec], replicas: int) -> list[TopicState]:
    """`create_topics` over an AIOKafkaAdminClient, or what stands for one in tests."""
    known = await _shapes(admin, [spec.name for spec in specs])
    states = [_state(spec, replicas, known.get(spec.name)) for spec in specs]
    missing = [state for state in states if state.found is None]
    if missing:
        await _create(admin, missing, replicas)
    return states


def _state(spec: TopicSpec, replicas: int, found: Shape | None) -> TopicState:
    """More copies than asked for are no fault: what is wanted then goes with them."""
    return TopicState(spec.name, wanted(spec, max(replicas, int(found[REPLICAS]) if found else 0)), found)


def wanted(spec: TopicSpec, replicas: int) -> Shape:
    """Of three copies two must have a record before it counts as written."""
    return {
        PARTITIONS: str(spec.partitions),
        REPLICAS: str(replicas),
        MIN_INSYNC: "2" if replicas >= 3 else "1",
        RETENTION: str(spec.retention_ms),
        CLEANUP: "compact" if spec.compacted else "delete",
        "max.message.bytes": str(spec.max_bytes),
        # Timers and feeds are judged by when the broker took a record, not by what its sender claims.
        "message.timestamp.type": "LogAppendTime",
    }


async def _create(admin: Any, missing: Sequence[TopicState], replicas: int) -> None:
    """Kafka gives a new topic as many copies as were asked for, or none: fewer would stay for good."""
    brokers = len((await admin.describe_cluster())["brokers"])
    if brokers < replicas:
        raise CannotCreate(f"{replicas} copies need {replicas} brokers; {brokers} answer, {len(missing)} topics miss")
    answer = await admin.create_topics([_new(state.name, state.wanted) for state in missing], timeout_ms=CREATE_MS)
    errors = [error for error in answer.topic_errors if error[1] not in (0, EXISTS)]
    if errors:
        raise CannotCreate(f"topics could not be created: {errors}")


def _new(name: str, shape: Shape) -> NewTopic:
    config = {what: value for what, value in shape.items() if what not in (PARTITIONS, REPLICAS)}
    return NewTopic(name, int(shape[PARTITIONS]), int(shape[REPLICAS]), topic_configs=config)


async def _shapes(admin: Any, names: Iterable[str]) -> dict[str, Shape]:
    """Those topics that are there, as they are."""
    there = sorted(set(names) & set(await admin.list_topics()))
    if not there:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in there])
    configs = {name: entries for answer in answers for _, _, _, name, entries in answer.resources}
    return {topic["topic"]: _shape(topic, configs[topic["topic"]]) for topic in await admin.describe_topics(there)}


def _shape(topic: Any, entries: Sequence[Sequence[Any]]) -> Shape:
    """The partition with the fewest copies speaks for the topic."""
    partitions = topic["partitions"]
    replicas = min((len(partition["replicas"]) for partition in partitions), default=0)
    config = {str(name): str(value) for name, value, *_ in entries}
    return {**config, PARTITIONS: str(len(partitions)), REPLICAS: str(replicas)}
