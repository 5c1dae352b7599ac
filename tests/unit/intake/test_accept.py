"""The accept path: whatever is acknowledged is in the log or in the spool, and nothing overtakes the spool."""

import asyncio
import random
from pathlib import Path

import msgspec
import pytest

from shared.records import Record
from shared.service import Problem
from tests.unit.intake.world import World, world


def record(number: int, key: bytes = b"k", topic: str = "t") -> Record:
    return Record(topic, key, b"%d;" % number)


async def eventually_empty(made: World) -> None:
    async with asyncio.timeout(5):
        while any(spool.entries for spool in made.acceptor.spools.values()):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_requests_that_arrive_together_go_together(tmp_path: Path) -> None:
    async with world(tmp_path, ack_s=1) as made:
        await asyncio.gather(*(made.acceptor.accept("normal", [record(n, b"%d" % n)]) for n in range(90)))
        assert sorted(made.broker.values()) == sorted(record(n).value for n in range(90))
        assert len(made.broker.batches) <= 6


@pytest.mark.parametrize("trouble", ["away", "silent"])
async def test_without_acknowledgement_the_spool_has_it(tmp_path: Path, trouble: str) -> None:
    async with world(tmp_path) as made:
        setattr(made.broker, trouble, True)
        await made.acceptor.accept("normal", [record(1), record(2, topic="u")])
        assert made.acceptor.spools["normal"].entries == 1
        await made.acceptor.accept("urgent", [record(3)])
        setattr(made.broker, trouble, False)
        await eventually_empty(made)
        assert set(made.broker.values()) == {b"1;", b"2;", b"3;"}


async def test_nothing_goes_past_the_spool(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        made.broker.away = True
        await made.acceptor.accept("normal", [record(0)])
        for number in range(1, 30):
            made.broker.away = number < 10
            await made.acceptor.accept("normal", [record(number)])
        await eventually_empty(made)
        assert made.broker.values() == [record(n).value for n in range(30)]


async def test_the_other_lane_goes_on(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        made.broker.refuses = b"never"
        made.acceptor.spools["normal"].entries += 1
        await made.acceptor.accept("urgent", [record(1)])
        made.acceptor.spools["normal"].entries -= 1
        assert made.broker.values() == [b"1;"]


async def test_what_is_refused_for_good_stops_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        made.broker.refuses = b"13;"
        await asyncio.gather(*(made.acceptor.accept("normal", [record(n)]) for n in range(20)))
        await eventually_empty(made)
        assert made.acceptor.spools["normal"].refused == 1
        assert set(made.broker.values()) == {record(n).value for n in range(20) if n != 13}


async def test_a_full_spool_says_when_to_come_again(tmp_path: Path) -> None:
    async with world(tmp_path, max_bytes=2_000) as made:
        made.broker.away = True
        with pytest.raises(Problem) as caught:
            await asyncio.gather(*(made.acceptor.accept("normal", [record(number)]) for number in range(200)))
        await asyncio.sleep(0.2)
        assert (caught.value.status, caught.value.reason) == (503, "spool_full")
        assert caught.value.headers is not None
        assert 2 <= int(caught.value.headers["Retry-After"]) <= 8
        made.broker.away = False
        await eventually_empty(made)
        await made.acceptor.accept("normal", [record(999)])


async def test_after_a_restart_new_requests_go_behind_the_old_ones(tmp_path: Path) -> None:
    async with world(tmp_path) as first:
        first.broker.away = True
        for number in range(5):
            await first.acceptor.accept("normal", [record(number)])
    async with world(tmp_path) as second:
        assert second.acceptor.spools["normal"].entries == 5
        for number in range(5, 10):
            await second.acceptor.accept("normal", [record(number)])
        await eventually_empty(second)
        assert second.broker.values() == [record(n).value for n in range(10)]


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_the_broker_does_nothing_acknowledged_is_lost(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with world(tmp_path, ack_s=0.02) as made:

        async def caller(name: int) -> None:
            for step in range(20):
                await made.acceptor.accept("normal", [record(100 * name + step, b"%d" % name)])
                await asyncio.sleep(chance.random() * 0.005)

        async def trouble() -> None:
            while True:
                made.broker.away, made.broker.silent = chance.random() < 0.4, chance.random() < 0.2
                await asyncio.sleep(chance.random() * 0.05)

        chaos = asyncio.create_task(trouble())
        await asyncio.gather(*(caller(name) for name in range(8)))
        chaos.cancel()
        made.broker.away = made.broker.silent = False
        await eventually_empty(made)
        for name in range(8):
            seen = [n for n in (int(value[:-1]) for value in made.broker.values()) if n // 100 == name]
            assert seen == [100 * name + step for step in range(20)]


async def test_ready_while_there_is_room(tmp_path: Path) -> None:
    size = len(msgspec.msgpack.encode([record(1)]))
    async with world(tmp_path, max_bytes=2 * size) as made:
        made.broker.away = True
        await made.acceptor.accept("normal", [record(1)])
        assert made.acceptor.ready()
        await made.acceptor.accept("normal", [record(2)])
        assert not made.acceptor.ready()
