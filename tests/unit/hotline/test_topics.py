"""Topics are made with the copies that were asked for, or not at all; what is there is compared with what is wanted."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource

from hotline.commands import topics as command
from hotline.topics import CannotCreate, TopicState, ensure, wanted
from shared.events.topics import DAY_MS, TopicSpec
from shared.settings import Settings
from tests.unit.hotline.test_commands import invoke

LOG, TABLE = TopicSpec("c.cases", 8, -1), TopicSpec("c.knowledge", 1, -1, compacted=True)
FEED = TopicSpec("c.dept", 1, 90 * DAY_MS)
SPECS = [LOG, TABLE, FEED]


class Answer(NamedTuple):
    """Of the broker, to a creation or a question about settings."""

    topic_errors: Sequence[tuple[str, int, str]] = ()
    resources: Sequence[tuple[int, str, int, str, Sequence[Any]]] = ()


class Admin:
    """A cluster in memory with so many brokers; `fails`: Kafka's code for every creation."""

    def __init__(self, brokers: int, fails: int = 0) -> None:
        self.brokers = brokers
        self.fails = fails
        self.topics: dict[str, NewTopic] = {}

    async def list_topics(self) -> list[str]:
        return [*self.topics, "somebody.else's"]

    async def describe_cluster(self) -> dict[str, Any]:
        return {"brokers": [{"node_id": number} for number in range(self.brokers)]}

    async def create_topics(self, new: Sequence[NewTopic], timeout_ms: int) -> Answer:
        if not self.fails:
            self.topics.update((one.name, one) for one in new)
        return Answer(topic_errors=[(one.name, self.fails, "") for one in new])

    async def describe_topics(self, names: Sequence[str]) -> list[dict[str, Any]]:
        return [self._described(self.topics[name]) for name in names]

    def _described(self, topic: NewTopic) -> dict[str, Any]:
        copies = list(range(topic.replication_factor))
        return {"topic": topic.name, "partitions": [{"replicas": copies} for _ in range(topic.num_partitions)]}

    async def describe_configs(self, resources: Sequence[ConfigResource]) -> list[Answer]:
        found = [(0, "", 2, one.name, self._config(one.name)) for one in resources]
        return [Answer(resources=found)]

    def _config(self, name: str) -> list[tuple[Any, ...]]:
        more = {"segment.bytes": "1073741824", **self.topics[name].topic_configs}
        return [(what, value, False, 1, False, []) for what, value in more.items()]


def differing(states: Sequence[TopicState]) -> dict[str, dict[str, tuple[str, str]]]:
    return {state.name: state.differences() for state in states if state.differences()}


@pytest.mark.parametrize(("replicas", "insync"), [(1, "1"), (2, "1"), (3, "2")])
async def test_missing_topics_get_the_copies_that_were_asked_for(replicas: int, insync: str) -> None:
    admin = Admin(brokers=3)
    assert all(state.found is None for state in await ensure(admin, SPECS, replicas))
    assert {topic.replication_factor for topic in admin.topics.values()} == {replicas}
    assert {topic.topic_configs["min.insync.replicas"] for topic in admin.topics.values()} == {insync}
    again = await ensure(admin, SPECS, replicas)
    assert all(state.found is not None for state in again)
    assert differing(again) == {}


async def test_while_a_broker_is_away_nothing_is_made_with_fewer_copies() -> None:
    admin = Admin(brokers=2)
    with pytest.raises(CannotCreate, match="3 copies need 3 brokers; 2 answer, 3 topics miss"):
        await ensure(admin, SPECS, 3)
    assert not admin.topics


async def test_while_a_broker_is_away_what_is_there_can_be_looked_at() -> None:
    admin = Admin(brokers=3)
    await ensure(admin, SPECS, 3)
    admin.brokers = 2
    assert differing(await ensure(admin, SPECS, 3)) == {}


async def test_only_what_is_missing_is_made() -> None:
    admin = Admin(brokers=1)
    await ensure(admin, [LOG], 1)
    states = await ensure(admin, SPECS, 1)
    assert [state.name for state in states if state.found is None] == [TABLE.name, FEED.name]


