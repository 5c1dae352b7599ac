"""What commands make of a case, told in words of the domain."""

from datetime import timedelta

import pytest
from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.decide import decide
from services.dispatch.domain.evolve import evolve
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.states import state_of
from shared.events import cases as e
from shared.events import commands as c
from shared.events.deliveries import CHANNELS
from tests.factories import LEAD, SECOND, START, THIRD, case_of, context, order_of, register, reporter

CASE = case_of()
FIRST = order_of(CASE)


def do(case: Case, *commands: Struct, actor: str = "service:test", hours: float = 0) -> list[str]:
    """Apply commands; the names of the last one's events."""
    events: list[Struct] = []
    at = START + timedelta(hours=hours)
    for command in commands:
        events = decide(case, command, context(actor=actor, at=at, now=at))
        for event in events:
            evolve(case, event, at)
    return [type(event).__name__ for event in events]


def refused(case: Case, command: Struct, actor: str = "service:test", hours: float = 0) -> str:
    with pytest.raises(Rejected) as error:
        do(case, command, actor=actor, hours=hours)
    return error.value.reason


def routed(text: str = "routed") -> Case:
    case = Case(id=CASE)
    do(case, register(text=text))
    return case


def audited(text: str = "routed") -> Case:
    case = routed(text)
    for order in list(case.orders):
        do(case, c.Sign(order=order.id), c.Answer(order=order.id, public_answer=f"by {order.unit}"))
        do(case, c.Audit(order=order.id, passed=True))
    return case


def paid(text: str = "routed") -> Case:
    case = audited(text)
    for debt in case.debts:
        if debt.state == "owed":
            do(case, c.SettleReply(obligation=debt.id, how="sms"))
    return case


def test_a_routed_case_goes_its_way_to_the_end() -> None:
    case = Case(id=CASE)
    assert do(case, register()) == ["CaseRegistered", "CaseDispatched", "WorkOrderIssued"]
    assert state_of(case) == "DISPATCHED"
    assert do(case, c.Sign(order=FIRST)) == ["WorkOrderSigned"]
    assert state_of(case) == "HANDLING"
    assert do(case, c.Answer(order=FIRST, public_answer="done")) == ["WorkOrderAnswered"]
    assert state_of(case) == "PENDING_AUDIT"
    assert do(case, c.Audit(order=FIRST, passed=True)) == ["WorkOrderDone", "ReplyOwed"]
    assert state_of(case) == "PENDING_REPLY"
    assert do(case, c.SettleReply(obligation=case.debts[0].id, how="sms")) == ["ReplySettled"]
    assert state_of(case) == "PENDING_CALLBACK"
    assert do(case, c.FollowUp(solved=True)) == ["CaseFollowedUp", "CaseClosed"]
    assert state_of(case) == "CLOSED"


def test_an_inquiry_answered_at_the_desk_is_a_case_closed_at_birth() -> None:
    case = Case(id=CASE)
    assert do(case, register(answer="open until six")) == ["CaseRegistered", "CaseAnswered", "CaseClosed"]
    assert not case.unpaid()


def test_an_answer_carries_what_it_was_told_from() -> None:
    told = c.Told(article="a", version=4)
    _, answered, _ = decide(Case(id=CASE), register(answer="open until six", knowledge=told), context())
    assert answered == e.CaseAnswered(answer="open until six", knowledge=told)


def test_a_case_nobody_can_route_waits_for_a_dispatcher() -> None:
    case = routed("unclear")
    assert state_of(case) == "PENDING_DISPATCH"
    assert refused(case, c.Assign(lead="nobody")) == "unit_unknown"
    assert do(case, c.Assign(lead=THIRD, supporting=(SECOND, THIRD))) == [
        "CaseDispatched", "WorkOrderIssued", "WorkOrderIssued",
    ]  # fmt: skip
    assert refused(case, c.Assign(lead=THIRD)) == "already_issued"


