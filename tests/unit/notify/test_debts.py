"""The pure rules of a debt."""

from copy import copy

import pytest

from services.notify.domain.debts import (
    Debt,
    Debts,
    Limits,
    Outcome,
    begin,
    claim,
    close,
    conclude,
    message_id,
    refuse,
    settle,
)
from services.notify.domain.view import DebtsView

ONLY_SMS = Limits(channels=(("sms", 2),), asks=2, first_wait_s=1.0, longest_wait_s=4.0)
LIMITS = Limits(channels=(("sms", 2), ("voice", 1)), asks=2, first_wait_s=1.0, longest_wait_s=4.0)


def debt() -> Debt:
    return Debt(obligation="o", event="e", trace="", number="n", masked="m", sealed="s", answer="a")


def sending(attempt: int = 1) -> Debt:
    made = debt()
    made.attempt = attempt
    assert begin(made, 100.0, 105.5, "v1")
    return made


def last() -> Debt:
    """The last attempt on the last channel."""
    made = debt()
    made.channel = "voice"
    assert begin(made, 100.0, 105.5, "v1")
    return made


def concluded(one: Debt, kind: str, asked: bool = False) -> bool:
    return conclude(one, copy(one), Outcome(kind, "d"), now=110.0, limits=LIMITS, asked=asked)  # type: ignore[arg-type]


def test_an_owed_debt_is_begun_once() -> None:
    one = sending()
    assert (one.status, one.since, one.due, one.version) == ("sending", 100.0, 105.5, "v1")
    assert not begin(one, 200.0, 205.0, "v1")


def test_a_definite_failure_uses_up_an_attempt_and_changes_the_id() -> None:
    one = sending()
    first = message_id(one)
    assert concluded(one, "failed")
    assert (one.status, one.attempt, one.due) == ("owed", 2, 111.0)
    assert message_id(one) != first


def test_the_next_channel_follows_when_one_has_failed_for_certain() -> None:
    one = sending(attempt=2)
    first = message_id(one)
    assert concluded(one, "failed")
    assert (one.status, one.channel, one.attempt) == ("owed", "voice", 1)
    assert message_id(one) not in {first, message_id(sending())}


def test_a_channel_that_policy_dropped_leads_to_the_first() -> None:
    one = last()
    was = copy(one)
    assert conclude(one, was, Outcome("failed"), now=110.0, limits=ONLY_SMS, asked=False)
    assert (one.status, one.channel, one.attempt) == ("owed", "sms", 1)


@pytest.mark.parametrize("kind", ["silent", "denied"])
def test_no_channel_follows_where_nobody_knows(kind: str) -> None:
    one = sending(attempt=2)
    for _ in range(LIMITS.asks):
        assert concluded(one, kind, asked=True)
        if kind == "denied":
            break
    assert (one.status, one.channel, one.due) == ("unknown", "sms", 0.0)


def test_the_last_definite_failure_hands_over_to_a_person() -> None:
    one = last()
    assert concluded(one, "failed")
    assert (one.status, one.due) == ("unreachable", 0.0)


@pytest.mark.parametrize(("kind", "asked"), [("away", False), ("not_taken", True)])
def test_what_was_not_sent_keeps_its_attempt_and_waits_longer_each_time(kind: str, asked: bool) -> None:
    one = sending()
    first = message_id(one)
    for wait in (1.0, 2.0, 4.0, 4.0):
        assert concluded(one, kind, asked)
        assert (one.status, one.due, message_id(one)) == ("owed", 110.0 + wait, first)
        assert begin(one, 200.0, 205.5, "v1")


def test_silence_is_asked_about_and_then_unknown() -> None:
    one = sending()
    assert not concluded(one, "silent")
    assert concluded(one, "silent", asked=True)
    assert (one.status, one.due) == ("sending", 111.0)
    assert concluded(one, "silent", asked=True)
    assert one.status == "unknown"


def test_a_question_that_finds_no_gateway_is_no_question() -> None:
    one = sending()
    for _ in range(9):
        assert concluded(one, "away", asked=True)
    assert (one.status, one.asks) == ("sending", 0)


def test_an_old_owners_failure_does_not_undo_what_the_new_one_began() -> None:
    one, was = sending(), sending()
    was.since = 50.0
    assert not conclude(one, was, Outcome("failed"), now=110.0, limits=LIMITS, asked=False)
    assert one.status == "sending"


def test_a_delivery_counts_whoever_heard_of_it() -> None:
    one = sending()
    one.status = "unknown"
    assert concluded(one, "delivered")
    assert (one.status, one.how, one.proof) == ("settled_sent", "sms", "d")
    assert not settle(one, "person", "call")


def test_of_two_persons_the_one_who_claimed_last_is_noted_and_a_refusal_of_his_counts() -> None:
    one = last()
    concluded(one, "failed")
    assert claim(one, "first")
    assert claim(one, "second")
    assert not refuse(one, "first")
    assert not settle(one, "person", "call", "first")
    assert settle(one, "person", "call", "second")
    assert refuse(one, "second")
    assert (one.status, one.how, one.refused) == ("unreachable", "", ["second"])


def test_a_closed_debt_forgets_number_and_answer() -> None:
    one = sending()
    close(one, "sms", "p")
    assert (one.status, one.sealed, one.answer, one.due) == ("settled", "", "", 0.0)
    assert not concluded(one, "failed")


def test_the_index_names_the_earliest_action_and_what_waits_for_a_person() -> None:
    first, second = sending(), last()
    state = Debts(by_id={"a": first, "b": second})
    concluded(second, "failed")
    index = DebtsView().index(state)
    assert index["next"].timestamp() == 105.5
    assert index["attention"] == ["unreachable"]
    close(first, "sms", "p")
    close(second, "person", "p")
    assert DebtsView().index(state) == {"next": None, "attention": None}
