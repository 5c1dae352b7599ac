"""Several units on one case: who is waited for, what is handed down, what is taken back, and who gets more time."""

from datetime import timedelta

import msgspec
import pytest
from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Rules
from services.dispatch.domain.decide import decide
from services.dispatch.domain.evolve import evolve
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.states import state_of
from services.dispatch.domain.suborders import due_of
from shared.events import cases as e
from shared.events import commands as c
from tests.factories import LEAD, LOWER, LOWEST, RULES, SECOND, START, THIRD, case_of, context, register, reporter


def do(
    case: Case, *commands: Struct, actor: str = "service:test", days: float = 0, rules: Rules = RULES
) -> list[Struct]:
    """Apply commands; the last one's events."""
    events: list[Struct] = []
    at = START + timedelta(days=days)
    for command in commands:
        events = decide(case, command, context(actor=actor, at=at, now=at, rules=rules))
        for event in events:
            evolve(case, event, at)
    return events


def names(events: list[Struct]) -> list[str]:
    return [type(event).__name__ for event in events]


def refused(case: Case, command: Struct, **more: object) -> str:
    with pytest.raises(Rejected) as error:
        do(case, command, **more)  # type: ignore[arg-type]
    return error.value.reason


def assigned(join: c.JoinPolicy = "all", rules: Rules = RULES) -> Case:
    case = Case(id=case_of())
    do(case, register(text="unclear"), c.Assign(lead=LEAD, supporting=(SECOND, THIRD), join_policy=join), rules=rules)
    return case


def of(case: Case, unit: str) -> str:
    return [order.id for order in case.orders if order.unit == unit][-1]


def finish(case: Case, unit: str, rules: Rules = RULES) -> list[Struct]:
    order = of(case, unit)
    do(case, c.Sign(order=order), c.Answer(order=order, public_answer=unit))
    return do(case, c.Audit(order=order, passed=True), rules=rules)


def test_the_lead_decides_and_whoever_is_still_at_work_is_told() -> None:
    case = assigned("lead")
    assert names(finish(case, SECOND)) == ["WorkOrderDone"]
    events = finish(case, LEAD)
    assert names(events) == ["WorkOrderDone", "WorkOrderWithdrawn", "ReplyOwed"]
    assert isinstance(events[1], e.WorkOrderWithdrawn)
    assert (events[1].unit, events[1].reason) == (THIRD, "joined")
    assert (case.answer, state_of(case)) == (f"{LEAD}\n{SECOND}", "PENDING_REPLY")


@pytest.mark.parametrize(("quorum", "done"), [(1, 1), (2, 2), (9, 3)])
def test_so_many_answers_as_policy_says_are_enough(quorum: int, done: int) -> None:
    rules = msgspec.structs.replace(RULES, quorum=quorum)
    case = assigned("quorum", rules)
    for unit in (SECOND, THIRD, LEAD)[: done - 1]:
        assert names(finish(case, unit, rules)) == ["WorkOrderDone"]
    assert names(finish(case, (SECOND, THIRD, LEAD)[done - 1], rules))[-1] == "ReplyOwed"


def test_units_can_be_added_and_the_lead_replaced() -> None:
    case = Case(id=case_of())
    do(case, register())
    assert names(do(case, c.Assign(lead="", supporting=(SECOND,)))) == ["CaseDispatched", "WorkOrderIssued"]
    assert refused(case, c.Assign(lead=THIRD)) == "already_issued"
    do(case, c.Recall(order=of(case, LEAD), reason="wrong unit"))
    do(case, c.Assign(lead=THIRD))
    assert [(order.unit, order.role) for order in case.current()] == [(SECOND, "supporting"), (THIRD, "lead")]


def handed_down() -> Case:
    case = Case(id=case_of())
    do(case, register())
    do(case, c.Sign(order=of(case, LEAD)), actor=f"unit:{LEAD}")
    do(case, c.Delegate(order=of(case, LEAD), unit=LOWER, text="the heating"), actor=f"unit:{LEAD}")
    return case