def test_the_case_waits_for_all_its_units() -> None:
    case = routed("both")
    second = order_of(CASE, SECOND)
    do(case, c.Sign(order=FIRST), c.Answer(order=FIRST, public_answer="a"))
    assert do(case, c.Audit(order=FIRST, passed=True)) == ["WorkOrderDone"]
    assert state_of(case) == "DISPATCHED" or state_of(case) == "HANDLING"
    do(case, c.Sign(order=second), c.Answer(order=second, public_answer="b"))
    assert do(case, c.Audit(order=second, passed=True)) == ["WorkOrderDone", "ReplyOwed"]
    assert case.answer == "a\nb"


def test_an_answer_sent_back_is_answered_again() -> None:
    case = routed()
    do(case, c.Sign(order=FIRST), c.Answer(order=FIRST, public_answer="hm"))
    assert do(case, c.Audit(order=FIRST, passed=False, reason="vague")) == ["WorkOrderSentBack"]
    assert "resolve" not in case.orders[0].stopped
    do(case, c.Answer(order=FIRST, public_answer="done"))
    assert state_of(case) == "PENDING_AUDIT"


def test_a_unit_acts_on_its_own_orders_only() -> None:
    case = routed()
    assert refused(case, c.Sign(order=FIRST), actor=f"unit:{SECOND}") == "not_its_order"
    assert do(case, c.Sign(order=FIRST), actor=f"unit:{LEAD}") == ["WorkOrderSigned"]
    assert refused(case, c.Sign(order=FIRST), actor=f"unit:{LEAD}") == "already_signed"


def test_a_return_goes_to_the_unit_that_is_named_or_was_proposed() -> None:
    case = routed()
    do(case, c.AskReturn(order=FIRST, reason="not_ours"))
    assert refused(case, c.JudgeReturn(order=FIRST, approve=True)) == "no_unit"
    assert do(case, c.JudgeReturn(order=FIRST, approve=True, unit=SECOND)) == ["WorkOrderReturned", "WorkOrderIssued"]
    proposed = routed()
    do(proposed, c.AskReturn(order=FIRST, reason="not_ours", proposed_unit=THIRD))
    do(proposed, c.JudgeReturn(order=FIRST, approve=True))
    assert [order.unit for order in proposed.current()] == [THIRD]


def test_after_the_last_return_the_first_unit_serves_until_the_ruling() -> None:
    case = disputed()
    serving = case.current()[0]
    assert (serving.unit, serving.state, case.arbitration) == (LEAD, "HANDLING", True)
    assert refused(case, c.AskReturn(order=serving.id, reason="not_ours")) == "no_more_returns"
    assert do(case, c.Answer(order=serving.id, public_answer="done")) == ["WorkOrderAnswered"]


def disputed() -> Case:
    case = routed()
    do(case, c.AskReturn(order=FIRST, reason="not_ours"), c.JudgeReturn(order=FIRST, approve=True, unit=SECOND))
    second = order_of(CASE, SECOND, returns=1)
    do(case, c.AskReturn(order=second, reason="not_ours"))
    events = do(case, c.JudgeReturn(order=second, approve=True))
    assert events == ["WorkOrderReturned", "WorkOrderIssued", "CaseArbitrationOpened"]
    return case


def test_the_ruling_puts_a_unit_in_charge_for_good() -> None:
    case, other = disputed(), disputed()
    serving = case.current()[0].id
    assert do(case, c.Arbitrate(order=serving, unit=LEAD, reason="its duty")) == ["CaseArbitrated"]
    assert (case.arbitration, case.current()[0].id) == (False, serving)
    assert refused(case, c.Arbitrate(order=serving, unit=LEAD, reason="again")) == "nothing_to_judge"
    ruled = do(other, c.Arbitrate(order=serving, unit=THIRD, reason="their duty"))
    assert ruled == ["CaseArbitrated", "WorkOrderWithdrawn", "WorkOrderIssued"]
    third = other.current()[0]
    assert (third.unit, other.arbitration) == (THIRD, False)
    assert refused(other, c.AskReturn(order=third.id, reason="not_ours")) == "no_more_returns"


