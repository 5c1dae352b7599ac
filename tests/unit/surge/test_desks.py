"""What a department with a feed does next, record by record."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from hotline.surge.desks import Desks, Reply
from hotline.surge.mix import Chance, load_mix
from hotline.surge.rounds import LATER_S, World
from hotline.surge.wall import Wall
from shared.events.envelope import Envelope

UNIT = "130100-02-001"
START = datetime(2021, 1, 13, tzinfo=UTC)


def desks(began: datetime = START, **shares: float) -> Desks:
    """Departments that sign everything at once, but for these shares."""
    calm = {"silent": 0.0, "returned": 0.0, "disputed": 0.0, "extended": 0.0}
    mix = load_mix()
    plan = mix.model_copy(update={"departments": mix.departments.model_copy(update=calm | shares)})
    return Desks(World("r", began, plan, Chance(1), (UNIT,), (), Wall()))


class Feed:
    """Records of one order, in their sequence."""

    def __init__(self, desks: Desks) -> None:
        self.desks = desks
        self._step = 0

    def tell(self, kind: str, now: float = 0.0, **data: str) -> str:
        """The verb that the department answers with, or empty."""
        self._step += 1
        reply = self.desks.read(UNIT, self._record(kind, data), now)
        return reply.verb if reply else ""

    def _record(self, kind: str, data: dict[str, str]) -> Envelope:
        raw = msgspec.Raw(msgspec.json.encode({"order": "o", **data}))
        return Envelope(
            id=str(self._step), type=f"{kind}.v1", source="/d", subject="N-1", time=START, ordersequence=self._step,
            data=raw,
        )  # fmt: skip

    def again(self, now: float) -> list[Reply]:
        return self.desks.due(now)


def test_it_signs_and_answers() -> None:
    feed = Feed(desks())
    assert feed.tell("work_order.issued") == "sign"
    assert feed.tell("work_order.signed") == "answer"
    assert feed.tell("work_order.sent_back") == "answer"


def test_silence_is_of_the_first_days_only() -> None:
    days = load_mix().departments.silent_days
    assert not Feed(desks(silent=1.0)).tell("work_order.issued")
    assert Feed(desks(START - timedelta(days=days), silent=1.0)).tell("work_order.issued") == "sign"


def test_more_time_is_asked_once_and_the_answer_follows_whatever_is_said() -> None:
    feed = Feed(desks(extended=1.0))
    feed.tell("work_order.issued")
    assert feed.tell("work_order.signed") == "ask_extension"
    assert feed.tell("work_order.extension_refused") == "answer"
    assert feed.tell("work_order.sent_back") == "answer"


def test_more_time_refused_by_a_rule_is_answered_without() -> None:
    feed = Feed(desks(extended=1.0))
    feed.tell("work_order.issued")
    feed.tell("work_order.signed")
    assert feed.tell("command.rejected", verb="ask_extension") == "answer"


def test_a_disputed_case_is_asked_back_until_the_case_is_arbitrated() -> None:
    feed = Feed(desks(disputed=1.0))
    assert feed.tell("work_order.issued") == "ask_return"
    assert feed.tell("case.arbitration_opened") == "answer"
    assert feed.tell("command.rejected", verb="ask_return") == ""


def test_a_return_that_comes_too_late_is_signed() -> None:
    feed = Feed(desks(returned=1.0))
    feed.tell("work_order.issued")
    assert feed.tell("command.rejected", verb="ask_return") == "sign"


@pytest.mark.parametrize("verb", ["sign", "answer"])
def test_what_a_parked_case_refuses_is_said_again_later_once(verb: str) -> None:
    feed = Feed(desks())
    feed.tell("work_order.issued")
    assert feed.tell("command.rejected", now=5.0, verb=verb) == ""
    assert feed.again(5.0) == []
    assert [reply.verb for reply in feed.again(5.0 + LATER_S)] == [verb]
    assert feed.again(5.0 + LATER_S) == []


def test_a_withdrawn_order_is_left_alone() -> None:
    feed = Feed(desks())
    feed.tell("work_order.issued")
    feed.tell("command.rejected", verb="answer")
    assert feed.tell("work_order.withdrawn") == ""
    assert feed.again(LATER_S) == []


def test_what_is_about_to_be_linked_is_left_until_it_is() -> None:
    made = desks()
    wall = made._world.wall
    wall.reported("N-0")
    wall.reported("N-1")
    feed = Feed(made)
    assert feed.tell("work_order.issued") == ""
    assert feed.again(LATER_S) == []
    del wall.to_link["N-1"]
    assert [reply.verb for reply in feed.again(LATER_S)] == ["sign"]