def test_an_order_is_handed_down_to_a_unit_below_with_an_earlier_deadline() -> None:
    case = handed_down()
    child = case.orders[-1]
    assert (child.unit, child.parent, child.due) == (LOWER, of(case, LEAD), START + timedelta(days=4))
    order = of(case, LEAD)
    assert refused(case, c.Delegate(order=order, unit=THIRD), actor=f"unit:{LEAD}") == "not_below"
    assert refused(case, c.Delegate(order=order, unit=LOWER), actor=f"unit:{LEAD}") == "already_issued"
    assert refused(case, c.Delegate(order=order, unit=LOWER), actor=f"unit:{SECOND}") == "not_its_order"
    other = Case(id=case_of())
    do(other, register(), c.Sign(order=order))
    late = c.Delegate(order=order, unit=LOWER, due=START + timedelta(days=6))
    assert refused(other, late, actor=f"unit:{LEAD}") == "not_earlier"


def test_a_city_says_who_is_below_whom_and_how_much_time_is_handed_down() -> None:
    rules = msgspec.structs.replace(RULES, parents={THIRD: LEAD}, child_share=0.5)
    case = Case(id=case_of())
    do(case, register(), c.Sign(order=of_lead()))
    events = do(case, c.Delegate(order=of_lead(), unit=THIRD), actor=f"unit:{LEAD}", rules=rules)
    assert isinstance(events[0], e.WorkOrderIssued)
    assert events[0].due == START + timedelta(days=2.5)
    assert refused(case, c.Delegate(order=of_lead(), unit=LOWER), actor=f"unit:{LEAD}", rules=rules) == "not_below"


def of_lead() -> str:
    case = Case(id=case_of())
    do(case, register())
    return case.orders[0].id


def test_a_parent_waits_for_its_children_and_judges_them() -> None:
    case = handed_down()
    parent, child = of(case, LEAD), of(case, LOWER)
    assert refused(case, c.Answer(order=parent, public_answer="done")) == "children_open"
    do(case, c.Sign(order=child), c.Delegate(order=child, unit=LOWEST), actor=f"unit:{LOWER}")
    lowest = of(case, LOWEST)
    do(case, c.Sign(order=lowest), c.Answer(order=lowest, public_answer="x"), actor=f"unit:{LOWEST}")
    assert refused(case, c.Audit(order=lowest, passed=True), actor=f"unit:{LEAD}") == "not_its_order"
    do(case, c.Audit(order=lowest, passed=True), actor=f"unit:{LOWER}")
    do(case, c.Answer(order=child, public_answer="repaired"), actor=f"unit:{LOWER}")
    assert state_of(case) == "HANDLING"
    assert names(do(case, c.Audit(order=child, passed=True), actor=f"unit:{LEAD}")) == ["WorkOrderDone"]
    do(case, c.Answer(order=parent, public_answer="warm again"), actor=f"unit:{LEAD}")
    assert names(do(case, c.Audit(order=parent, passed=True))) == ["WorkOrderDone", "ReplyOwed"]
    assert case.answer == "warm again"


def test_nothing_handed_down_is_cancelled_silently() -> None:
    case = handed_down()
    do(case, c.Sign(order=of(case, LOWER)), actor=f"unit:{LOWER}")
    do(case, c.Delegate(order=of(case, LOWER), unit=LOWEST), actor=f"unit:{LOWER}")
    events = do(case, c.Recall(order=of(case, LEAD), reason="wrong unit"))
    assert [event.unit for event in events if isinstance(event, e.WorkOrderWithdrawn)] == [LOWEST, LOWER, LEAD]
    assert state_of(case) == "PENDING_DISPATCH"


def test_a_recalled_unit_can_get_the_case_again() -> None:
    case = Case(id=case_of())
    do(case, register(), c.Recall(order=of_lead(), reason="wait"), c.Assign(lead=LEAD))
    assert [order.state for order in case.orders] == ["WITHDRAWN", "WAIT_SIGN"]
    assert len({order.id for order in case.orders}) == 2


