"""The spool on a real disk: order, groups, bounds, restarts, and kill -9 at any moment."""

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from services.intake.spool import Spool, SpoolFull
from shared.records import Record

ROOM = 8 * 1024 * 1024


def request(number: int) -> list[Record]:
    return [Record("t", b"k", b"%d" % number, (("h", b"v"),)), Record("u", b"k", b"%d" % number)]


async def opened(folder: Path, room: int = ROOM) -> Spool:
    spool = Spool(folder, "normal", room)
    await spool.open()
    return spool


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    made = await opened(tmp_path)
    yield made
    await made.close()


async def numbers(spool: Spool) -> list[int]:
    return [int(entry.records()[0].value) for entry in await spool.head(100_000)]


async def test_requests_come_back_whole_and_in_order(spool: Spool) -> None:
    for number in range(5):
        await spool.append(request(number))
    entries = await spool.head(3)
    assert [entry.records() for entry in entries] == [request(number) for number in range(3)]
    await spool.delete(entries)
    assert (await numbers(spool), spool.entries) == ([3, 4], 2)


async def test_who_waits_together_is_written_together(spool: Spool) -> None:
    started = time.perf_counter()
    await asyncio.gather(*(spool.append(request(number)) for number in range(3_000)))
    assert await numbers(spool) == list(range(3_000))
    assert time.perf_counter() - started < 60


async def test_it_counts_before_it_has_written(spool: Spool) -> None:
    writing = asyncio.ensure_future(spool.append(request(1)))
    await asyncio.sleep(0)
    assert spool.entries == 1
    await writing


async def test_what_does_not_fit_is_refused_and_room_comes_back(tmp_path: Path) -> None:
    spool = await opened(tmp_path, 200)
    with pytest.raises(SpoolFull):
        await asyncio.gather(*(spool.append(request(number)) for number in range(100)))
    await asyncio.sleep(0.1)
    kept = spool.entries
    assert kept == len(await numbers(spool))
    await spool.delete(await spool.head(kept))
    await spool.append(request(1))
    await spool.close()


async def test_a_restart_finds_everything(tmp_path: Path) -> None:
    first = await opened(tmp_path)
    for number in range(4):
        await first.append(request(number))
    (head, *_) = await first.head(1)
    await first.refuse(head, "too large")
    await first.close()
    second = await opened(tmp_path)
    assert (second.entries, second.refused, await numbers(second)) == (3, 1, [1, 2, 3])
    await second.append(request(9))
    assert await numbers(second) == [1, 2, 3, 9]
    await second.close()


async def test_a_settled_request_stays_on_disk_with_who_and_why(tmp_path: Path) -> None:
    spool = await opened(tmp_path)
    for number in range(2):
        await spool.append(request(number))
    for entry in await spool.head(2):
        await spool.refuse(entry, "too large")
    first, second = await spool.refusals(10)
    assert await spool.settle(first.number, "operator:a", "repeated")
    assert await spool.settle(first.number, "operator:b", "again")
    assert not await spool.settle(99, "operator:a", "no such")
    assert (spool.refused, await spool.refusals(10), second.records()) == (1, [second], request(1))
    await spool.close()
    with closing(sqlite3.connect(tmp_path / "spool.normal.sqlite")) as db:
        assert db.execute("SELECT who, why FROM settled").fetchall() == [("operator:a", "repeated")]
        assert db.execute("SELECT count(*) FROM refused").fetchone() == (2,)


async def test_a_file_of_a_release_that_could_not_settle_is_taken_over(tmp_path: Path) -> None:
    first = await opened(tmp_path)
    await first.append(request(1))
    await first.refuse((await first.head(1))[0], "too large")
    await first.close()
    with closing(sqlite3.connect(tmp_path / "spool.normal.sqlite")) as db:
        db.execute("DROP TABLE settled")
    second = await opened(tmp_path)
    assert second.refused == 1
    await second.close()


@pytest.mark.parametrize("seed", range(4))
async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, seed: int) -> None:
    acknowledged = await asyncio.to_thread(_killed_writer, tmp_path, random.Random(seed).uniform(0.02, 0.3))
    spool = await opened(tmp_path)
    kept = await numbers(spool)
    assert acknowledged <= set(kept)
    assert all(mine == sorted(mine) for mine in ([n for n in kept if n % 10 == caller] for caller in range(10)))
    assert acknowledged
    await spool.append(request(1_000_000))
    await spool.close()


def _killed_writer(folder: Path, after_s: float) -> set[int]:
    """The numbers that a process had acknowledged when it was killed, so many seconds after its first one."""
    argv = [sys.executable, "-m", "tests.contract.test_spool", str(folder)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(after_s)
        writer.kill()
        lines = [first, *writer.stdout.read().split(b"\n")[:-1]]
    return {int(line) for line in lines}


async def _write_for_ever(folder: Path) -> None:
    """Append from ten callers at once; say each number once it is on disk."""
    spool = await opened(folder)

    async def caller(start: int) -> None:
        for number in range(start, 10**6, 10):
            await spool.append(request(number))
            os.write(1, b"%d\n" % number)

    await asyncio.gather(*(caller(start) for start in range(10)))


if __name__ == "__main__":
    asyncio.run(_write_for_ever(Path(sys.argv[1])))
