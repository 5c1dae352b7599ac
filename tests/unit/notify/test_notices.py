"""A citizen is told that a deadline moved: once, whatever happens, and nothing waits for it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.notify.store import Due
from services.notify.testing import Mood
from shared.events.deliveries import CHANNELS
from shared.ids import derive
from tests.unit.notify.test_schedules import ODDS, Play
from tests.unit.notify.world import COMMANDS_TOPIC, NUMBER, REMEMBERING, TOPICS, Paying, World, case_of, noticed, owed

CASE = case_of("a")


@pytest.fixture
async def one() -> AsyncIterator[Paying]:
    made = Paying(World()).start()
    yield made
    made.process.crash()


async def test_it_is_told_once_and_settles_nothing(one: Paying) -> None:
    await one.read(noticed(CASE, "n1", 3))
    await one.payer.idle()
    (effect,) = one.world.gateway.accepted
    assert (effect.to, "1月13日前办结" in effect.text, "等待配件" in effect.text) == (NUMBER, True, True)
    assert one.world.log.all(COMMANDS_TOPIC) == []
    assert len(one.world.log.all(TOPICS.deliveries)) == 1
    debt = one.world.debt(CASE, "n1")
    assert (debt.status, debt.sealed, debt.answer) == ("settled", "", "")


async def test_the_same_event_again_and_a_restart_tell_it_no_more(one: Paying) -> None:
    await one.read(noticed(CASE, "n1", 3))
    await one.payer.idle()
    await one.read(noticed(CASE, "n1", 3))
    one.process.crash()
    second = Paying(one.world).start()
    await second.read(noticed(CASE, "n1", 3))
    await second.after(60)
    assert len(one.world.gateway.accepted) == 1
    second.process.crash()


async def test_a_number_in_the_reason_goes_out_masked(one: Paying) -> None:
    await one.read(noticed(CASE, "n1", 3, reason="联系人13912345678外出"))
    await one.payer.idle()
    (effect,) = one.world.gateway.accepted
    assert "13912345678" not in effect.text
    assert "139****5678" in effect.text


@pytest.mark.parametrize("mood", ["fail", "hang"])
async def test_where_it_does_not_arrive_nobody_is_asked_to_call(one: Paying, mood: Mood) -> None:
    one.gateway.mood = one.gateway.asks = mood
    await one.read(noticed(CASE, "n1", 3))
    for _ in range(12):
        await one.after(40)
    assert one.world.debt(CASE, "n1").status == "dropped"
    assert one.world.table.rows[CASE]["attention"] is None
    assert one.world.log.all(COMMANDS_TOPIC) == []


async def test_a_date_that_the_answer_overtakes_is_not_told(one: Paying) -> None:
    one.handler.payer = None
    await one.read(noticed(CASE, "n1", 3))
    await one.read(noticed(CASE, "n2", 4))
    await one.read(owed(CASE, "o1", 5))
    assert [one.world.debt(CASE, name).status for name in ("n1", "n2", "o1")] == ["dropped", "dropped", "owed"]
    one.payer.offer([Due(CASE, name, 0) for name in ("n1", "n2", "o1")])
    await one.payer.idle()
    (effect,) = one.world.gateway.accepted
    assert "已解决" in effect.text


@pytest.mark.parametrize("chunk", range(4))
async def test_in_any_schedule_it_is_told_at_most_once_and_ends(chunk: int) -> None:
    for seed in range(chunk * 20, chunk * 20 + 20):
        world = await asyncio.wait_for(_played(seed), 20)
        for name in ("n1", "n2"):
            attempts = {derive(name, channel, number) for channel in CHANNELS for number in (1, 2)}
            told = [effect for effect in world.gateway.accepted if effect.message in attempts]
            status = world.debt(case_of(name), name).status
            assert (len(told) <= 1, status in ("settled", "dropped")) == (True, True), f"seed {seed}"
            assert told or status == "dropped", f"seed {seed}"


async def _played(seed: int) -> World:
    """Two processes that crash at any point, over a gateway that keeps what it took."""
    game = Play(seed, REMEMBERING, ODDS)
    first = Paying(game.world)
    first.handler.payer = None
    await first.read(noticed(case_of("n1"), "n1", 1), noticed(case_of("n2"), "n2", 1))
    for act in (game.storm, game.calm):
        await game.schedule.run(asyncio.ensure_future(act()))
    for player in game.players:
        player.process.crash()
    return game.world