def test_a_refused_return_leaves_the_unit_in_charge() -> None:
    case = routed()
    do(case, c.AskReturn(order=FIRST, reason="not_ours"))
    assert do(case, c.JudgeReturn(order=FIRST, approve=False)) == ["WorkOrderReturnRefused"]
    assert refused(case, c.AskReturn(order=FIRST, reason="not_ours")) == "no_more_returns"
    assert state_of(case) == "HANDLING"


def test_a_case_that_became_urgent_may_be_returned_within_the_short_time_from_there() -> None:
    case = routed()
    do(case, c.Regrade(reason="worse", priority="P1"), actor="dispatcher:d", hours=2)
    asked = c.AskReturn(order=FIRST, reason="not_ours")
    assert refused(case, asked, hours=2.3) == "too_late"
    assert do(case, asked, hours=2.2) == ["WorkOrderReturnAsked"]


def test_becoming_urgent_gives_nobody_his_return_back() -> None:
    case = routed()
    do(case, c.Regrade(reason="worse", priority="P1"), actor="dispatcher:d", hours=30)
    assert refused(case, c.AskReturn(order=FIRST, reason="not_ours"), hours=30.1) == "too_late"


def test_a_late_return_is_refused_and_a_timely_one_undoes_silence() -> None:
    case = routed()
    assert refused(case, c.AskReturn(order=FIRST, reason="not_ours"), hours=25) == "too_late"
    do(case, c.Sign(order=FIRST, due=START + timedelta(hours=24)), actor="service:sla")
    asked = c.AskReturn(order=FIRST, reason="not_ours")
    assert do(case, asked, actor=f"unit:{LEAD}", hours=23) == ["WorkOrderReturnAsked"]


def test_a_unit_that_signs_cannot_say_that_it_was_silent() -> None:
    """Else it could return the order until a moment of its own choice."""
    case = routed()
    mine = c.Sign(order=FIRST, due=START + timedelta(days=3650))
    assert refused(case, mine, actor=f"unit:{LEAD}") == "no_deadline"
    do(case, c.Sign(order=FIRST), actor=f"unit:{LEAD}")
    assert refused(case, c.AskReturn(order=FIRST, reason="not_ours"), actor=f"unit:{LEAD}") == "not_returnable"


def test_a_return_says_why_with_a_code_and_where_needed_the_law() -> None:
    case = routed()
    assert refused(case, c.AskReturn(order=FIRST, reason="too much work")) == "reason_unknown"
    assert refused(case, c.AskReturn(order=FIRST, reason="wrong_area")) == "no_basis"
    assert do(case, c.AskReturn(order=FIRST, reason="wrong_area", basis="rule 3")) == ["WorkOrderReturnAsked"]


def test_each_reporter_has_one_debt_a_cycle() -> None:
    case = routed()
    do(case, c.Attach(reporter=reporter("c2", "wang")))
    assert len(case.debts) == 1
    do(case, c.Attach(reporter=reporter("c3", "li")), c.Attach(reporter=reporter("c4", "")))
    assert [debt.reporter.contact_id for debt in case.debts] == ["c1", "c3"]


def test_who_joins_where_an_answer_stands_is_owed_it_at_once() -> None:
    case = paid()
    assert do(case, c.Attach(reporter=reporter("c2", "li"))) == ["ContactAttached", "ReplyOwed"]
    assert refused(case, c.FollowUp(solved=True)) == "replies_open"


def test_attach_to_a_closed_case_asks_for_reopening() -> None:
    case = paid()
    do(case, c.FollowUp(solved=True))
    joined = do(case, c.Attach(reporter=reporter("c2", "li")))
    assert joined == ["ContactAttached", "ReplyOwed", "CaseReopenRequested"]
    assert state_of(case) == "REOPEN_REQUESTED"
    assert refused(case, c.Close(reason="heard")) == "debts_open"
    do(case, c.SettleReply(obligation=case.debts[-1].id, how="sms"))
    assert do(case, c.Close(reason="heard")) == ["CaseClosed"]


def test_unsolved_opens_a_new_cycle_with_new_debts_and_orders() -> None:
    case = paid("both")
    events = do(case, c.FollowUp(solved=False))
    assert events == ["CaseFollowedUp", "CaseReopened", "WorkOrderIssued", "WorkOrderIssued"]
    assert (case.cycle, len(case.unpaid()), state_of(case)) == (2, 1, "DISPATCHED")


