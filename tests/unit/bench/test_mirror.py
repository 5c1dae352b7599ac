"""The measuring instrument is measured: the bare loop does exactly as much as was counted in the run beside it."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest

from bench.bare import Runner, Stage
from bench.counts import CollectionCount, TopicCount
from bench.mirror import Bare, blank
from bench.spine import Measured
from shared.settings import Settings

CASES = 37
KINDS = {"work_order.issued.v1": 1, "work_order.signed.v1": 1, "reply.owed.v1": 1, "reply.settled.v1": 1, "other": 6}


class Got(NamedTuple):
    key: bytes
    value: bytes


class World:
    """Kafka, MongoDB and the gateway as far as a stage uses them; it counts what is done to it."""

    def __init__(self, stage: Stage, size: int) -> None:
        self._left = [Got(r.key, r.value) for r in blank(stage.topic, stage.total, CASES, size)]
        self.done: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[str, list[Got]]:
        some, self._left = self._left[:max_records], self._left[max_records:]
        return {"p": some}

    async def commit(self) -> None:
        self.done["commits"] += 1

    async def send(self, topic: str, value: bytes, key: bytes) -> "asyncio.Future[None]":
        self.done[topic] += 1
        self.bytes[topic] += len(value)
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sent.set_result(None)
        return sent

    def find(self, *_: Any) -> "World":
        return self

    async def to_list(self, _: None) -> list[Any]:
        return []

    async def bulk_write(self, operations: list[Any], ordered: bool) -> None:
        self.done["writes"] += len(operations)

    @asynccontextmanager
    async def put(self, url: str, data: bytes) -> Any:
        self.done["puts"] += 1
        yield self

    async def read(self) -> bytes:
        return b""


def topic(each: int, size: int = 900) -> TopicCount:
    return TopicCount(
        records=each * CASES, bytes=each * CASES * size, kinds=Counter({k: n * CASES for k, n in KINDS.items()})
    )


def store(each: int) -> CollectionCount:
    return CollectionCount(documents=CASES, writes=each * CASES, state_bytes=500)


MEASURED = Measured(
    cases=CASES,
    seconds=1.0,
    topics={"commands": topic(6), "cases": topic(10), "feed": topic(4), "deliveries": topic(1)},
    stores={"dispatch": store(6), "sla": store(4), "notify": store(4)},
    batches={"dispatch": (222.0, 9.0, 1.0), "sla": (370.0, 10.0, 1.0), "notify": (370.0, 11.0, 1.0)},
    cpu={},
)  # fmt: skip
STAGES = {stage.name: stage for stage in Bare(None, "run", MEASURED).stages()}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dispatch", {"writes": 6, "bare.run.cases": 10, "bare.run.feed": 4}),
        ("sla", {"writes": 4}),
        ("notify", {"writes": 4, "puts": 1, "bare.run.deliveries": 1, "bare.run.commands": 1}),
    ],
)
async def test_a_stage_moves_and_writes_what_was_counted(name: str, expected: dict[str, int]) -> None:
    world = World(STAGES[name], 900)
    await Runner(STAGES[name], Settings(), world, "http://gateway")._until_done(world, world, world)  # type: ignore[arg-type]
    commits = world.done.pop("commits")
    assert dict(world.done) == {what: count * CASES for what, count in expected.items()}
    assert commits == -(-STAGES[name].total // STAGES[name].batch)
    assert all(abs(size / world.done[of] - 900) < 8 for of, size in world.bytes.items())


def test_a_reader_decodes_only_what_means_something_to_it() -> None:
    assert STAGES["sla"].decodes == pytest.approx(0.4)
    assert STAGES["notify"].decodes == pytest.approx(0.2)
    assert STAGES["dispatch"].decodes == 1.0