def test_what_a_lower_unit_returns_is_its_parents_again() -> None:
    case = handed_down()
    do(case, c.AskReturn(order=of(case, LOWER), reason="not_ours"), actor=f"unit:{LOWER}")
    approved = c.JudgeReturn(order=of(case, LOWER), approve=True)
    assert names(do(case, approved, actor=f"unit:{LEAD}")) == ["WorkOrderReturned"]
    assert names(do(case, c.Answer(order=of(case, LEAD), public_answer="a"))) == ["WorkOrderAnswered"]


def handling(priority: c.Priority = "P2") -> Case:
    case = Case(id=case_of())
    do(case, register(priority=priority))
    do(case, c.Sign(order=of(case, LEAD)))
    return case


def ask(case: Case, day: float) -> c.AskExtension:
    return c.AskExtension(order=of(case, LEAD), until=START + timedelta(days=day), reason="frozen ground")


def extended(case: Case, day: float, **more: object) -> None:
    do(case, ask(case, day), c.JudgeExtension(order=of(case, LEAD), approve=True), **more)  # type: ignore[arg-type]


def test_more_time_is_asked_early_approved_and_limited() -> None:
    case = handling()
    assert refused(case, ask(case, 5)) == "until"
    assert refused(case, ask(case, 8.5)) == "until"
    assert refused(case, ask(case, 8), days=4.5) == "too_late"
    assert names(do(case, ask(case, 8), days=3)) == ["WorkOrderExtensionAsked"]
    events = do(case, c.JudgeExtension(order=of(case, LEAD), approve=True), days=3)
    assert isinstance(events[0], e.WorkOrderExtended)
    assert (events[0].due, events[0].until) == (START + timedelta(days=5), START + timedelta(days=8))
    extended(case, 11, days=4)
    assert refused(case, ask(case, 13), days=5) == "until"
    extended(case, 12, days=5)
    assert refused(case, ask(case, 12.5), days=6) == "no_more_extensions"


def test_whoever_waits_and_left_a_contact_is_told_of_the_new_date() -> None:
    case = handling()
    do(case, c.Attach(reporter=reporter("c2", "li")), c.Attach(reporter=reporter("c3", "")))
    do(case, ask(case, 8))
    told = do(case, c.JudgeExtension(order=of(case, LEAD), approve=True))[1:]
    assert [type(one) for one in told] == [e.NoticeDue, e.NoticeDue]
    notices = [one for one in told if isinstance(one, e.NoticeDue)]
    assert [one.reporter.person.caller_ref for one in notices] == ["wang", "li"]
    assert {(one.until, one.reason, one.number) for one in notices} == {
        (START + timedelta(days=8), "frozen ground", case.number)
    }
    assert len({one.notice for one in notices}) == 2


def test_a_refused_extension_leaves_the_deadline() -> None:
    case = handling()
    do(case, ask(case, 8))
    assert names(do(case, c.JudgeExtension(order=of(case, LEAD), approve=False))) == ["WorkOrderExtensionRefused"]
    assert (case.orders[0].state, case.orders[0].due, case.orders[0].extensions) == ("HANDLING", None, 0)


def test_urgent_cases_are_never_extended_only_downgraded() -> None:
    case = handling(priority="P1")
    assert refused(case, ask(case, 8)) == "urgent"
    downgrade = c.Regrade(reason="not urgent", priority="P2")
    assert refused(case, downgrade, actor="dispatcher:d") == "only_supervisor"
    do(case, downgrade, actor="supervisor:s")
    assert names(do(case, ask(case, 8))) == ["WorkOrderExtensionAsked"]
    do(case, c.Regrade(reason="worse", priority="P0"), actor="dispatcher:d")
    assert refused(case, c.JudgeExtension(order=of(case, LEAD), approve=True)) == "moved"


