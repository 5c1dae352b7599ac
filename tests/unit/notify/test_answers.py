"""An answer to many stands in their case's document once."""

from typing import Any

import msgspec

from services.notify.domain.debts import Debts
from services.notify.store import read_debts
from tests.unit.notify.world import Paying, World, case_of, noticed, owed, settled

CASE = case_of("a")
ANSWER = "答" * 20_000
OLD: dict[str, Any] = {
    "obligation": "o1", "kind": "reply", "until": None, "event": "e", "trace": "", "number": "SJZ-1", "contact": "c",
    "masked": "m", "sealed": "s", "answer": "已解决", "status": "owed", "channel": "sms", "attempt": 1, "since": 0.0,
    "due": 1.0, "asks": 0, "waits": 0, "version": "", "how": "", "proof": "", "command": "",
}  # fmt: skip


async def told(*answers: str) -> Paying:
    """One reporter after the other is owed his answer; nothing is paid yet."""
    made = Paying(World())
    made.handler.payer = None
    await made.read(*(owed(CASE, f"o{n}", n, answer=answer) for n, answer in enumerate(answers, 1)))
    return made


def stored(one: Paying) -> bytes:
    return msgspec.json.encode(one.world.table.rows[CASE]["state"])


async def test_three_hundred_reporters_of_a_long_answer_cost_it_once() -> None:
    one = await told(*[ANSWER] * 300)
    assert stored(one).count(ANSWER.encode()) == 1
    assert len(stored(one)) < len(ANSWER.encode()) + 300 * 800


async def test_each_is_told_his_own() -> None:
    one = await told("甲", "乙", "甲")
    one.start()
    await one.after(60)
    assert ["甲" in effect.text for effect in one.world.gateway.accepted] == [True, False, True]
    one.process.crash()


async def test_an_answer_is_kept_until_the_last_who_waits_for_it_was_told() -> None:
    one = await told("甲", "乙", "甲")
    await one.read(settled(CASE, "o1", 4))
    assert sorted(read_debts(one.world.table.rows[CASE]).answers.values()) == ["乙", "甲"]
    await one.read(settled(CASE, "o3", 5))
    assert "甲".encode() not in stored(one)
    await one.read(settled(CASE, "o2", 6))
    assert read_debts(one.world.table.rows[CASE]).answers == {}


async def test_a_notice_that_was_told_leaves_no_words() -> None:
    one = Paying(World()).start()
    await one.read(noticed(CASE, "n1", 3))
    await one.payer.idle()
    assert "等待配件".encode() not in stored(one)
    one.process.crash()


def test_a_document_from_before_keeps_its_answers() -> None:
    debts = msgspec.convert({"by_id": {"o1": OLD}}, Debts)
    assert debts.whole(debts.by_id["o1"]).answer == "已解决"
    debts.forget()
    assert debts.whole(debts.by_id["o1"]).answer == "已解决"
