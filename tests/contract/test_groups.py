"""Consumer groups on the real broker: lag, groups that nobody is in, and their end."""

from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from shared.groups import Groups
from shared.settings import Settings
from tests.contract.kafka import make_topic, produce
from tests.contract.test_bus import Members, Witness, numbered, until

pytestmark = pytest.mark.real


@pytest.fixture
async def members(servers: Settings) -> AsyncIterator[Members]:
    made = Members(servers, await make_topic(servers, 4), Witness(0.0))
    yield made
    for bus in list(made.buses):
        await made.leave(bus)


@pytest.fixture
async def groups(servers: Settings) -> AsyncIterator[Groups]:
    made = Groups(servers.kafka, servers.city)
    yield made
    await made.close()


async def known(servers: Settings) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka)
    await admin.start()
    try:
        return {name for name, *_ in await admin.list_consumer_groups()}
    finally:
        await admin.close()


async def test_a_group_counts_while_its_service_is_being_started_again(
    servers: Settings, members: Members, groups: Groups
) -> None:
    await produce(servers, numbered(members.topic, 100))
    bus, _ = await members.join()
    await until(lambda: len(members.witness.seen) == 100)
    while (await groups.lag()).get(members.group) != 0:
        pass
    await members.leave(bus)
    await produce(servers, numbered(members.topic, 40, start=100))
    assert (await groups.lag())[members.group] == 40, "its service is being started again"


async def test_an_old_group_is_deleted_and_a_living_one_stays(
    servers: Settings, members: Members, groups: Groups
) -> None:
    await produce(servers, numbered(members.topic, 10))
    bus, _ = await members.join()
    await until(lambda: len(members.witness.seen) == 10)
    name = f"{servers.city}.{members.group}"
    await groups.leave([members.group, "never.was"])
    assert name in await known(servers)
    await members.leave(bus)
    await groups.leave([members.group])
    assert name not in await known(servers)