async def test_too_few_copies_are_told_with_what_follows_from_them() -> None:
    admin = Admin(brokers=3)
    await ensure(admin, SPECS, 2)
    told = {"replicas": ("2", "3"), "min.insync.replicas": ("1", "2")}
    assert differing(await ensure(admin, SPECS, 3)) == dict.fromkeys([LOG.name, TABLE.name, FEED.name], told)


async def test_more_copies_than_asked_for_are_no_fault() -> None:
    admin = Admin(brokers=3)
    await ensure(admin, SPECS, 3)
    assert differing(await ensure(admin, SPECS, 1)) == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"retention.ms": "604800000"}, {"retention.ms": ("604800000", "-1")}),
        ({"cleanup.policy": "compact"}, {"cleanup.policy": ("compact", "delete")}),
        ({"min.insync.replicas": "3"}, {"min.insync.replicas": ("3", "2")}),
        ({"message.timestamp.type": "CreateTime"}, {"message.timestamp.type": ("CreateTime", "LogAppendTime")}),
        ({"segment.bytes": "1"}, {}),
    ],
)
async def test_another_setting_is_told_as_it_is_and_as_wanted(
    change: dict[str, str], told: dict[str, tuple[str, str]]
) -> None:
    admin = Admin(brokers=3)
    await ensure(admin, [LOG], 3)
    admin.topics[LOG.name].topic_configs.update(change)
    (state,) = await ensure(admin, [LOG], 3)
    assert state.differences() == told


@pytest.mark.parametrize(("code", "good"), [(36, True), (38, False)])
async def test_a_creation_that_the_broker_refuses_is_said_unless_somebody_was_faster(code: int, good: bool) -> None:
    admin = Admin(brokers=1, fails=code)
    if good:
        await ensure(admin, [LOG], 1)
        return
    with pytest.raises(CannotCreate, match=r"c\.cases"):
        await ensure(admin, [LOG], 1)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Admin:
    """Behind the command, instead of the broker that the environment names."""
    admin = Admin(brokers=3)

    async def create(settings: Settings, replicas: int) -> list[TopicState]:
        return await ensure(admin, SPECS, replicas)

    monkeypatch.setenv("HOTLINE_KAFKA", "nowhere:9")
    monkeypatch.setattr(command, "create_topics", create)
    return admin


def row(out: str, name: str) -> list[str]:
    (line,) = [line for line in out.splitlines() if name in line]
    return [cell.strip() for cell in line.strip("│ ").split("│")]


@pytest.mark.usefixtures("cluster")
def test_the_table_shows_topics_as_they_are() -> None:
    assert row(invoke("topics", "--replicas", "3", columns=200)[1], FEED.name)[1:] == ["1", "3", "2", "90 d", "created"]
    code, out, err = invoke("topics", "--replicas", "3", columns=200)
    assert (code, err) == (0, "")
    assert row(out, LOG.name)[1:] == ["8", "3", "2", "for ever", "there"]
    assert row(out, TABLE.name)[1:] == ["1", "3", "2", "compacted", "there"]


def test_a_difference_stands_in_the_table_and_ends_the_command_with_1(cluster: Admin) -> None:
    invoke("topics", "--replicas", "2")
    cluster.topics[FEED.name].topic_configs["retention.ms"] = str(DAY_MS // 2)
    code, out, err = invoke("topics", "--replicas", "3", columns=200)
    assert code == 1
    assert row(out, FEED.name)[1:] == ["1", "2, wanted 3", "1, wanted 2", "0.5 d, wanted 90 d", "DIFFERS"]
    assert f"{LOG.name}: replicas is 2, wanted 3\n" in err
    assert err.endswith("3 topics are otherwise than wanted; nothing of what was there was changed\n")


def test_too_few_brokers_end_the_command_with_a_line(cluster: Admin) -> None:
    cluster.brokers = 2
    assert invoke("topics", "--replicas", "3") == (1, "", "3 copies need 3 brokers; 2 answer, 3 topics miss\n")


def test_partitions_are_fixed_for_ever(cluster: Admin) -> None:
    shape = wanted(LOG, 1)
    cluster.topics[LOG.name] = NewTopic(LOG.name, 4, 1, topic_configs=dict(shape))
    code, out, _ = invoke("topics", columns=200)
    assert code == 1
    assert row(out, LOG.name)[1] == "4, wanted 8"
