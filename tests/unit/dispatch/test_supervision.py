"""Deadlines told to a case, and written supervision: what is taken, once, and what is refused with a reason."""

from datetime import datetime, timedelta

import pytest
from msgspec import Struct, structs

from services.dispatch.domain.case import Case
from services.dispatch.domain.decide import decide
from services.dispatch.domain.evolve import evolve
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.states import state_of
from shared.clock import CHINA
from shared.deadlines import Matter
from shared.events import cases as e
from shared.events import commands as c
from tests.factories import LEAD, RULES, SECOND, START, case_of, context, order_of, register

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DUE = START + HOUR


class Story:
    """A case that takes commands one after the other, an hour apart."""

    def __init__(self, text: str = "routed") -> None:
        self.case, self.now = Case(id=case_of()), START
        self.tell(register(text=text))
        self.order = order_of(self.case.id)

    def tell(self, command: Struct, actor: str = "service:sla", **more: object) -> list[Struct]:
        given = context(at=self.now, now=self.now, actor=actor, number="SJZ-1", **more)
        events = decide(self.case, command, given)
        for event in events:
            evolve(self.case, event, self.now)
        self.now += HOUR
        return events

    def refused(self, command: Struct, actor: str = "service:sla") -> str:
        with pytest.raises(Rejected) as error:
            self.tell(command, actor)
        return error.value.reason


def escalate(order: str, step: str = "phone", clock: c.Clock = "resolve") -> c.Escalate:
    return c.Escalate(clock=clock, order=order, due=DUE, rung="urge", step=step, role="unit", channel="phone")


def test_every_rung_of_a_deadline_is_taken_once() -> None:
    story = Story()
    warnings = [c.Warn(clock="resolve", order=story.order, due=DUE, left=left) for left in (0.5, 0.2)]
    breach = c.Breach(clock="resolve", order=story.order, due=DUE)
    for command in (*warnings, breach, escalate(story.order), escalate(story.order, "written")):
        assert len(story.tell(command)) == 1
        assert story.refused(command).startswith("already_")
    later = structs.replace(breach, due=DUE + HOUR)
    assert story.tell(later) == [e.DeadlineBreached(clock="resolve", order=story.order, unit=LEAD, due=DUE + HOUR)], (
        "a deadline that moved is another one"
    )


def test_a_step_names_unit_role_and_channel() -> None:
    story = Story()
    [event] = story.tell(escalate(story.order))
    assert isinstance(event, e.CaseEscalated)
    assert (event.unit, event.role, event.channel, event.rung) == (LEAD, "unit", "phone", "urge")


def test_a_case_has_clocks_of_its_own() -> None:
    story = Story(text="nobody")
    breach = c.Breach(clock="audit", order="", due=START)
    assert story.tell(breach) == [e.DeadlineBreached(clock="audit", order="", unit="", due=START)]
    story.tell(c.Assign(lead=LEAD), actor="dispatcher:d")
    assert story.refused(structs.replace(breach, due=story.now)) == "clock_stopped"


@pytest.mark.parametrize(
    ("clock", "stops"),
    [
        ("sign", c.Sign(order="?")),
        ("sign", c.AskReturn(order="?", reason="not_ours")),
    ],
)
def test_a_clock_that_stopped_in_time_is_not_breached(clock: c.Clock, stops: Struct) -> None:
    story = Story()
    story.tell(structs.replace(stops, order=story.order), actor=f"unit:{LEAD}")
    assert story.refused(c.Breach(clock=clock, order=story.order, due=story.now)) == "clock_stopped"
    assert story.tell(c.Breach(clock=clock, order=story.order, due=START)), "too late is breached, whenever it is told"


def test_a_clock_that_starts_again_can_be_breached_again() -> None:
    story = Story()
    unit = f"unit:{LEAD}"
    story.tell(c.Sign(order=story.order), actor=unit)
    story.tell(c.Answer(order=story.order, public_answer="a"), actor=unit)
    breach = c.Breach(clock="resolve", order=story.order, due=story.now + HOUR)
    assert story.refused(breach) == "clock_stopped"
    story.tell(c.Audit(order=story.order, passed=False, reason="thin"), actor="auditor:a")
    assert story.tell(breach)


def opened(story: Story, order: str = "") -> e.SupervisionOpened:
    due = story.now + 24 * HOUR
    [event] = story.tell(c.Supervise(reason="overdue", order=order, due=due), actor="supervisor:s")
    assert isinstance(event, e.SupervisionOpened)
    return event


def test_a_supervision_goes_from_the_document_to_its_end() -> None:
    story = Story()
    document = opened(story, story.order)
    assert (document.number, document.unit) == ("SJZ-1-D1", LEAD)
    say = c.AnswerSupervision(supervision=document.supervision, text="done by noon")
    judge = c.JudgeSupervision(supervision=document.supervision, passed=False, text="by when?")
    unit, boss = f"unit:{LEAD}", "supervisor:s"
    assert story.refused(judge, boss) == "not_possible"
    assert story.refused(say, f"unit:{SECOND}") == "not_its_supervision"
    story.tell(say, unit)
    assert story.refused(say, unit) == "not_possible"
    assert story.refused(structs.replace(judge, text=""), boss) == "no_reason"
    story.tell(judge, boss)
    story.tell(say, unit)
    story.tell(structs.replace(judge, passed=True), boss)
    assert story.refused(judge, boss) == "not_possible"
    assert [one.state for one in story.case.supervisions] == ["CLOSED"]


