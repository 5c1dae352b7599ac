"""The clocks of a case and its orders: when they start, stop, stand still and go on, and what they tell next."""

from datetime import datetime, timedelta

import msgspec
import pytest
from msgspec import Struct

from services.sla.domain.clocks import Clocks
from services.sla.domain.explain import explained
from services.sla.domain.schedule import Due
from shared import clockwork
from shared.clock import CHINA
from shared.events import cases as e
from shared.events import commands as c
from shared.events.commands import Clock, Priority, RequestType
from tests.factories import LEAD, SECOND, reporter
from tests.unit.sla.world import (
    DAY,
    HOUR,
    MINUTE,
    SCHEDULE,
    VIEW,
    WEDNESDAY,
    answered,
    case_of,
    clock_of,
    days,
    event,
    folded,
    issued,
    registered,
    sent_back,
    signed,
)  # fmt: skip


def regraded(priority: Priority, request_type: RequestType = "QZ") -> e.CaseRegraded:
    return e.CaseRegraded(priority=priority, request_type=request_type, topic="", reason="r")


def owed(obligation: str) -> e.ReplyOwed:
    return e.ReplyOwed(obligation=obligation, number="n", reporter=reporter("c1"), answer="a")


@pytest.mark.parametrize(
    ("priority", "request_type", "sign", "resolve"),
    [
        ("P0", "QZ", WEDNESDAY + timedelta(minutes=10), WEDNESDAY + timedelta(hours=2)),
        ("P1", "ZX", WEDNESDAY + timedelta(minutes=30), WEDNESDAY + timedelta(hours=24)),
        ("P2", "ZX", days(1), days(3)),
        ("P2", "BY", days(1), days(1)),
        ("P3", "JY", days(1), days(7)),
        ("P2", "QZ", days(1), days(5)),
        ("P3", "TS", days(1), days(5)),
    ],
)
def test_limits_come_from_the_policy(
    priority: Priority, request_type: RequestType, sign: datetime, resolve: datetime
) -> None:
    state = folded((WEDNESDAY, issued("o", priority, request_type)))
    assert (clock_of(state, "sign").due, clock_of(state, "resolve").due) == (sign, resolve)


@pytest.mark.parametrize(
    "tied",
    [e.CaseMerged(merge="m", target="N-2"), e.CaseLinked(event_case="N-2", link=1, reason="r")],
)  # fmt: skip
def test_a_case_that_another_one_answers_has_no_clock_of_its_own(tied: Struct) -> None:
    state = folded((WEDNESDAY, registered()), (WEDNESDAY + HOUR, tied))
    assert clock_of(state, "audit", "").stopped == WEDNESDAY + HOUR
    assert e.CASES.types[type(tied)] in VIEW.interests


def test_every_event_that_changes_a_clock_is_read() -> None:
    assert {e.CASES.types[model] for model in clockwork.EVENTS} <= VIEW.interests


def test_who_is_held_to_nothing_has_no_clock() -> None:
    state = folded((WEDNESDAY, issued("o", "P3", "BY")))
    assert set(state.order("o").clocks) == {"sign", "resolve"}, "praise needs no contact, and no progress"


def test_an_urgent_case_warns_twice_and_an_ordinary_one_once() -> None:
    kinds = [rung.left for rung in SCHEDULE.rungs(folded((WEDNESDAY, issued("o", "P0"))), "o", "sign") if rung.left]
    assert kinds == [0.5, 0.2]
    state = folded((WEDNESDAY, issued("o", "P2")))
    assert [rung.left for rung in SCHEDULE.rungs(state, "o", "sign") if rung.left] == [0.2]


def test_clocks_start_at_dispatch_and_not_at_the_signature() -> None:
    before = folded((WEDNESDAY, issued("o")))
    after = folded((WEDNESDAY, issued("o")), (WEDNESDAY + 3 * HOUR, signed("o")))
    assert clock_of(after, "resolve").due == clock_of(before, "resolve").due
    assert clock_of(after, "sign").stopped == WEDNESDAY + 3 * HOUR
    assert clock_of(after, "resolve").stopped is None


