"""What a payer makes of a gateway that delivers, fails, hangs or is away."""

from collections.abc import AsyncIterator

import pytest

from services.notify.gateway import REQUEST_S
from services.notify.testing import Mood
from shared.events.commands import COMMANDS, SettleReply
from shared.events.deliveries import DELIVERIES, MessageDelivery
from shared.events.envelope import decode
from tests.unit.notify.world import COMMANDS_TOPIC, NUMBER, REMEMBERING, TOPICS, Paying, World, case_of, owed, settled

CASE = case_of("a")
LATER = REQUEST_S + 1


@pytest.fixture
async def one() -> AsyncIterator[Paying]:
    made = Paying(World()).start()
    yield made
    made.process.crash()


@pytest.fixture
async def remembering() -> AsyncIterator[Paying]:
    made = Paying(World(REMEMBERING)).start()
    yield made
    made.process.crash()


def told(world: World) -> list[tuple[str, int, str]]:
    deliveries = [DELIVERIES.data(decode(stored.value)) for stored in world.log.all(TOPICS.deliveries)]
    return [(data.channel, data.attempt, data.outcome) for data in deliveries if isinstance(data, MessageDelivery)]


async def test_a_reply_is_sent_told_and_settled_as_soon_as_it_is_owed(one: Paying) -> None:
    await one.read(owed(CASE, "o1", 3))
    await one.payer.idle()
    (effect,) = one.world.gateway.accepted
    assert (effect.to, "SJZ-1" in effect.text, "已解决" in effect.text) == (NUMBER, True, True)
    assert told(one.world) == [("sms", 1, "delivered")]
    assert len(one.world.settle_commands("o1")) == 1
    assert one.world.debt(CASE, "o1").status == "settled_sent"
    await one.read(settled(CASE, "o1", 4))
    assert one.world.debt(CASE, "o1").status == "settled"


async def test_no_number_and_no_answer_goes_over_the_bus(one: Paying) -> None:
    await one.read(owed(CASE, "o1", 3))
    await one.payer.idle()
    for topic in (COMMANDS_TOPIC, TOPICS.deliveries):
        for stored in one.world.log.all(topic):
            assert NUMBER.encode() not in (stored.value or b"")


async def test_a_definite_failure_is_followed_by_another_attempt(one: Paying) -> None:
    one.gateway.mood = "fail"
    await one.read(owed(CASE, "o1", 3))
    await one.payer.idle()
    one.gateway.mood = "ok"
    await one.after(2)
    assert told(one.world) == [("sms", 1, "failed"), ("sms", 2, "delivered")]
    assert len(one.world.gateway.accepted) == 1


async def test_a_call_follows_when_the_text_has_failed_twice(one: Paying) -> None:
    one.gateway.mood = "fail"
    await one.read(owed(CASE, "o1", 3))
    await one.after(2)
    one.gateway.mood = "ok"
    await one.after(3)
    assert told(one.world) == [("sms", 1, "failed"), ("sms", 2, "failed"), ("voice", 1, "delivered")]
    (effect,) = one.world.gateway.accepted
    assert (effect.channel, "一二三四五" in effect.text) == ("voice", True)
    (settle,) = [COMMANDS.data(decode(stored.value)) for stored in one.world.log.all(COMMANDS_TOPIC)]
    assert isinstance(settle, SettleReply)
    assert settle.how == "voice"


async def test_definite_failures_on_every_channel_leave_it_to_a_person(one: Paying) -> None:
    one.gateway.mood = "fail"
    await one.read(owed(CASE, "o1", 3))
    for _ in range(6):
        await one.after(10)
    assert one.world.debt(CASE, "o1").status == "unreachable"
    assert len(one.world.gateway.puts) == len(set(one.world.gateway.puts)) == 4
    assert not one.world.settle_commands("o1")


async def test_silence_is_not_asked_about_before_the_timeout_and_then_delivered(one: Paying) -> None:
    one.gateway.mood = "accept_then_hang"
    await one.read(owed(CASE, "o1", 3))
    await one.payer.idle()
    await one.after(REQUEST_S - 1)
    assert one.world.debt(CASE, "o1").status == "sending"
    await one.after(2)
    assert one.world.debt(CASE, "o1").status == "settled_sent"
    assert len(one.world.gateway.puts) == 1


