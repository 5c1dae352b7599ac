"""Merging, undoing, splitting: what each side decides alone, and what it refuses."""

from typing import Any

import pytest
from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.decide import decide
from services.dispatch.domain.evolve import evolve
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.states import state_of
from shared.events import cases as e
from shared.events import commands as c
from tests.factories import LEAD, START, case_of, context, order_of, register, reporter

OTHER = case_of("other")


def do(case: Case, command: Struct, **more: Any) -> list[Struct]:
    """Decide and apply; returns the events."""
    events = decide(case, command, context(**more))
    for event in events:
        evolve(case, event, START)
    return events


def made(contact: str = "c1", text: str = "routed", **more: Any) -> Case:
    case = Case(id=case_of(contact))
    do(case, register(contact, text, **more))
    return case


def answered(contact: str = "c1") -> Case:
    case, unit = made(contact), f"unit:{LEAD}"
    order = order_of(case.id)
    do(case, c.Sign(order=order), actor=unit)
    do(case, c.Answer(order=order, public_answer="the pipe is mended"), actor=unit)
    do(case, c.Audit(order=order, passed=True))
    return case


def refused(case: Case, command: Struct, **more: Any) -> str:
    with pytest.raises(Rejected) as caught:
        decide(case, command, context(**more))
    return caught.value.reason


def merging(case: Case, target: str = OTHER) -> e.MergeAsked:
    asked = do(case, c.MergeInto(target=target, reason="same pipe"))[0]
    assert isinstance(asked, e.MergeAsked)
    return asked


def absorb_of(case: Case, asked: e.MergeAsked) -> c.Absorb:
    return c.Absorb(merge=asked.merge, source=case.id, number=asked.number, reporters=asked.reporters)


def record(asked: e.MergeAsked, step: Any, target: str = OTHER) -> c.RecordMerge:
    return c.RecordMerge(merge=asked.merge, target=target, step=step, reason="r", detail="d")


def test_while_the_target_is_asked_only_contacts_and_its_answer_are_taken() -> None:
    case = made()
    merging(case)
    assert state_of(case) == "MERGING"
    assert refused(case, c.Answer(order=order_of(case.id), public_answer="x"), actor=f"unit:{LEAD}") == "merging"
    assert refused(case, c.Close(reason="done")) == "merging"
    assert refused(case, c.MergeInto(target=case_of("third"), reason="x")) == "merging"
    assert [type(one) for one in do(case, c.Attach(reporter=reporter("late", "li")))] == [e.ContactAttached]


def test_a_refused_merge_leaves_the_case_as_it_was() -> None:
    case = made()
    before = [(debt.id, debt.state) for debt in case.debts], state_of(case)
    do(case, record(merging(case), "refused"))
    assert ([(debt.id, debt.state) for debt in case.debts], state_of(case)) == before


def test_once_merged_the_orders_are_taken_back_and_late_contacts_are_handed_on() -> None:
    case = made()
    asked = merging(case)
    do(case, c.Attach(reporter=reporter("late", "li")))
    events = do(case, record(asked, "absorbed"))
    assert [type(one) for one in events] == [e.CaseMerged, e.WorkOrderWithdrawn, e.ReporterHandedOn]
    assert state_of(case) == "MERGED"
    assert not case.unpaid()
    later = do(case, c.Attach(reporter=reporter("later", "zhao")))
    assert [type(one) for one in later] == [e.ContactAttached, e.ReporterHandedOn]
    assert isinstance(later[1], e.ReporterHandedOn)
    assert later[1].number == case.number


def test_merged_reporters_are_owed_the_targets_answer_under_their_own_number() -> None:
    case, target = made(), answered("other")
    asked = merging(case)
    events = do(target, absorb_of(case, asked))
    assert [type(one) for one in events] == [e.CaseAbsorbed, e.ReplyOwed]
    owed = events[1]
    assert isinstance(owed, e.ReplyOwed)
    assert (owed.number, owed.answer) == (case.number, "the pipe is mended")


def test_an_open_target_owes_them_with_its_answer() -> None:
    case, target = made(), made("other", "neither")
    do(target, absorb_of(case, merging(case)))
    assert [debt.state for debt in target.debts] == ["open", "open"]
    do(target, c.Assign(lead=LEAD))
    order, unit = order_of(target.id), f"unit:{LEAD}"
    do(target, c.Sign(order=order), actor=unit)
    do(target, c.Answer(order=order, public_answer="{number}: mended"), actor=unit)
    owed = [one for one in do(target, c.Audit(order=order, passed=True)) if isinstance(one, e.ReplyOwed)]
    assert {one.reporter.contact_id for one in owed} == {"c1", "other"}
    assert {one.answer for one in owed} == {f"{case.number}: mended", f"{target.number}: mended"}


