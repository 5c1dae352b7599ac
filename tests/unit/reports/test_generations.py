"""A rebuild: the old facts answer until the new ones have caught up, and what cannot begin is tried again."""

from typing import Any

import pytest

from services.reports.generations import Generations
from services.reports.numbers import MemoryNumbers
from services.reports.store import MemoryStore
from shared.away import StoreAway
from shared.testing import FakeClock


class FakeReading:
    """Reads nothing; the test says when it has caught up, and how often it cannot start."""

    def __init__(self, number: int, calls: list[str], failures: list[int]) -> None:
        self.number, self.store = number, MemoryStore()
        self.complete = False
        self._calls, self._failures = calls, failures

    async def start(self, works: bool) -> None:
        if self.number in self._failures:
            self._failures.remove(self.number)
            raise StoreAway("fake outage")
        self._calls.append(f"start {self.number}")

    async def stop(self) -> None:
        self._calls.append(f"stop {self.number}")

    async def ping(self) -> bool:
        return True

    async def caught_up(self) -> bool:
        return self.complete

    async def unpark(self, case: str, replaced: Any) -> None:
        return None


class World:
    def __init__(self, works: bool = True) -> None:
        self.calls: list[str] = []
        self.failures: list[int] = []
        self.book, self.clock = MemoryNumbers(), FakeClock()
        self.left: list[str] = []
        self.generations = Generations(self.book, self._new, self._store, self.clock, works, self._leave)

    def _new(self, number: int) -> FakeReading:
        self.latest = FakeReading(number, self.calls, self.failures)
        return self.latest

    async def _leave(self, groups: list[str]) -> None:
        self.left += groups

    def _store(self, number: int) -> MemoryStore:
        made = MemoryStore()
        made.name = str(number)  # type: ignore[attr-defined]
        return made

    @property
    def serving(self) -> str:
        return str(self.generations.served.name)  # type: ignore[attr-defined]


async def test_the_old_facts_answer_until_the_new_ones_have_caught_up() -> None:
    world = World()
    await world.generations.look()
    assert world.calls == []
    await world.book.begin()
    await world.generations.look()
    assert (world.calls, world.serving, world.book.dropped) == (["stop 0", "start 1"], "0", [])
    world.latest.complete = True
    await world.generations.look()
    assert (world.serving, world.book.numbers, world.book.dropped) == ("1", (1, 1), [0])


async def test_a_rebuild_during_a_rebuild_serves_only_the_last() -> None:
    world = World()
    await world.book.begin()
    await world.generations.look()
    first = world.latest
    first.complete = True
    await world.book.begin()
    await world.generations.look()
    assert (world.serving, world.generations.reading.number) == ("0", 2)
    world.latest.complete = True
    await world.generations.look()
    assert (world.serving, world.book.dropped) == ("2", [0, 1])
    sources = ("normal", "urgent", "contacts")
    assert sorted(world.left) == sorted(f"reports.{one}{number}" for one in sources for number in ("", ".1"))


async def test_a_generation_that_cannot_begin_is_tried_again() -> None:
    world = World()
    world.failures = [1]
    await world.book.begin()
    with pytest.raises(StoreAway):
        await world.generations.look()
    await world.generations.look()
    assert world.calls[-1] == "start 1"
    assert world.generations.reading.number == 1


async def test_a_door_follows_but_never_says_that_facts_are_complete() -> None:
    world = World(works=False)
    await world.book.begin()
    await world.generations.look()
    world.latest.complete = True
    await world.generations.look()
    assert (world.serving, world.book.numbers) == ("0", (1, 0))
    await world.book.serve(1)
    await world.generations.look()
    assert (world.serving, world.book.dropped) == ("1", [])