@pytest.mark.parametrize(
    ("data", "stopped"),
    [
        (e.WorkOrderReturnAsked(order="o", unit=LEAD, reason="r", basis="b", proposed_unit=""), {"sign"}),
        (e.WorkOrderContacted(order="o", unit=LEAD, reached=True, text=""), {"contact"}),
        (e.WorkOrderContacted(order="o", unit=LEAD, reached=False, text=""), set()),
        (e.WorkOrderReturned(order="o", unit=LEAD), {"sign", "contact", "resolve"}),
        (e.WorkOrderWithdrawn(order="o", unit=LEAD, reason="r"), {"sign", "contact", "resolve"}),
        (answered("o"), {"sign", "contact", "resolve"}),
        (e.WorkOrderDone(order="o", unit=LEAD), {"sign", "contact", "resolve"}),
        (e.CaseClosed(reason="r"), {"sign", "contact", "resolve"}),
        (e.CaseWithdrawn(reason="r"), {"sign", "contact", "resolve"}),
    ],
)
def test_what_stops_which_clock(data: Struct, stopped: set[Clock]) -> None:
    clocks = folded((WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, data)).order("o").clocks
    assert {name for name, clock in clocks.items() if clock.stopped is not None} == stopped


def test_sent_back_the_resolve_clock_goes_on_and_the_sign_clock_does_not() -> None:
    state = folded(
        (WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, signed("o")), (WEDNESDAY + 2 * HOUR, answered("o")),
        (WEDNESDAY + 3 * HOUR, sent_back("o")),
    )  # fmt: skip
    assert clock_of(state, "sign").stopped == WEDNESDAY + HOUR, "the first stop counts"
    assert clock_of(state, "resolve").stopped is None
    assert clock_of(state, "resolve").due == days(5), "the limit is the first one"
    assert clock_of(state, "audit").stopped == WEDNESDAY + 3 * HOUR


def test_the_centres_clocks_run_while_it_is_the_centre_that_is_waited_for() -> None:
    asked = e.WorkOrderReturnAsked(order="o", unit=LEAD, reason="r", basis="b", proposed_unit="")
    state = folded((WEDNESDAY, registered("P1")))
    assert clock_of(state, "audit", "").due == WEDNESDAY + 10 * MINUTE, "a dispatcher decides where it goes"
    state = folded((WEDNESDAY, registered("P1")), (WEDNESDAY, issued("o", "P1")), (WEDNESDAY + HOUR, asked))
    assert clock_of(state, "approve").due == WEDNESDAY + HOUR + 30 * MINUTE
    state = folded((WEDNESDAY, issued("o", "P1")), (WEDNESDAY + HOUR, answered("o")))
    assert clock_of(state, "audit").due == WEDNESDAY + HOUR + 10 * MINUTE


def test_a_case_answered_in_the_call_has_no_clock_until_it_is_closed() -> None:
    data = registered(state="settled")
    assert VIEW.fold(None, event(case_of("a"), 1, WEDNESDAY, data), data) is None
    state = folded((WEDNESDAY, data), (WEDNESDAY, e.CaseClosed(reason="answered_at_desk")))
    assert [clock for _, order in state.whole() for clock in order.clocks] == ["archive"]
    assert not state.running(), "nobody is waited for"


CLOSED = e.CaseClosed(reason="solved")
ARCHIVE_AT = datetime(2021, 2, 3, 17, 30, tzinfo=CHINA)
"""The end of the fifteenth working day after Wednesday, 13 January."""


def test_a_closed_case_is_archived_when_the_time_for_an_appeal_is_over() -> None:
    state = folded((WEDNESDAY, issued("o")), (WEDNESDAY, CLOSED))
    archive = clock_of(state, "archive", "")
    assert (archive.due, archive.rule, archive.period, archive.next) == (ARCHIVE_AT, "appeal", "15wd", ARCHIVE_AT)
    assert [rung.kind for rung in SCHEDULE.rungs(state, "", "archive")] == ["archive"]
    shown = next(one for one in explained(state, SCHEDULE) if one["clock"] == "archive")
    assert (shown["due"], shown["rule"], shown["rungs"][0]["step"]) == (ARCHIVE_AT, "appeal", "archive")


@pytest.mark.parametrize(
    "again", [e.CaseReopenRequested(contact_id="c"), e.CaseReopened(cycle=2, reason="r", obligations=())]
)
def test_a_case_that_goes_on_is_not_archived(again: Struct) -> None:
    for at in (WEDNESDAY + HOUR, ARCHIVE_AT + HOUR):
        state = folded((WEDNESDAY, issued("o")), (WEDNESDAY, CLOSED), (at, again))
        assert "archive" not in {one.rung.kind for one in all_pending(state)}
    state = folded((WEDNESDAY, issued("o")), (WEDNESDAY, CLOSED), (WEDNESDAY + HOUR, again), (WEDNESDAY + HOUR, CLOSED))
    assert clock_of(state, "archive", "").next == ARCHIVE_AT