@pytest.mark.parametrize(
    ("case", "target", "reason"),
    [
        (made(), case_of(), "same_case"),
        (answered(), OTHER, "not_open"),
        (made(answer="told at once"), OTHER, "not_open"),
    ],
)
def test_what_cannot_be_merged(case: Case, target: str, reason: str) -> None:
    assert refused(case, c.MergeInto(target=target, reason="x")) == reason


def test_an_urgent_case_is_not_merged_into_the_normal_lane() -> None:
    case = made()
    urgent = Case(id="U" + case.id[1:])
    do(urgent, register("c1"))
    assert refused(urgent, c.MergeInto(target=OTHER, reason="x")) == "slower_lane"
    assert merging(case, "U" + OTHER[1:]).target.startswith("U")


def test_a_case_from_a_partner_city_which_waits_for_its_answer_is_not_merged() -> None:
    case = Case(id=case_of())
    do(case, register(), actor="partner:130200")
    assert refused(case, c.MergeInto(target=OTHER, reason="x")) == "received"
    assert merging(made("other"), case.id).target == case.id


def test_two_that_go_into_each_other_both_stay() -> None:
    one, other = made(), made("other")
    mine, theirs = merging(one), merging(other, one.id)
    assert refused(other, absorb_of(one, mine)) == "merging"
    assert refused(one, absorb_of(other, theirs)) == "merging"
    do(one, record(mine, "refused"))
    do(other, record(theirs, "refused", one.id))
    assert {state_of(one), state_of(other)} == {"DISPATCHED"}


def test_undoing_owes_everybody_again_in_a_new_cycle() -> None:
    case, target = made(), made("other")
    asked = merging(case)
    do(target, absorb_of(case, asked))
    do(case, record(asked, "absorbed"))
    do(case, c.Attach(reporter=reporter("late", "li")))
    do(case, c.UndoMerge(reason="another pipe"))
    do(target, c.Release(merge=asked.merge, source=case.id))
    assert [debt.state for debt in target.debts] == ["open", "moved"]
    do(case, record(asked, "released"))
    assert state_of(case) == "PENDING_DISPATCH"
    assert {debt.reporter.contact_id for debt in case.unpaid()} == {"c1", "late"}


def test_who_came_with_a_merge_leaves_with_the_debt_of_a_later_cycle_too() -> None:
    """The target was answered and reopened meanwhile; what was paid stays."""
    case, target = made(), answered("other")
    asked = merging(case)
    do(target, absorb_of(case, asked))
    for debt in [debt for debt in target.debts if debt.state == "owed"]:
        do(target, c.SettleReply(obligation=debt.id, how="sms", proof="p"))
    do(target, c.FollowUp(solved=False))
    new = [debt for debt in target.debts if debt.cycle == target.cycle and debt.merge]
    assert [debt.state for debt in new] == ["open"]
    (released,) = do(target, c.Release(merge=asked.merge, source=case.id))
    assert released == e.CaseReleased(merge=asked.merge, source=case.id, obligations=(new[0].id,))
    assert [debt.state for debt in target.debts if debt.merge] == ["settled", "moved"]


def test_nobody_is_let_go_while_he_is_being_answered() -> None:
    case, target = made(), answered("other")
    asked = merging(case)
    do(target, absorb_of(case, asked))
    assert refused(target, c.Release(merge=asked.merge, source=case.id)) == "reply_payable"


def test_taken_over_when_nobody_asks_any_more() -> None:
    case = made()
    asked = merging(case)
    do(case, record(asked, "refused"))
    assert [type(one) for one in do(case, record(asked, "absorbed"))] == [e.MergeLapsed]
    assert state_of(case) == "DISPATCHED"


def test_a_target_with_merged_reporters_is_not_handed_back() -> None:
    case, target = made("c1", "neither"), made("other", "neither", reporter=reporter("other", ""))
    do(target, absorb_of(case, merging(case)))
    assert refused(target, c.HandBack(reason="not ours")) == "others_wait"


def split_of(case: Case, contact: str) -> e.SplitAsked:
    asked = do(case, c.Split(contact_id=contact, title="a lamp", text="dark", reason="another matter"))[0]
    assert isinstance(asked, e.SplitAsked)
    return asked


def test_who_leaves_waits_here_until_his_own_case_is_registered() -> None:
    case = made()
    do(case, c.Attach(reporter=reporter("two", "li")))
    asked = split_of(case, "two")
    assert [debt.state for debt in case.debts] == ["open", "leaving"]
    assert len(case.unpaid()) == 2
    do(case, c.RecordSplit(case=asked.case, taken=True))
    assert [debt.state for debt in case.debts] == ["open", "split"]
    assert [debt.reporter.contact_id for debt in case.reporters()] == ["c1"]