def test_a_document_that_nobody_can_answer_is_closed_with_the_reason() -> None:
    story = Story(text="nobody")
    document = opened(story, "")
    story.tell(c.Refer(reason="a lawsuit", route="court"), "dispatcher:d")
    close = c.JudgeSupervision(supervision=document.supervision, passed=True)
    assert story.refused(close, "supervisor:s") == "no_reason"
    story.tell(structs.replace(close, text="referred"), "supervisor:s")
    assert [one.state for one in story.case.supervisions] == ["CLOSED"]


@pytest.mark.parametrize(
    "due",
    [
        START, START + HOUR, START - 365 * DAY, START + 367 * DAY,
        *(datetime(year, 1, 15, 12, tzinfo=CHINA) for year in (1, 21, 2003, 9999)),
    ],
)  # fmt: skip
def test_a_person_sets_a_day_that_lies_ahead_and_within_a_year(due: datetime) -> None:
    """So a year that is mistyped is refused, whichever way it went."""
    story = Story()
    for command in (c.Supervise(reason="r", due=due), c.Note(text="t", promise_due=due)):
        assert story.refused(command, "supervisor:s") == "until"
    for command in (c.Supervise(reason="r", due=START + 364 * DAY), c.Note(text="t", promise_due=START + 9 * HOUR)):
        assert len(story.tell(command, "supervisor:s")) == 1


def test_the_day_of_a_ladders_document_may_be_over_after_an_outage() -> None:
    story = Story()
    [event] = story.tell(c.Supervise(reason="r", due=START), "service:sla")
    assert isinstance(event, e.SupervisionOpened)


def test_the_note_of_a_call_that_intake_has_recorded_is_never_refused() -> None:
    """Nobody waits for what becomes of it (design.md §3.15)."""
    assert Story().tell(c.Note(purpose="follow_through", contact_id="c9", promise_due=START), "agent:a")


def test_one_document_at_a_time_about_one_thing() -> None:
    story = Story()
    opened(story, story.order)
    assert story.refused(c.Supervise(reason="again", order=story.order)) == "already_supervised"
    assert opened(story).number == "SJZ-1-D2", "the whole case is another thing"
    assert story.refused(c.AnswerSupervision(supervision="x", text="t"), f"unit:{LEAD}") == "no_such_supervision"


def test_the_lead_unit_answers_for_the_whole_case() -> None:
    assert opened(Story(text="both")).unit == LEAD
    waiting = Story(text="nobody")
    document = opened(waiting)
    assert document.unit == ""
    waiting.tell(c.Assign(lead=SECOND), actor="dispatcher:d")
    say = c.AnswerSupervision(supervision=document.supervision, text="t")
    [event] = waiting.tell(say, f"unit:{SECOND}")
    assert event == e.SupervisionAnswered(supervision=document.supervision, unit=SECOND, text="t")


def test_a_document_is_brought_to_its_end_also_where_another_case_goes_on() -> None:
    for merged in (True, False):
        story = Story()
        document = opened(story)
        if merged:
            story.tell(c.MergeInto(target="N-other", reason="same pipe"), actor="dispatcher:d")
            merge = story.case.related.merge
            assert merge is not None
            story.tell(c.RecordMerge(merge=merge.id, target="N-other", step="absorbed"))
        else:
            story.tell(c.Link(event_case="N-event", reason="same pipe"), actor="dispatcher:d")
        assert state_of(story.case) == ("MERGED" if merged else "LINKED")
        story.tell(c.AnswerSupervision(supervision=document.supervision, text="t"), f"unit:{LEAD}")
        story.tell(c.JudgeSupervision(supervision=document.supervision, passed=True), "supervisor:s")
        assert [one.state for one in story.case.supervisions] == ["CLOSED"]


def test_the_centre_is_judged_by_the_clock_of_whom_it_is_waited_for() -> None:
    story = Story()
    unit = f"unit:{LEAD}"
    story.tell(c.Sign(order=story.order), unit)
    late = c.Breach(clock="audit", order="", due=story.now + 9 * HOUR)
    assert story.refused(late) == "clock_stopped", "the units are at work"
    story.tell(c.Park(reason="r", review_at=late.due), "supervisor:s")
    assert story.tell(late), "the review"
    story.tell(c.Resume(reason="r"), "supervisor:s")
    late = structs.replace(late, due=late.due + HOUR)
    assert story.refused(late) == "clock_stopped"
    story.tell(c.Recall(order=story.order, reason="wrong unit"), "dispatcher:d")
    assert story.tell(late)
    story.tell(c.Assign(lead=SECOND), "dispatcher:d")
    assert story.refused(structs.replace(late, due=late.due + HOUR)) == "clock_stopped"


def test_the_profile_that_holds_is_decided_when_work_is_given_out_and_stays_with_the_order() -> None:
    def only_epidemic(matter: Matter, active: frozenset[str]) -> str:
        return "epidemic" if "epidemic" in active and matter.topic == "01" else ""

    rules = structs.replace(RULES, profile=only_epidemic)
    for topic, active, held in (("01", {"epidemic"}, "epidemic"), ("02", {"epidemic"}, ""), ("01", set(), "")):
        case = Case(id=case_of())
        given = context(number="SJZ-1", rules=rules, profiles=frozenset(active))
        events = decide(case, register(topic=topic), given)
        profiles = [one.profile for one in events if isinstance(one, e.CaseDispatched | e.WorkOrderIssued)]
        assert profiles == [held, held]