def all_pending(state: Clocks) -> list[Due]:
    """Everything that is still told, however late."""
    found = []
    while (one := SCHEDULE.pending(state, ARCHIVE_AT + 100 * DAY)) is not None:
        found.append(one)
        SCHEDULE.told(state, one)
    return found


def supervised(order: str, due: datetime | None) -> e.SupervisionOpened:
    return e.SupervisionOpened(supervision="s", order=order, unit=LEAD, reason="r", due=due, number="SJZ-1-D1")


@pytest.mark.parametrize("order", ["o", ""])
def test_a_day_before_the_document_itself_is_due_at_once(order: str) -> None:
    """An old log may say so: a year was mistyped."""
    state = folded((WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, supervised(order, datetime(21, 1, 15, tzinfo=CHINA))))
    assert clock_of(state, "supervision", order).due == WEDNESDAY + HOUR
    told = [one for one in all_pending(state) if one.clock == "supervision"]
    assert [one.rung.kind for one in told][:2] == ["warn", "breach"]
    assert {one.due for one in told} == {WEDNESDAY + HOUR}


@pytest.mark.parametrize("order", ["o", ""])
def test_a_written_supervision_has_a_clock_of_its_own(order: str) -> None:
    """The document's own day, else policy's; the report stops it, a report sent back lets it go on."""
    told = supervised(order, days(3))
    state = folded((WEDNESDAY, issued("o")), (WEDNESDAY, told))
    assert (clock_of(state, "supervision", order).due, clock_of(state, "supervision", order).rule) == (days(3), "fixed")
    kinds = [rung.kind for rung in SCHEDULE.rungs(state, order, "supervision")]
    assert kinds == ["warn", "breach", "urge", "notify_leaders"]
    state = folded((WEDNESDAY, issued("o")), (WEDNESDAY, supervised(order, None)))
    assert (clock_of(state, "supervision", order).due, clock_of(state, "supervision", order).period) == (days(2), "2wd")
    report, back = e.SupervisionAnswered(supervision="s", unit=LEAD, text="t"), e.SupervisionSentBack(
        supervision="s", unit=LEAD, text="t"
    )  # fmt: skip
    begun = [(WEDNESDAY, issued("o")), (WEDNESDAY, told), (WEDNESDAY + HOUR, report)]
    assert clock_of(folded(*begun), "supervision", order).stopped == WEDNESDAY + HOUR
    assert clock_of(folded(*begun, (WEDNESDAY + 2 * HOUR, back)), "supervision", order).stopped is None
    late = folded((WEDNESDAY, issued("o")), (WEDNESDAY, told), (days(5), report))
    assert ("breach", "supervision") in {(one.rung.kind, one.clock) for one in all_pending(late)}
    assert explained(late, SCHEDULE)


def test_reply_and_follow_up_are_the_cases_own_and_follow_each_other() -> None:
    done = [(WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, owed("one")), (WEDNESDAY + 2 * HOUR, owed("two"))]
    state = folded(*done)
    assert clock_of(state, "reply", "").since == WEDNESDAY + HOUR, "from the first that is payable"
    settled = [(WEDNESDAY + n * HOUR, e.ReplySettled(obligation=o, how="sms", proof="")) for n, o in ((3, "one"),)]
    state = folded(*done, *settled)
    assert clock_of(state, "reply", "").stopped is None
    state = folded(*done, *settled, (WEDNESDAY + 4 * HOUR, e.ReplySettled(obligation="two", how="sms", proof="")))
    assert clock_of(state, "reply", "").stopped == WEDNESDAY + 4 * HOUR
    assert clock_of(state, "follow_up", "").due == days(1)


def test_who_answers_is_no_longer_judged_about_more_time() -> None:
    asked = e.WorkOrderExtensionAsked(order="o", unit=LEAD, until=days(7), reason="r")
    state = folded((WEDNESDAY, issued("o")), (WEDNESDAY, asked), (WEDNESDAY + HOUR, answered("o")))
    assert clock_of(state, "approve").stopped == WEDNESDAY + HOUR
    assert [pause.until for pause in state.orders["o"].pauses] == [WEDNESDAY + HOUR]


def test_a_return_that_is_asked_does_not_stop_the_resolve_clock() -> None:
    asked = e.WorkOrderReturnAsked(order="o", unit=LEAD, reason="r", basis="b", proposed_unit="")
    refused = e.WorkOrderReturnRefused(order="o", unit=LEAD, reason="r")
    state = folded((WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, asked), (WEDNESDAY + 30 * HOUR, refused))
    assert clock_of(state, "resolve").due == days(5)


