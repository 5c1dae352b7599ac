"""Random schedules: crashes between any two steps, two owners at once, sends and writes that fail part way."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.away import AWAY
from shared.clock import CHINA
from shared.events.envelope import Envelope
from shared.testing import Process, Schedule
from tests.unit.sla.world import Watching, World, answered, case_of, event, issued, signed

START = datetime(2021, 1, 13, 10, 0, tzinfo=CHINA)
END = START + timedelta(minutes=240)
FAILS = 0.06
SILENT, SIGNED, PROMPT = (case_of(name) for name in ("silent", "signed", "prompt"))


def minute(count: float) -> datetime:
    return START + timedelta(minutes=count)


EVENTS = [
    event(SILENT, 1, START, issued("silent", "P0")),
    event(SIGNED, 1, START, issued("signed", "P0")),
    event(PROMPT, 1, START, issued("prompt", "P0")),
    event(PROMPT, 2, minute(2), signed("prompt")),
    event(SIGNED, 2, minute(12), signed("signed")),
    event(PROMPT, 3, minute(90), answered("prompt")),
]
MUST = {
    ("warn", "sign", "silent"), ("breach", "sign", "silent"), ("sign", "", "silent"),
    ("warn", "resolve", "silent"), ("breach", "resolve", "silent"), ("supervise", "", "silent"),
    ("escalate", "sign", "silent"), ("breach", "progress", "silent"),
    ("warn", "sign", "signed"), ("breach", "sign", "signed"),
    ("warn", "resolve", "signed"), ("breach", "resolve", "signed"),
    ("breach", "contact", "prompt"), ("breach", "progress", "prompt"),
}  # fmt: skip
MUST_NOT = {("breach", "sign", "prompt"), ("breach", "resolve", "prompt")}
Rungs = set[tuple[str, str, str, str, datetime | None]]
MAY = {("sign", "", "signed")}
"""Silence is accepted where it is noticed before the signature comes."""


async def serial() -> Rungs:
    """What one owner tells who reads every event at its moment and never fails."""
    world = World()
    one = Watching(world, START)
    for moment in sorted({known.time for known in EVENTS}):
        await one.fire(moment - timedelta(milliseconds=2))
        await one.read(*(known for known in EVENTS if known.time == moment))
    while await one.fire(END):
        pass
    return {told[1:] for told in world.told()}


class Play:
    """Two processes that both believe to own the partition; any of them may crash at any point."""

    def __init__(self, seed: int) -> None:
        self.schedule = Schedule(seed)
        self.world = World()
        self.now = START
        self.read: list[Envelope] = []
        self.players = [self._player(), self._player()]

    def _player(self, fails: float = FAILS) -> Watching:
        made = Watching(self.world, START, Process(self.schedule), fails)
        made.process.spawn(self._fire(made))
        return made

    async def _fire(self, player: Watching) -> None:
        while True:
            await player.process.point()
            player.known = {0: self.now}
            try:
                await player.timers.fire()
            except AWAY:
                continue

    async def _known_up_to(self, moment: datetime) -> None:
        """Events first, then the horizon: as a partition is read."""
        fresh = [one for one in EVENTS if one.time <= moment and one not in self.read]
        self.read += fresh
        if fresh:
            await Watching(self.world, START).read(*fresh)
        self.now = moment

    async def storm(self) -> None:
        draw = self.schedule.random
        while self.now < END:
            await self._known_up_to(self.now + timedelta(minutes=draw.choice([0.5, 3, 20])))
            for _ in range(draw.randint(1, 15)):
                await self.schedule.point()
            if draw.random() < 0.4:
                number = draw.randrange(2)
                self.players[number].process.crash()
                self.players[number] = self._player()

    async def calm(self) -> None:
        self.players.append(self._player(fails=0.0))
        for _ in range(200):
            await self.schedule.point()


async def play(seed: int) -> World:
    game = Play(seed)

    async def life() -> None:
        await game.storm()
        await game.calm()

    await game.schedule.run(asyncio.ensure_future(life()))
    for player in game.players:
        player.process.crash()
    await asyncio.gather(*(task for one in game.players for task in one.process.tasks), return_exceptions=True)
    return game.world


def _certain(told: tuple[Any, ...]) -> bool:
    """A warning is not told any more once the clock has stopped in time."""
    return told[0] != "warn" and told[:3] not in MAY


def check(world: World, expected: Rungs) -> None:
    told = world.told()
    first = {one[1:] for one in told}
    assert {one for one in first if _certain(one)} == {one for one in expected if _certain(one)}
    assert {one for one in first if one[:3] not in MAY} <= expected
    rungs = {one[:3] for one in first}
    assert rungs >= MUST
    assert not rungs & MUST_NOT
    for order in ("silent", "signed"):
        mine = list(dict.fromkeys(one.verb for one in told if one.order == order and one.clock in ("sign", "")))
        steps = ["warn", "breach", "sign"] if ("sign", "", order) in rungs else ["warn", "breach"]
        assert [verb for verb in mine if verb in steps] == steps
    assert world.clocks(SILENT).next() is None
    assert len({one.id for one in told}) == len(first), "a rung under several ids"


@pytest.mark.parametrize("chunk", range(10))
async def test_every_rung_fires_under_one_id_and_no_other_fires(chunk: int) -> None:
    expected = await serial()
    for seed in range(chunk * 6, chunk * 6 + 6):
        try:
            check(await asyncio.wait_for(play(seed), 20), expected)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error
