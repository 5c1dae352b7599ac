"""Random schedules: crashes between any two steps, two owners at once, sends and writes that fail part way."""

import asyncio

import pytest

from services.notify.policy import Messages
from services.notify.testing import Mood
from shared.events.deliveries import CHANNELS
from shared.ids import derive
from shared.testing import Process, Schedule
from tests.unit.notify.world import FORGETFUL, REMEMBERING, Paying, World, case_of, owed

ODDS: dict[Mood, float] = {"fail": 0.08, "hang": 0.1, "accept_then_hang": 0.15, "away": 0.08}
FORGETS: dict[Mood, float] = {**ODDS, "fail": 0.2, "forget": 0.1}
FAILS = 0.05
OBLIGATIONS = [("a", "a1", 1), ("a", "a2", 2), ("b", "b1", 1), ("c", "c1", 1), ("d", "d1", 1)]


class Play:
    """Two processes that may both believe to own everything; any of them may crash at any point."""

    def __init__(self, seed: int, messages: Messages, odds: dict[Mood, float]) -> None:
        self.schedule = Schedule(seed)
        self.world = World(messages)
        self._odds = odds
        self.players = [self._player(), self._player()]
        self.passed = 0.0

    def _player(self) -> Paying:
        return Paying(self.world, Process(self.schedule), FAILS, self._odds).start()

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
                    player.process.spawn(player.payer.scan())

    async def calm(self) -> None:
        """One owner, and time enough for everything to end; the old ones may still wake up."""
        last = Paying(self.world, Process(self.schedule)).start()
        self.players.append(last)
        last.clock.forward(seconds=self.passed)
        for _ in range(12):
            self._forward(40)
            await last.payer.scan()
            await last.payer.idle()


async def play(seed: int, messages: Messages, odds: dict[Mood, float]) -> World:
    game = Play(seed, messages, odds)
    records = [owed(case_of(case), obligation, sequence) for case, obligation, sequence in OBLIGATIONS]
    first = Paying(game.world)
    first.handler.payer = None
    await first.read(*records)
    for act in (game.storm, game.calm):
        await game.schedule.run(asyncio.ensure_future(act()))
    for player in game.players:
        player.process.crash()
    return game.world


def check(world: World) -> None:
    for case, obligation, _ in OBLIGATIONS:
        debt = world.debt(case_of(case), obligation)
        attempts = {derive(obligation, channel, number) for channel in CHANNELS for number in (1, 2)}
        effects = [effect for effect in world.gateway.accepted if effect.message in attempts]
        assert len(effects) <= 1, "told twice"
        assert debt.status in ("settled_sent", "unknown", "unreachable"), "forgotten"
        assert len(world.settle_commands(obligation)) == (1 if debt.status == "settled_sent" else 0)
        if debt.status == "settled_sent":
            assert effects, "settled without having been told"
        if debt.status == "unreachable":
            assert not effects, "a person calls although the message was taken"


@pytest.mark.parametrize(("messages", "odds"), [(REMEMBERING, ODDS), (FORGETFUL, FORGETS)], ids=["kept", "forgotten"])
@pytest.mark.parametrize("chunk", range(10))
async def test_nobody_is_told_twice_and_nobody_is_forgotten(
    chunk: int, messages: Messages, odds: dict[Mood, float]
) -> None:
    for seed in range(chunk * 20, chunk * 20 + 20):
        try:
            check(await asyncio.wait_for(play(seed, messages, odds), 20))
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error