def test_an_extension_moves_the_deadline_and_all_that_hangs_on_it() -> None:
    extended = e.WorkOrderExtended(order="o", unit=LEAD, until=days(7), reason="r")
    state = folded((WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, extended))
    assert (clock_of(state, "resolve").due, clock_of(state, "resolve").rule) == (days(7), "extended")


def test_an_extension_shortens_nothing_where_another_type_of_request_has_more_time() -> None:
    extended = e.WorkOrderExtended(order="o", unit=LEAD, until=days(7), reason="r")
    begun = [(WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, extended), (WEDNESDAY + DAY, regraded("P2", "JB"))]
    resolve, plain = (clock_of(folded(*events), "resolve") for events in (begun, [begun[0], begun[2]]))
    assert resolve.due == plain.due
    assert plain.due is not None
    assert plain.due > days(7)


def test_an_extension_falls_away_where_the_case_becomes_urgent() -> None:
    extended = e.WorkOrderExtended(order="o", unit=LEAD, until=days(7), reason="r")
    begun = [(WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, extended)]
    assert clock_of(folded(*begun, (WEDNESDAY + DAY, regraded("P1"))), "resolve").due == WEDNESDAY + 2 * DAY
    assert clock_of(folded(*begun, (WEDNESDAY + DAY, regraded("P2", "ZX"))), "resolve").due == days(7)


def test_an_answer_sent_back_after_a_rise_counts_from_the_rise() -> None:
    state = folded(
        (WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, answered("o")), (WEDNESDAY + DAY, regraded("P0")),
        (WEDNESDAY + DAY + HOUR, sent_back("o")),
    )  # fmt: skip
    assert clock_of(state, "resolve").due == WEDNESDAY + DAY + 2 * HOUR


def test_a_lower_unit_has_its_own_earlier_deadline() -> None:
    own = msgspec.structs.replace(issued("o"), due=days(2))
    assert clock_of(folded((WEDNESDAY, own)), "resolve").due == days(2)
    late = msgspec.structs.replace(issued("o"), due=days(7))
    assert clock_of(folded((WEDNESDAY, late)), "resolve").due == days(5)


def test_where_priority_rises_the_new_limits_count_from_there_and_where_it_falls_from_the_start() -> None:
    up = folded((WEDNESDAY, issued("o", "P2")), (WEDNESDAY + 48 * HOUR, regraded("P0")))
    assert clock_of(up, "resolve").due == WEDNESDAY + 50 * HOUR
    assert clock_of(up, "progress").due == WEDNESDAY + 48 * HOUR + 30 * MINUTE, "and it reports from now on"
    down = folded((WEDNESDAY, issued("o", "P0")), (WEDNESDAY + HOUR, regraded("P2")))
    assert clock_of(down, "resolve").due == days(5)
    assert "progress" not in down.order("o").clocks
    other = folded((WEDNESDAY, issued("o", "P2")), (WEDNESDAY + HOUR, regraded("P2", "ZX")))
    assert clock_of(other, "resolve").due == days(3)


def test_a_surge_profile_has_its_own_limits_and_calendar_and_the_normal_deadline_is_kept() -> None:
    epidemic = msgspec.structs.replace(issued("o"), topic="01", profile="epidemic")
    clock = clock_of(folded((WEDNESDAY, epidemic)), "resolve")
    assert (clock.due, clock.normal, clock.rule) == (WEDNESDAY + 24 * HOUR, days(5), "epidemic-help")
    saturday = datetime(2021, 1, 16, 9, 0, tzinfo=CHINA)
    consult = msgspec.structs.replace(issued("o", "P2", "ZX"), topic="01", profile="epidemic")
    clock = clock_of(folded((saturday, consult)), "resolve")
    assert clock.due == datetime(2021, 1, 17, 20, 0, tzinfo=CHINA), "Sunday is worked in the surge"


def test_a_unit_may_have_a_calendar_of_its_own() -> None:
    saturday = datetime(2021, 1, 16, 9, 0, tzinfo=CHINA)
    control_room = msgspec.structs.replace(issued("o"), unit="130100-03-001")
    assert clock_of(folded((saturday, control_room)), "sign").due == datetime(2021, 1, 17, 23, 59, tzinfo=CHINA)
    assert clock_of(folded((saturday, issued("o"))), "sign").due == datetime(2021, 1, 18, 17, 30, tzinfo=CHINA)