def test_an_extension_falls_away_where_the_case_becomes_urgent() -> None:
    case = handed_down()
    parent, child = case.orders
    do(case, c.Sign(order=child.id), ask(case, 8), c.JudgeExtension(order=parent.id, approve=True))
    more = c.AskExtension(order=child.id, until=START + timedelta(days=6), reason="r")
    do(case, more, c.JudgeExtension(order=child.id, approve=True))
    assert [due_of(case, one, RULES) for one in case.orders] == [START + timedelta(days=8), START + timedelta(days=6)]
    do(case, c.Regrade(reason="worse", priority="P1"), days=0.5)
    dues = [START + timedelta(days=5.5), START + timedelta(days=4)]
    assert [due_of(case, one, RULES) for one in case.orders] == dues, "of the table from there, and of its own"
    do(case, c.Regrade(reason="not so bad", priority="P2"), actor="supervisor:s", days=1)
    assert [due_of(case, one, RULES) for one in case.orders] == dues, "what fell away does not come back"


def test_limits_count_from_where_priority_rose() -> None:
    case = handling(priority="P3")
    do(case, c.Regrade(reason="worse", priority="P2"), days=3)
    assert due_of(case, case.orders[0], RULES) == START + timedelta(days=8)
    do(case, c.Regrade(reason="not so bad", priority="P3"), days=4)
    assert due_of(case, case.orders[0], RULES) == START + timedelta(days=8)


def test_a_deadline_moves_by_the_time_for_which_the_case_was_parked_where_policy_says_so() -> None:
    case = handling()
    park = c.Park(reason="r", review_at=START + timedelta(days=60))
    do(case, park, days=1)
    do(case, c.Resume(reason="r"), days=41)
    moved = msgspec.structs.replace(RULES, parked=lambda *about: lambda due, since, until: due + (until - since))
    order = case.orders[0]
    assert (due_of(case, order, RULES), due_of(case, order, moved)) == (
        START + timedelta(days=5), START + timedelta(days=45),
    )  # fmt: skip
    more = c.AskExtension(order=order.id, until=START + timedelta(days=47), reason="r")
    assert names(do(case, more, days=42, rules=moved)) == ["WorkOrderExtensionAsked"]
    do(case, c.JudgeExtension(order=order.id, approve=True), days=42, rules=moved)
    assert due_of(case, order, moved) == START + timedelta(days=47), "an extension does not move by an earlier parking"


def test_a_case_written_before_reads_with_its_deadlines() -> None:
    case = handling()
    extended(case, 8)
    written = msgspec.to_builtins(case)
    del written["orders"][0]["extended_at"]
    old = msgspec.convert(written, Case)
    assert (old.parked, due_of(old, old.orders[0], RULES)) == ([], START + timedelta(days=8))


@pytest.mark.parametrize(
    ("change", "day", "asked", "reason"),
    [
        ({"times": 0}, 8, 0, "no_more_extensions"),
        ({"each": "1wd"}, 8, 0, "until"),
        ({"total": "2wd"}, 8, 0, "until"),
        ({"ask_before": "4wd"}, 8, 2, "too_late"),
    ],
)
def test_a_city_limits_extensions_by_data(change: dict[str, object], day: int, asked: int, reason: str) -> None:
    limits = msgspec.structs.replace(RULES.extensions, **change)
    case = handling()
    rules = msgspec.structs.replace(RULES, extensions=limits)
    assert refused(case, ask(case, day), days=asked, rules=rules) == reason
    assert names(do(case, ask(case, day), days=asked)) == ["WorkOrderExtensionAsked"]


def test_contact_and_progress_are_told_while_the_unit_works() -> None:
    case = handling()
    order = of(case, LEAD)
    assert names(do(case, c.ReportContact(order=order, text="spoke"))) == ["WorkOrderContacted"]
    assert "contact" in case.orders[0].stopped
    assert names(do(case, c.ReportProgress(order=order, text="half done"))) == ["WorkOrderProgressed"]