def test_nothing_closes_while_somebody_waits() -> None:
    assert refused(routed("unclear"), c.Close(reason="tired")) == "debts_open"
    anonymous = Case(id=CASE)
    do(anonymous, register(reporter=reporter("c1", "")))
    assert refused(anonymous, c.Close(reason="tired")) == "not_closable"


def test_nobody_waits_for_an_anonymous_case() -> None:
    case = Case(id=CASE)
    do(case, register(reporter=reporter("c1", "")))
    do(case, c.Sign(order=FIRST), c.Answer(order=FIRST, public_answer="done"))
    assert do(case, c.Audit(order=FIRST, passed=True)) == ["WorkOrderDone", "CaseClosed"]


def test_a_suggestion_closes_with_its_reply() -> None:
    case = Case(id=CASE)
    do(case, register(request_type="JY"))
    do(case, c.Sign(order=FIRST), c.Answer(order=FIRST, public_answer="thanks"), c.Audit(order=FIRST, passed=True))
    settled = do(case, c.SettleReply(obligation=case.debts[0].id, how="sms"))
    assert settled == ["ReplySettled", "CaseClosed"]


def test_a_reply_is_settled_once() -> None:
    case = paid()
    assert refused(case, c.SettleReply(obligation=case.debts[0].id, how="sms")) == "not_owed"
    assert refused(case, c.SettleReply(obligation="other", how="sms")) == "not_owed"


def test_a_person_cannot_say_that_a_message_was_sent() -> None:
    case = audited()
    for how in CHANNELS:
        assert (
            refused(case, c.SettleReply(obligation=case.debts[0].id, how=how), actor="supervisor:s") == "not_possible"
        )
    by_phone = c.SettleReply(obligation=case.debts[0].id, how="person")
    assert do(case, by_phone, actor="supervisor:s") == ["ReplySettled"]


def test_deadlines_are_judged_by_domain_time() -> None:
    due = START + timedelta(hours=10)
    early, late = routed(), routed()
    do(early, c.Sign(order=FIRST), hours=9)
    do(late, c.Sign(order=FIRST), hours=11)
    assert refused(early, c.Breach(clock="sign", order=FIRST, due=due), hours=12) == "clock_stopped"
    assert do(late, c.Breach(clock="sign", order=FIRST, due=due), hours=12) == ["DeadlineBreached"]
    assert refused(late, c.Breach(clock="sign", order=FIRST, due=due), hours=12) == "already_breached"
    assert do(late, c.Warn(clock="resolve", order=FIRST, due=due)) == ["DeadlineWarned"]


def test_only_a_closed_case_is_reopened() -> None:
    assert refused(routed(), c.Reopen(reason="why")) == "not_closed"
    case = paid()
    do(case, c.FollowUp(solved=True))
    assert do(case, c.Reopen(reason="it came back")) == ["CaseReopened", "WorkOrderIssued"]


@pytest.mark.parametrize("closed", [False, True])
def test_a_note_is_always_taken_and_changes_no_state(closed: bool) -> None:
    case = paid()
    if closed:
        do(case, c.FollowUp(solved=True))
    before = state_of(case)
    assert do(case, c.Note(text="the caller was told"), actor="agent:a1") == ["CaseNoted"]
    called = c.Note(purpose="reach_unit", callee="health commission", result="promised", promise="a bed by two")
    assert do(case, called, actor="agent:a1") == ["CaseNoted"]
    assert (state_of(case), case.orders[0].state) == (before, "DONE")


def test_a_unit_notes_only_what_it_works_on() -> None:
    case = routed()
    assert do(case, c.Note(text="on our way"), actor=f"unit:{LEAD}") == ["CaseNoted"]
    assert refused(case, c.Note(text="on our way"), actor=f"unit:{THIRD}") == "not_its_case"


def test_an_empty_note_says_nothing() -> None:
    with pytest.raises(ValueError, match="has a text"):
        c.Note()