def test_a_refused_split_owes_him_here_also_where_the_answer_came_meanwhile() -> None:
    case = made()
    do(case, c.Attach(reporter=reporter("two", "li")))
    asked = split_of(case, "two")
    order, unit = order_of(case.id), f"unit:{LEAD}"
    do(case, c.Sign(order=order), actor=unit)
    do(case, c.Answer(order=order, public_answer="mended"), actor=unit)
    do(case, c.Audit(order=order, passed=True))
    events = do(case, c.RecordSplit(case=asked.case, taken=False, reason="too_large", detail="d"))
    assert [type(one) for one in events] == [e.SplitRefused, e.ReplyOwed]


def test_who_cannot_be_split_off() -> None:
    case = made()
    split: dict[str, Any] = {"title": "a lamp", "text": "dark", "reason": "another matter"}
    assert refused(case, c.Split(contact_id="c1", **split)) == "only_contact"
    assert refused(case, c.Split(contact_id="nobody", **split)) == "no_such_contact"


def test_whoever_brought_the_case_is_shown_until_he_leaves_it() -> None:
    """Then the next of those who are here; a refused split makes him the first again."""
    case = made()
    do(case, c.Attach(reporter=reporter("two", "li")))
    assert case.reporter == "wang**"
    asked = split_of(case, "c1")
    assert case.reporter == "li**"
    do(case, c.RecordSplit(case=asked.case, taken=False, reason="too_large", detail="d"))
    assert case.reporter == "wang**"
    do(case, c.RecordSplit(case=split_of(case, "c1").case, taken=True))
    assert case.reporter == "li**"


def test_who_is_about_to_leave_is_owed_one_reply_in_a_new_cycle_too() -> None:
    case = made(text="neither")
    do(case, c.Withdraw(reason="mended"))
    do(case, c.Attach(reporter=reporter("two", "li")))
    asked = split_of(case, "two")
    do(case, c.Reopen(reason="not mended"))
    do(case, c.RecordSplit(case=asked.case, taken=False, reason="too_large", detail="d"))
    assert [(debt.reporter.contact_id, debt.state) for debt in case.debts] == [
        ("c1", "waived"), ("two", "open"), ("c1", "open")
    ]  # fmt: skip


def anonymous() -> Case:
    """Somebody who left no number brought it; somebody of another case came to it."""
    case = made("c1", reporter=reporter("c1", ""))
    li = c.Carried(reporter=reporter("c2", "li"), number="SJZ-9")
    do(case, c.Absorb(merge="m", source=OTHER, number="SJZ-9", reporters=(li,)))
    return case


def finished(case: Case) -> list[Struct]:
    order, unit = order_of(case.id), f"unit:{LEAD}"
    do(case, c.Sign(order=order), actor=unit)
    do(case, c.Answer(order=order, public_answer="mended"), actor=unit)
    return do(case, c.Audit(order=order, passed=True))


def told(case: Case) -> None:
    """Everybody has his reply."""
    for debt in case.unpaid():
        do(case, c.SettleReply(obligation=debt.id, how="person"))
    assert state_of(case) == "PENDING_CALLBACK"


def test_a_case_that_everybody_with_a_number_has_left_waits_for_nobody() -> None:
    case = anonymous()
    do(case, c.Release(merge="m", source=OTHER))
    assert [type(one) for one in finished(case)] == [e.WorkOrderDone, e.CaseClosed]


def test_a_case_closes_when_the_last_one_who_could_be_asked_leaves_with_his_merge() -> None:
    case = anonymous()
    finished(case)
    told(case)
    assert [type(one) for one in do(case, c.Release(merge="m", source=OTHER))] == [e.CaseReleased, e.CaseClosed]


def test_a_case_closes_when_the_last_one_who_could_be_asked_is_split_off() -> None:
    case = made(reporter=reporter("c1", ""))
    do(case, c.Attach(reporter=reporter("two", "li")))
    finished(case)
    told(case)
    asked = split_of(case, "two")
    assert [type(one) for one in do(case, c.RecordSplit(case=asked.case, taken=True))] == [e.CaseSplit, e.CaseClosed]


def test_who_stays_is_still_asked() -> None:
    case = made()
    do(case, c.Attach(reporter=reporter("two", "li")))
    finished(case)
    told(case)
    asked = split_of(case, "c1")
    assert [type(one) for one in do(case, c.RecordSplit(case=asked.case, taken=True))] == [e.CaseSplit]
    assert state_of(case) == "PENDING_CALLBACK"
