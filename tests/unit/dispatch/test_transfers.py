"""A case goes to a partner and comes back: with its result, or refused; it never closes meanwhile."""

from datetime import timedelta
from typing import Any, Literal

import pytest
from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.decide import decide
from services.dispatch.domain.evolve import evolve
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.states import state_of
from services.dispatch.domain.transfers import NEXT, NO_ANSWER
from shared.events import cases as e
from shared.events import commands as c
from tests.factories import LEAD, START, case_of, context, order_of, register, reporter

CASE = case_of()
FIRST = order_of(CASE)


def do(case: Case, *commands: Struct, hours: float = 0) -> list[Struct]:
    """Apply commands; the last one's events."""
    events: list[Struct] = []
    at = START + timedelta(hours=hours)
    for command in commands:
        events = decide(case, command, context(at=at, now=at))
        for event in events:
            evolve(case, event, at)
    return events


def names(events: list[Struct]) -> list[str]:
    return [type(event).__name__ for event in events]


def refused(case: Case, command: Struct, hours: float = 0) -> str:
    with pytest.raises(Rejected) as error:
        do(case, command, hours=hours)
    return error.value.reason


def ask(target: str = "130200", *, consent: bool = True) -> c.AskTransfer:
    return c.AskTransfer(target=target, reason="another city's road", asked_action="help him on", consent=consent)


def opened(text: str = "unclear", name: str = "wang", **more: Any) -> Case:
    case = Case(id=CASE)
    do(case, register(text=text, reporter=reporter("c1", name), **more))
    return case


def asked(text: str = "unclear", name: str = "wang", **more: Any) -> Case:
    case = opened(text, name, **more)
    do(case, ask())
    return case


def step(case: Case, name: c.TransferStep, text: str = "", number: int = 0, **more: object) -> c.RecordTransfer:
    return c.RecordTransfer(transfer=case.transfers[number].id, step=name, text=text, **more)  # type: ignore[arg-type]


def test_a_transferred_case_comes_back_with_its_result_and_is_answered() -> None:
    case = opened()
    (event,) = do(case, ask())
    assert isinstance(event, e.TransferAsked)
    assert (event.kind, event.person.sealed, event.number) == ("city", "k1.wang", "SJZ-1")
    assert state_of(case) == "TRANSFERRED"
    assert names(do(case, step(case, "receipted"))) == ["TransferReceipted"]
    assert names(do(case, step(case, "accepted"))) == ["TransferAccepted"]
    assert names(do(case, step(case, "progressed", "on the road"))) == ["TransferProgressed"]
    assert names(do(case, step(case, "progressed", "nearly there"))) == ["TransferProgressed"]
    _, owed = do(case, step(case, "completed", "he has passed"))
    assert isinstance(owed, e.ReplyOwed)
    assert (owed.answer, case.answer) == ("he has passed", "he has passed")
    assert state_of(case) == "PENDING_REPLY"
    do(case, c.SettleReply(obligation=case.debts[0].id, how="sms"))
    assert names(do(case, c.FollowUp(solved=True)))[-1] == "CaseClosed"


def test_what_a_partner_did_not_solve_waits_for_a_dispatcher() -> None:
    case = asked()
    do(case, step(case, "receipted"), step(case, "accepted"), step(case, "completed", "he has passed"))
    do(case, c.SettleReply(obligation=case.debts[0].id, how="sms"))
    assert names(do(case, c.FollowUp(solved=False))) == ["CaseFollowedUp", "CaseReopened"]
    assert state_of(case) == "PENDING_DISPATCH"


def test_without_follow_up_the_last_reply_closes_it() -> None:
    case = asked(request_type="ZX")
    do(case, step(case, "receipted"), step(case, "accepted"), step(case, "completed", "yes"))
    assert names(do(case, c.SettleReply(obligation=case.debts[0].id, how="sms")))[-1] == "CaseClosed"


def test_a_case_nobody_waits_for_closes_with_the_result() -> None:
    case = asked(name="")
    do(case, step(case, "receipted"), step(case, "accepted"))
    assert names(do(case, step(case, "completed", "done"))) == ["TransferCompleted", "CaseClosed"]


def test_personal_data_goes_to_a_city_only_with_consent_and_to_an_emergency_without() -> None:
    case = opened()
    assert refused(case, ask(consent=False)) == "no_consent"
    (event,) = do(case, ask("120", consent=False))
    assert isinstance(event, e.TransferAsked)
    assert (event.kind, event.person.sealed) == ("emergency", "k1.wang")


def test_an_anonymous_case_needs_no_consent() -> None:
    assert names(do(opened(name=""), ask(consent=False))) == ["TransferAsked"]


