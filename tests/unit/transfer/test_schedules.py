"""Random schedules: crashes between any two steps, two owners at once, sends and writes that fail part way."""

import asyncio

import pytest

from services.transfer.testing import Mood
from shared.testing import Process, Schedule
from tests.unit.transfer.world import Serving, World, asked, case_of, event, life

ODDS: dict[Mood, float] = {"refuse": 0.05, "hang": 0.1, "accept_then_hang": 0.15, "away": 0.15}
FAILS = 0.05
TRANSFERS = [("a", "a1", 3), ("a", "a2", 4), ("b", "b1", 2), ("c", "c1", 2)]


class Play:
    """Two processes that may both believe to own everything; any of them may crash at any point."""

    def __init__(self, seed: int) -> None:
        self.schedule = Schedule(seed)
        self.world = World()
        self.players = [self._player(), self._player()]
        self.passed = 0.0
        self.received = ""

    def _player(self) -> Serving:
        return Serving(self.world, Process(self.schedule), FAILS, ODDS).start()

    def _replace(self) -> None:
        number = self.schedule.random.randrange(len(self.players))
        self.players[number].process.crash()
        self.players[number] = self._player()
        self.players[number].clock.forward(seconds=self.passed)

    def _forward(self, seconds: float) -> None:
        self.passed += seconds
        for player in self.players:
            player.clock.forward(seconds=seconds)

    async def storm(self) -> None:
        for _ in range(60):
            await self.schedule.point()
            player = self.schedule.random.choice(self.players)
            match self.schedule.random.randrange(10):
                case 0:
                    self._replace()
                case 1 | 2 | 3:
                    self._forward(self.schedule.random.uniform(0, 6))
                case 4:
                    player.owns = set() if player.owns else {0, 1}
                case _:
                    player.process.spawn(player.sender.scan())

    async def calm(self) -> None:
        """One owner, and time enough for everything to end; the old ones may still wake up."""
        last = Serving(self.world, Process(self.schedule)).start()
        self.players.append(last)
        last.clock.forward(seconds=self.passed)
        for _ in range(8):
            self._forward(70)
            await last.sender.scan()
            await last.sender.idle()


async def play(seed: int) -> World:
    game = Play(seed)
    first = Serving(game.world)
    first.handler.sender = None
    await first.read(*(event(case_of(case), sequence, asked(own)) for case, own, sequence in TRANSFERS))
    game.received = await first.received()
    await first.read(*(event(game.received, number, data) for number, data in enumerate(life(), 1)))
    for act in (game.storm, game.calm):
        await game.schedule.run(asyncio.ensure_future(act()))
    for player in game.players:
        player.process.crash()
    check_updates(game.world, game.received)
    return game.world


def check_updates(world: World, case: str) -> None:
    """Each is taken once or refused, and none before its predecessor."""
    taken = [number for transfer, number in world.partners.taken if transfer == "transfer-1"]
    refused = {number for transfer, number in world.partners.refused if transfer == "transfer-1"}
    assert taken == sorted(taken), "out of order"
    assert {*taken, *refused} == {1, 2, 3}, "forgotten"
    assert all(update.out.over() for update in world.received(case).updates)


def check(world: World) -> None:
    partners = world.partners
    assert len(partners.taken) == len(set(partners.taken)), "taken twice"
    for case, transfer, _ in TRANSFERS:
        sent, key = world.sent(case_of(case), transfer), (transfer, 0)
        assert sent.out.status == ("done" if key in partners.taken else "refused"), "forgotten"
        assert world.steps(transfer) == ["receipted" if key in partners.taken else "refused"], "told otherwise"
        bodies = {body for body in partners.posts if transfer.encode() in body}
        assert len(bodies) == 1, "an attempt said something else"


@pytest.mark.parametrize("chunk", range(10))
async def test_every_transfer_gets_one_receipt_or_one_refusal(chunk: int) -> None:
    for seed in range(chunk * 20, chunk * 20 + 20):
        try:
            check(await asyncio.wait_for(play(seed), 20))
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error
