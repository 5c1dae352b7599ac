"""One call may leave two numbers, and somebody may come again: each wait is owed under an id of its own, and ends."""

from services.dispatch.domain.case import Case
from services.dispatch.domain.states import state_of
from shared.events import cases as e
from shared.events import commands as c
from tests.factories import LEAD, case_of, register, reporter
from tests.unit.dispatch.test_orders import do, names, of, refused

EVENT = case_of("e9")


def answered(case: Case) -> list[e.ReplyOwed]:
    order = of(case, LEAD)
    done = do(case, c.Sign(order=order), c.Answer(order=order, public_answer="a"), c.Audit(order=order, passed=True))
    return [event for event in done if isinstance(event, e.ReplyOwed)]


def settled(case: Case, owed: list[e.ReplyOwed]) -> None:
    for one in owed:
        do(case, c.SettleReply(obligation=one.obligation, how="sms"))


def test_two_numbers_left_in_one_call_are_told_both() -> None:
    case = Case(id=case_of())
    do(case, register(), c.Attach(reporter=reporter("c1", "li")))
    owed = answered(case)
    assert len({one.obligation for one in owed}) == 2
    settled(case, owed)
    assert state_of(case) == "PENDING_CALLBACK"


def test_a_number_left_later_in_an_anonymous_call_is_told() -> None:
    case = Case(id=case_of())
    do(case, register(reporter=reporter("c1", "")), c.Attach(reporter=reporter("c1", "wang")))
    owed = answered(case)
    settled(case, owed)
    assert (len(owed), state_of(case)) == (1, "PENDING_CALLBACK")


def test_two_matters_of_one_call_that_become_one_case_are_told_apart() -> None:
    case = Case(id=case_of())
    do(case, register())
    twice = tuple(c.Carried(reporter=reporter("c1"), number=number) for number in ("SJZ-2", "SJZ-3"))
    (taken,) = do(case, c.Absorb(merge="m1", source=case_of("b"), number="SJZ-2", reporters=twice))
    assert isinstance(taken, e.CaseAbsorbed)
    assert len({*taken.obligations, *(debt.id for debt in case.debts)}) == 3
    settled(case, answered(case))
    assert not case.unpaid()


def test_whoever_took_his_request_back_and_comes_again_waits_again() -> None:
    case = Case(id=case_of())
    do(case, register(), c.Withdraw(reason="settled"))
    assert names(do(case, c.Attach(reporter=reporter("c2")))) == ["ContactAttached", "CaseReopenRequested"]
    assert refused(case, c.Close(reason="r")) == "debts_open"


def test_what_many_are_told_names_the_case_that_each_knows() -> None:
    case = Case(id=case_of())
    do(case, register(), c.Link(event_case=EVENT, reason="r"))
    came = c.Carried(reporter=reporter("c5", "li"), number="SJZ-OTHER")
    do(case, c.Absorb(merge="m1", source=case_of("b"), number="SJZ-OTHER", reporters=(came,)))
    told = do(case, c.TakeAnswer(event_case=EVENT, link=1, answer="{number}: mended"))
    answers = {event.number: event.answer for event in told if isinstance(event, e.ReplyOwed)}
    assert answers == {"SJZ-1": "SJZ-1: mended", "SJZ-OTHER": "SJZ-OTHER: mended"}


def test_a_blank_answer_is_none() -> None:
    case = Case(id=case_of())
    do(case, register())
    do(case, c.Sign(order=of(case, LEAD)))
    assert refused(case, c.Answer(order=of(case, LEAD), public_answer=" \n")) == "blank_answer"