def test_the_number_that_goes_is_of_somebody_whose_case_it_still_is() -> None:
    """The one who brought it has a case of his own now, or is on his way to it: his number is no part of this one."""
    case = opened()
    do(case, c.Attach(reporter=reporter("c2", "li")))
    split = c.Split(contact_id="c1", title="t", text="his own matter", reason="another matter")
    (gone,) = do(case, split)
    assert isinstance(gone, e.SplitAsked)
    assert refused(case, ask(consent=False)) == "no_consent"
    (meanwhile,) = do(case, ask("130600"))
    do(case, c.RecordSplit(case=gone.case, taken=True))
    (event,) = do(case, ask())
    for one in (meanwhile, event):
        assert isinstance(one, e.TransferAsked)
        assert one.person.sealed == "k1.li"


def test_of_a_case_that_everybody_has_left_no_number_goes() -> None:
    """Its own reporter by a split, the other one by an undone merge."""
    case = opened()
    li = c.Carried(reporter=reporter("c2", "li"), number="SJZ-9")
    do(case, c.Absorb(merge="m", source=case_of("s"), number="SJZ-9", reporters=(li,)))
    (gone,) = do(case, c.Split(contact_id="c1", title="t", text="his own matter", reason="another matter"))
    assert isinstance(gone, e.SplitAsked)
    do(case, c.RecordSplit(case=gone.case, taken=True))
    assert case.reporter == "li**"
    do(case, c.Release(merge="m", source=case_of("s")))
    (event,) = do(case, ask(consent=False))
    assert isinstance(event, e.TransferAsked)
    assert event.person.sealed == ""


def test_one_transfer_to_a_target_at_a_time_and_another_id_after_a_refusal() -> None:
    case = asked()
    assert refused(case, ask()) == "already_transferred"
    do(case, ask("120"))
    do(case, step(case, "refused", reason="not_local"), ask())
    assert len({one.id for one in case.transfers}) == 3


def test_a_refused_transfer_returns_to_a_dispatcher() -> None:
    case = asked()
    do(case, step(case, "receipted"), step(case, "refused", "not ours", reason="not_local"))
    assert state_of(case) == "PENDING_DISPATCH"
    do(case, c.Assign(lead=LEAD))
    assert state_of(case) == "DISPATCHED"


STEPS: list[c.TransferStep] = ["receipted", "accepted", "progressed", "refused", "completed"]
WAYS: dict[str, list[c.TransferStep]] = {
    "asked": [],
    "receipted": ["receipted"],
    "accepted": ["receipted", "accepted"],
    "refused": ["refused"],
    "completed": ["receipted", "accepted", "completed"],
}


@pytest.mark.parametrize("state", WAYS)
@pytest.mark.parametrize("name", STEPS)
def test_only_the_steps_of_the_table_can_follow(state: str, name: c.TransferStep) -> None:
    case = asked()
    do(case, *(step(case, one, "text") for one in WAYS[state]))
    assert case.transfers[0].state == state
    if name in NEXT[case.transfers[0].state]:
        assert do(case, step(case, name, "text"))
    else:
        assert refused(case, step(case, name, "text")) == "out_of_order"


def test_a_case_never_closes_while_a_transfer_is_open() -> None:
    case = asked(name="")
    assert refused(case, c.Close(reason="done")) == "not_closable"
    do(case, step(case, "refused"))
    assert names(do(case, c.Close(reason="done"))) == ["CaseClosed"]


def test_the_last_audit_does_not_close_a_case_whose_transfer_is_open() -> None:
    case = asked("routed", name="")
    assert state_of(case) == "DISPATCHED"
    do(case, c.Sign(order=FIRST), c.Answer(order=FIRST, public_answer="our part"))
    assert names(do(case, c.Audit(order=FIRST, passed=True))) == ["WorkOrderDone"]
    assert state_of(case) == "TRANSFERRED"


def test_units_and_partners_are_joined_in_one_answer_whoever_comes_last() -> None:
    case = asked("routed")
    do(case, step(case, "receipted"), step(case, "accepted"))
    assert names(do(case, step(case, "completed", "their part"))) == ["TransferCompleted"]
    do(case, c.Sign(order=FIRST), c.Answer(order=FIRST, public_answer="our part"))
    _, owed = do(case, c.Audit(order=FIRST, passed=True))
    assert isinstance(owed, e.ReplyOwed)
    assert owed.answer == case.answer == "our part\ntheir part"


