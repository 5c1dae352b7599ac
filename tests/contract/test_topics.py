"""Topics on the real broker: made once, told as they are, and never with fewer copies than asked for."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from hotline.topics import CannotCreate, create_topics
from shared.events.topics import Topics
from shared.settings import Settings

pytestmark = pytest.mark.real
CONTACTS = Topics("130200").contacts


async def altered(settings: Settings, name: str, config: dict[str, str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, config)])
    finally:
        await admin.close()


async def test_what_was_made_is_found_as_wanted_and_every_difference_is_told(servers: Settings) -> None:
    settings = servers.model_copy(update={"city": "130200"})
    with pytest.raises(CannotCreate, match="3 copies need 3 brokers; 1 answer"):
        await create_topics(settings, 3)
    assert all(state.found is None for state in await create_topics(settings))
    again = await create_topics(settings)
    assert {state.name: state.differences() for state in again} == {state.name: {} for state in again}
    await altered(settings, CONTACTS, {"retention.ms": "1000", "message.timestamp.type": "LogAppendTime"})
    told: dict[str, dict[str, tuple[str, str]]] = {CONTACTS: {}}
    async with asyncio.timeout(30):
        while "retention.ms" not in told[CONTACTS]:  # the broker reads of a change a moment after it is made
            told = {state.name: state.differences() for state in await create_topics(settings, 3)}
    assert told[CONTACTS]["retention.ms"] == ("1000", "-1")
    assert all(found["replicas"] == ("1", "3") for found in told.values())
