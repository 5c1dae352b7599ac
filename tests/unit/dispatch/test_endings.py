"""How a case waits, leaves, ends and is kept: parking, withdrawal, referral, archive, supplement, keepers, policy."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import yaml

from services.dispatch.domain.case import Case
from services.dispatch.domain.states import state_of
from services.dispatch.policy import load_rules
from shared.deadlines import Matter
from shared.events import cases as e
from shared.events import commands as c
from shared.policy import PolicyError
from tests.factories import LEAD, RULES, SECOND, START, case_of, register, reporter
from tests.unit.dispatch.test_orders import assigned, do, handed_down, handling, names, of, refused


def until(days: float) -> c.Park:
    return c.Park(reason="the road is rebuilt in spring", review_at=START + timedelta(days=days))


def test_a_parked_case_waits_for_its_review_and_no_longer_than_policy_says() -> None:
    case = handling()
    assert refused(case, until(181)) == "review_at"
    do(case, until(100))
    assert state_of(case) == "PARKED"
    assert refused(case, c.Answer(order=of(case, LEAD), public_answer="a")) == "not_signed"
    assert names(do(case, c.ReportProgress(order=of(case, LEAD), text="dug"))) == ["WorkOrderProgressed"]
    assert refused(case, until(181), days=100) == "review_at"
    do(case, until(180), days=100)
    do(case, c.Resume(reason="rebuilt"), days=150)
    assert state_of(case) == "HANDLING"
    assert refused(case, until(190), days=151) == "review_at"
    assert names(do(case, until(190), days=151, rules=msgspec.structs.replace(RULES, park_days=365))) == ["CaseParked"]


def test_silence_accepts_the_order_of_a_parked_case_too() -> None:
    """The timer may fire before it hears of the parking; refused then, nobody would ever sign for the unit."""
    case = assigned("all")
    do(case, c.Sign(order=of(case, SECOND)), until(100))
    assert names(do(case, c.Sign(order=of(case, LEAD), due=START), actor="service:sla")) == ["WorkOrderSigned"]
    assert state_of(case) == "PARKED"
    do(case, c.Resume(reason="rebuilt"))
    assert state_of(case) == "HANDLING"


def test_a_withdrawn_case_takes_back_its_orders_and_owes_nothing() -> None:
    case = handed_down()
    events = do(case, c.Withdraw(reason="settled among neighbours"))
    assert names(events) == ["WorkOrderWithdrawn", "WorkOrderWithdrawn", "CaseWithdrawn", "CaseClosed"]
    assert (state_of(case), [debt.state for debt in case.debts]) == ("WITHDRAWN", ["waived"])


def test_nobody_elses_request_is_withdrawn() -> None:
    case = handling()
    do(case, c.Attach(reporter=reporter("c2", "li")))
    assert refused(case, c.Withdraw(reason="mine only")) == "others_wait"


def test_who_comes_back_to_a_withdrawn_case_is_answered_once() -> None:
    case = handling()
    do(case, c.Withdraw(reason="r"), c.Attach(reporter=reporter("c2", "li")), c.Attach(reporter=reporter("c3", "wang")))
    assert state_of(case) == "REOPEN_REQUESTED"
    assert refused(case, c.Close(reason="r")) == "debts_open"
    do(case, c.Reopen(reason="he is right"))
    waiting = [debt.reporter.person.caller_ref for debt in case.unpaid()]
    assert (state_of(case), sorted(waiting)) == ("PENDING_DISPATCH", ["li", "wang"])


def test_a_referred_case_ends_when_everybody_was_told_the_route() -> None:
    case = handling()
    do(case, c.Attach(reporter=reporter("c2", "li")))
    events = do(case, c.Refer(reason="a dispute between two parties", route="sue at the district court"))
    assert names(events) == ["WorkOrderWithdrawn", "CaseReferred", "ReplyOwed", "ReplyOwed"]
    assert {event.answer for event in events if isinstance(event, e.ReplyOwed)} == {"sue at the district court"}
    first, second = case.debts
    assert names(do(case, c.SettleReply(obligation=first.id, how="sms"))) == ["ReplySettled"]
    assert state_of(case) == "PENDING_REPLY"
    assert names(do(case, c.SettleReply(obligation=second.id, how="sms"))) == ["ReplySettled", "CaseClosed"]
    assert state_of(case) == "REJECTED_GUIDED"
    late = do(case, c.Attach(reporter=reporter("c3", "zhao")))
    assert names(late) == ["ContactAttached", "ReplyOwed", "CaseReopenRequested"]


def test_an_anonymous_case_is_referred_at_once() -> None:
    case = Case(id=case_of())
    do(case, register(text="unclear", reporter=reporter("c1", "")))
    assert names(do(case, c.Refer(reason="r", route="the court"))) == ["CaseReferred", "CaseClosed"]


def test_a_closed_case_is_archived_after_the_time_for_an_appeal() -> None:
    case = Case(id=case_of())
    do(case, register(answer="open until six"))
    archive = c.Archive(reason="no appeal")
    assert refused(case, archive, days=14) == "too_early"
    assert names(do(case, archive, days=14, rules=msgspec.structs.replace(RULES, appeal_within="7wd"))) == [
        "CaseArchived"
    ]
    assert state_of(case) == "ARCHIVED"
    assert refused(case, c.Reopen(reason="r")) == "not_closed"
    do(case, c.Attach(reporter=reporter("c2", "li")), days=20)
    assert state_of(case) == "REOPEN_REQUESTED"


def test_a_sheet_goes_back_to_the_agent_who_adds_what_is_missing() -> None:
    case = Case(id=case_of())
    do(case, register(text="unclear"), c.AskSupplement(text="which street?"))
    assert state_of(case) == "PENDING_SUPPLEMENT"
    assert refused(case, c.Assign(lead=LEAD)) == "not_pending"
    do(case, c.Supplement(text="near the bridge", address="Bridge Street 1"))
    assert (state_of(case), case.address, case.text) == (
        "PENDING_DISPATCH",
        "Bridge Street 1",
        "unclear\nnear the bridge",
    )
    with pytest.raises(ValueError, match="at least one"):
        c.Supplement()


def test_a_regrade_changes_something_and_says_why() -> None:
    case = handling()
    assert refused(case, c.Regrade(reason="r", priority="P2")) == "nothing_new"
    do(case, c.Regrade(reason="it is a complaint", request_type="TS", topic="03"))
    assert (case.priority, case.request_type, case.topic) == ("P2", "TS", "03")


def test_the_agent_who_opens_a_case_keeps_it_until_he_hands_it_over() -> None:
    case = Case(id=case_of())
    do(case, register(), actor="agent:a1")
    assert (case.keeper, case.unkept_since) == ("a1", None)
    handover = c.Keep(keeper="a2", note="the district calls back at nine")
    assert refused(case, handover, actor="agent:a3") == "not_its_keeper"
    assert refused(case, c.Keep(keeper="a2"), actor="agent:a1") == "no_note"
    do(case, handover, actor="agent:a1")
    assert case.keeper == "a2"


def test_nobodys_case_is_anybodys() -> None:
    case = Case(id=case_of())
    do(case, register(), actor="service:intake")
    assert case.unkept_since == START
    do(case, c.Keep(keeper="a3"), actor="agent:a3")
    assert case.keeper == "a3"
    assert case.unkept_since is None


def test_a_supervision_s_deadline_is_judged_by_its_report() -> None:
    case = handling()
    order = of(case, LEAD)
    (opened,) = do(case, c.Supervise(order=order, reason="r", due=START + timedelta(days=2)), actor="supervisor:s")
    assert isinstance(opened, e.SupervisionOpened)
    do(case, c.AnswerSupervision(supervision=opened.supervision, text="t"), days=1, actor=f"unit:{LEAD}")
    due = START + timedelta(days=2)
    breach = c.Breach(clock="supervision", order=order, due=due)
    assert refused(case, breach, days=3) == "clock_stopped"
    back = c.JudgeSupervision(supervision=opened.supervision, passed=False, text="t")
    do(case, back, days=1, actor="supervisor:s")
    assert names(do(case, breach, days=3)) == ["DeadlineBreached"]
    assert refused(case, breach, days=3) == "already_breached"


def city(folder: Path, **changed: object) -> Path:
    """A copy of a city's policy with some of its rules changed."""
    for file in Path("policy/130100").glob("*.yaml"):
        (folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    file = folder / ("deadlines.yaml" if "appeal_within" in changed else "rules.yaml")
    rules = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**rules, **changed}), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "value"),
    [("quorum", 3), ("park_days", 90), ("child_share", 0.5), ("appeal_within", "30wd"), ("max_returns", 1)],
)
def test_every_rule_is_data_of_the_city(tmp_path: Path, name: str, value: object) -> None:
    before, after = load_rules(Path("policy/130100")), load_rules(city(tmp_path, **{name: value}))
    assert getattr(before, name) != getattr(after, name) == value


def test_a_rule_that_nobody_knows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="quorums"):
        load_rules(city(tmp_path, quorums=3))


def test_the_table_of_deadlines_is_the_citys() -> None:
    rules = load_rules(Path("policy/130100"))
    assert rules.resolve(START, Matter(priority="P0"), LEAD, "") == START + timedelta(hours=2)
    assert rules.parents["130100-05-001"] == LEAD


def test_a_refusal_names_what_is_possible_and_by_whom() -> None:
    case = handling()
    with pytest.raises(Exception, match=r"HANDLING.*answer \(unit\).*recall \(dispatcher, supervisor, unit\)"):
        do(case, c.Sign(order=of(case, LEAD)))
    with pytest.raises(
        Exception, match=r"is HANDLING; possible now: .*park \(supervisor\).*withdraw \(agent, supervisor\)"
    ):
        do(case, c.Close(reason="r"))