def test_when_the_partner_refuses_after_our_units_are_done_the_reply_is_payable() -> None:
    case = asked("routed")
    do(case, c.Sign(order=FIRST), c.Answer(order=FIRST, public_answer="our part"), c.Audit(order=FIRST, passed=True))
    assert names(do(case, step(case, "refused"))) == ["TransferRefused", "ReplyOwed"]


def test_whoever_joins_meanwhile_is_told_with_the_result() -> None:
    case = asked()
    assert names(do(case, c.Attach(reporter=reporter("c2", "li")))) == ["ContactAttached"]
    do(case, step(case, "receipted"), step(case, "accepted"))
    assert names(do(case, step(case, "completed", "done"))) == ["TransferCompleted", "ReplyOwed", "ReplyOwed"]


def test_a_closed_or_answered_case_is_not_transferred() -> None:
    case = Case(id=CASE)
    do(case, register(answer="open until six"))
    assert refused(case, ask()) == "not_open"


def overdue(case: Case, clock: str, hours: float) -> c.RecordTransfer:
    return step(case, "unacknowledged", clock=clock, due=START + timedelta(hours=hours))


def test_a_missed_deadline_is_told_once_and_judged_by_domain_time() -> None:
    case = asked()
    assert names(do(case, overdue(case, "receipt", 4), hours=5)) == ["TransferUnacknowledged"]
    assert refused(case, overdue(case, "receipt", 4), hours=5) == "already_unacknowledged"
    do(case, step(case, "receipted"), hours=6)
    do(case, step(case, "accepted"), hours=7)
    assert refused(case, overdue(case, "decision", 8), hours=9) == "clock_stopped"
    assert names(do(case, overdue(case, "decision", 6.5), hours=9)) == ["TransferUnacknowledged"]


def end(case: Case, outcome: Literal["refused", "completed"], text: str = "by telephone") -> c.EndTransfer:
    return c.EndTransfer(transfer=case.transfers[0].id, outcome=outcome, text=text)


def test_a_partner_that_accepted_and_never_finished_blocks_nothing_for_ever() -> None:
    """Once he missed a deadline a supervisor takes the case back, and what he tells later is refused."""
    case = asked()
    do(case, step(case, "receipted"), step(case, "accepted"))
    assert refused(case, end(case, "refused")) == "not_overdue"
    do(case, overdue(case, "result", 120), hours=121)
    (gone,) = do(case, end(case, "refused"))
    assert isinstance(gone, e.TransferRefused)
    assert (gone.reason, gone.text, state_of(case)) == (NO_ANSWER, "by telephone", "PENDING_DISPATCH")
    for late in ("progressed", "completed", "unacknowledged"):
        assert refused(case, step(case, late, "too late", due=START)) == "out_of_order"
    assert refused(case, end(case, "completed")) == "out_of_order"


def test_what_the_partner_told_on_the_telephone_is_his_result() -> None:
    case = asked()
    do(case, overdue(case, "receipt", 4), hours=5)
    told, owed = do(case, end(case, "completed", "released"))
    assert isinstance(told, e.TransferCompleted)
    assert isinstance(owed, e.ReplyOwed)
    assert owed.answer == case.answer == "released"
    assert refused(case, end(case, "refused")) == "out_of_order"


def test_an_unknown_transfer_is_not_ended() -> None:
    assert refused(asked(), c.EndTransfer(transfer="none", outcome="refused", text="t")) == "no_such_transfer"


def test_a_received_case_goes_back_before_it_is_dispatched_and_owes_nothing_any_more() -> None:
    case = opened()
    assert names(do(case, c.HandBack(reason="not_local"))) == ["CaseHandedBack", "CaseClosed"]
    assert not case.unpaid()
    assert refused(case, c.HandBack(reason="not_local")) == "already_accepted"


def test_a_case_that_a_unit_has_or_that_others_joined_does_not_go_back() -> None:
    assert refused(opened("routed"), c.HandBack(reason="not_local")) == "already_accepted"
    case = opened()
    do(case, c.Attach(reporter=reporter("c2", "li")))
    assert refused(case, c.HandBack(reason="not_local")) == "others_wait"


def test_an_unknown_transfer_is_refused() -> None:
    command = c.RecordTransfer(transfer="none", step="receipted")
    assert refused(opened("routed"), command) == "no_such_transfer"


def test_our_units_may_work_beside_a_partner_that_does_not_answer() -> None:
    case = asked()
    do(case, c.Assign(lead=LEAD), c.Sign(order=FIRST), c.Answer(order=FIRST, public_answer="our part"))
    do(case, c.Audit(order=FIRST, passed=True))
    assert state_of(case) == "TRANSFERRED"
    assert names(do(case, step(case, "refused"))) == ["TransferRefused", "ReplyOwed"]