def rungs(state: Clocks, clock: Clock) -> list[str]:
    return [rung.kind for rung in SCHEDULE.rungs(state, "o", clock)]


def test_the_ladder_after_a_breach() -> None:
    state = folded((WEDNESDAY, issued("o", "P2")))
    assert rungs(state, "resolve") == ["warn", "breach", "urge", "supervise", "notify_leaders"]
    moments = [rung.at for rung in SCHEDULE.rungs(state, "o", "resolve")]
    assert moments[1:] == [days(5), days(5), datetime(2021, 1, 21, 17, 30, tzinfo=CHINA), days(10)]
    assert rungs(state, "sign") == ["warn", "breach", "accept", "urge"]


def test_progress_is_asked_for_until_the_order_is_due() -> None:
    state = folded((WEDNESDAY, issued("o", "P0")), (WEDNESDAY + MINUTE, signed("o")))
    told = []
    while (one := SCHEDULE.pending(state, WEDNESDAY + 24 * HOUR)) is not None:
        told.append((one.clock, one.rung.kind, one.due))
        SCHEDULE.told(state, one)
    missed = [due for clock, kind, due in told if (clock, kind) == ("progress", "breach")]
    assert missed == [WEDNESDAY + n * 30 * MINUTE for n in (1, 2, 3, 4)]


def test_progress_begins_a_new_round() -> None:
    progressed = e.WorkOrderProgressed(order="o", unit=LEAD, text="on the way")
    state = folded((WEDNESDAY, issued("o", "P0")), (WEDNESDAY + 20 * MINUTE, progressed))
    assert clock_of(state, "progress").due == WEDNESDAY + 50 * MINUTE


def test_who_asks_together_brings_a_key_supervision_once() -> None:
    joins = [
        (WEDNESDAY + n * HOUR, e.ContactAttached(reporter=reporter(f"c{n}", f"man {n}"), text="", obligation=""))
        for n in (1, 2, 3)
    ]
    state = folded((WEDNESDAY, registered()), (WEDNESDAY, issued("o")), *joins[:2])
    assert not state.triggered
    state = folded((WEDNESDAY, registered()), (WEDNESDAY, issued("o")), *joins)
    one = SCHEDULE.pending(state, WEDNESDAY + 3 * HOUR)
    assert one is not None
    assert (one.clock, one.rung.kind, one.rung.at) == (None, "trigger", WEDNESDAY + 3 * HOUR)
    SCHEDULE.told(state, one)
    assert SCHEDULE.pending(state, WEDNESDAY + 3 * HOUR) is None


def joined(*joins: Struct) -> int:
    start = [(WEDNESDAY, registered()), (WEDNESDAY, issued("o"))]
    return folded(*start, *((WEDNESDAY + HOUR, one) for one in joins)).joined


def attached(contact: str, name: str, obligation: str = "") -> e.ContactAttached:
    return e.ContactAttached(reporter=reporter(contact, name), text="", obligation=obligation)


def test_each_caller_joins_once_and_those_of_a_merged_case_too() -> None:
    assert joined(attached("c2", "wang"), attached("c3", "wang")) == 0, "he brought the case himself"
    assert joined(attached("c2", "li", "o2"), attached("c3", "li"), attached("c4", "zhao", "o3")) == 2
    assert joined(attached("c2", ""), attached("c3", "")) == 0, "nobody knows whether it is another one"
    brought = tuple(c.Carried(reporter=reporter(f"c{n}", name), number="n") for n, name in enumerate(("li", "zhao")))
    merged = e.CaseAbsorbed(merge="m", source="s", number="n", reporters=brought, obligations=("o2", "o3"))
    assert joined(attached("c5", "li"), merged) == 2


def test_each_order_has_its_own_clocks_and_the_earliest_comes_next() -> None:
    slow, fast = issued("slow", "P2"), msgspec.structs.replace(issued("fast", "P2"), unit=SECOND, due=days(1))
    state = folded((WEDNESDAY, slow), (WEDNESDAY, fast))
    assert clock_of(state, "resolve", "fast").due < clock_of(state, "resolve", "slow").due
    assert state.next() == min(one.next for o in state.orders.values() for one in o.clocks.values() if one.next)


def test_nothing_runs_any_more_once_all_is_done() -> None:
    state = folded((WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, e.WorkOrderDone(order="o", unit=LEAD)))
    assert state.next() is None
    assert not state.running()
    assert SCHEDULE.pending(state, days(10)) is None