async def test_what_a_remembering_gateway_denies_is_sent_again_under_the_same_id(remembering: Paying) -> None:
    remembering.gateway.mood = "hang"
    await remembering.read(owed(CASE, "o1", 3))
    await remembering.after(LATER)
    remembering.gateway.mood = "ok"
    await remembering.after(3)
    assert remembering.world.debt(CASE, "o1").status == "settled_sent"
    assert len(set(remembering.world.gateway.puts)) == 1
    assert len(remembering.world.gateway.accepted) == 1


@pytest.mark.parametrize("mood", ["hang", "forget"])
async def test_what_a_forgetful_gateway_denies_is_unknown_and_told_by_a_person(one: Paying, mood: Mood) -> None:
    one.gateway.mood = mood
    await one.read(owed(CASE, "o1", 3))
    await one.after(LATER)
    one.gateway.mood = "ok"
    await one.after(60)
    assert one.world.debt(CASE, "o1").status == "unknown"
    assert told(one.world) == [("sms", 1, "unknown")]
    assert len(one.world.gateway.puts) == 1


async def test_a_gateway_that_breaks_its_promise_tells_twice_under_one_id(remembering: Paying) -> None:
    """What no sender can prevent; the ledger counts the messages, not their ids."""
    remembering.gateway.mood = "forget"
    await remembering.read(owed(CASE, "o1", 3))
    await remembering.after(LATER)
    remembering.gateway.mood = "ok"
    await remembering.after(3)
    assert len(remembering.world.gateway.accepted) == 2
    assert len(set(remembering.world.gateway.puts)) == 1


async def test_when_nobody_answers_it_is_unknown_and_nothing_more_is_sent(one: Paying) -> None:
    one.gateway.mood = one.gateway.asks = "hang"
    await one.read(owed(CASE, "o1", 3))
    for _ in range(8):
        await one.after(40)
    assert one.world.debt(CASE, "o1").status == "unknown"
    assert told(one.world) == [("sms", 1, "unknown")]
    one.gateway.mood = one.gateway.asks = "ok"
    await one.after(1000)
    assert len(one.world.gateway.puts) == 1


async def test_a_gateway_that_is_away_uses_up_no_attempt(one: Paying) -> None:
    one.gateway.mood = "away"
    await one.read(owed(CASE, "o1", 3))
    for _ in range(10):
        await one.after(60)
    one.gateway.mood = "ok"
    await one.after(60)
    assert told(one.world) == [("sms", 1, "delivered")]


async def test_a_number_that_cannot_be_read_goes_to_a_person(one: Paying) -> None:
    await one.read(owed(CASE, "o1", 3, sealed="k1.nonsense"))
    await one.payer.idle()
    assert one.world.debt(CASE, "o1").status == "unreachable"
    assert not one.world.gateway.puts


async def test_only_the_owner_of_the_partition_pays(one: Paying) -> None:
    one.owns = set()
    await one.read(owed(CASE, "o1", 3))
    await one.after(10)
    assert one.world.debt(CASE, "o1").status == "owed"
    one.owns = set(range(one.world.log.partitions))
    await one.after(1)
    assert one.world.debt(CASE, "o1").status == "settled_sent"


async def test_several_reporters_of_a_case_are_each_told_once(one: Paying) -> None:
    await one.read(owed(CASE, "o1", 3), owed(CASE, "o2", 4), owed(case_of("b"), "o3", 2))
    await one.payer.idle()
    assert {debt.status for debt in one.world.debts()} == {"settled_sent"}
    assert len(one.world.gateway.accepted) == 3


async def test_a_stopping_payer_begins_nothing_more(one: Paying) -> None:
    await one.payer.drain(1.0)
    await one.read(owed(CASE, "o1", 3))
    await one.payer.idle()
    assert not one.world.gateway.puts


async def test_what_waits_is_counted() -> None:
    world = World()
    paying = Paying(world).start()
    paying.gateway.mood = "fail"
    await paying.read(owed(case_of("a"), "o", 1))
    assert (await paying.store.counts())["due"] == 1
    for _ in range(6):
        await paying.after(60)
    assert await paying.store.counts() == {"due": 0, "unknown": 0, "unreachable": 1}
    paying.process.crash()
