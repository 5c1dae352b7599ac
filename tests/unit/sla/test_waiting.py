"""Where a case waits and its clocks stand still, and who is waited for once it goes on."""

from datetime import datetime

import msgspec
import pytest
from msgspec import Struct

from shared.events import cases as e
from tests.factories import LEAD
from tests.unit.sla.world import DAY, HOUR, MINUTE, WEDNESDAY, clock_of, days, folded, issued, registered, signed


def test_a_parked_case_stands_still_and_goes_on_where_it_was() -> None:
    parked = e.CaseParked(reason="plan", review_at=days(7))
    state = folded((WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, signed("o")), (WEDNESDAY + 2 * HOUR, parked))
    assert clock_of(state, "resolve").held == WEDNESDAY + 2 * HOUR
    assert clock_of(state, "resolve").next is None, "nothing fires meanwhile"
    assert clock_of(state, "audit", "").due == days(7), "the plan is reviewed"
    later = WEDNESDAY + 7 * DAY
    state = folded(
        (WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, signed("o")), (WEDNESDAY + 2 * HOUR, parked),
        (later, e.CaseResumed(reason="done")),
    )  # fmt: skip
    assert clock_of(state, "resolve").due == days(10), "five working days later"
    assert clock_of(state, "audit", "").stopped == later


REOPENED = e.CaseReopened(cycle=2, reason="r", obligations=())
DISPATCHED = e.CaseDispatched(rule="r", why="", policy_version="", units=(LEAD,))
WITHDRAWN = e.WorkOrderWithdrawn(order="o", unit=LEAD, reason="r")
MERGED, LINKED = e.CaseMerged(merge="m", target="N-2"), e.CaseLinked(event_case="N-2", link=1, reason="r")


@pytest.mark.parametrize(
    "left",
    [
        (WITHDRAWN, e.CaseWithdrawn(reason="r"), e.CaseClosed(reason="withdrawn"), REOPENED),
        (WITHDRAWN, e.CaseReferred(reason="r", route="court"), e.CaseClosed(reason="referred"), REOPENED),
        (LINKED, WITHDRAWN, e.CaseDetached(event_case="N-2", link=1, reason="r")),
        (MERGED, WITHDRAWN, e.CaseSeparated(merge="m", target="N-2", cycle=2, obligations=())),
        (e.CaseClosed(reason="r"), e.CaseReopenRequested(contact_id="c"), REOPENED),
        (DISPATCHED,),
    ],
)  # fmt: skip
def test_a_case_that_leaves_its_parking_in_whatever_way_stands_still_no_longer(left: tuple[Struct, ...]) -> None:
    parked = e.CaseParked(reason="plan", review_at=days(10))
    later = WEDNESDAY + DAY
    state = folded(
        (WEDNESDAY, registered()), (WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, parked),
        *((later, one) for one in left), (later, issued("again", "P0")),
    )  # fmt: skip
    assert (clock_of(state, "sign", "again").held, clock_of(state, "sign", "again").due) == (None, later + 10 * MINUTE)
    assert clock_of(state, "audit", "").stopped == later, "nobody waits for the review"


def test_a_parking_ends_with_the_last_order() -> None:
    parked, late = e.CaseParked(reason="plan", review_at=days(10)), msgspec.structs.replace(WITHDRAWN, order="late")
    state = folded(
        (WEDNESDAY, issued("o")), (WEDNESDAY, issued("late")), (WEDNESDAY, e.WorkOrderDone(order="o", unit=LEAD)),
        (WEDNESDAY, parked), (WEDNESDAY + HOUR, late),
    )  # fmt: skip
    assert clock_of(state, "audit", "").stopped == WEDNESDAY + HOUR
    assert [pause.until for pause in state.case.pauses] == [WEDNESDAY + HOUR]


def test_a_case_closed_while_it_waits_for_a_supplement_does_not_wait_for_it_when_somebody_comes_back() -> None:
    state = folded(
        (WEDNESDAY, registered("P1")), (WEDNESDAY, e.CaseSupplementAsked(text="where")),
        (WEDNESDAY + HOUR, e.CaseClosed(reason="r")), (WEDNESDAY + DAY, e.CaseReopenRequested(contact_id="c")),
    )  # fmt: skip
    assert clock_of(state, "audit", "").next == WEDNESDAY + DAY + 5 * MINUTE


def audit_due(*events: Struct) -> datetime | None:
    """Until when a dispatcher has to decide after these events, all at 11 o'clock."""
    state = folded((WEDNESDAY, registered()), *((WEDNESDAY + HOUR, one) for one in events))
    audit = clock_of(state, "audit", "")
    return None if audit.stopped else audit.due


ANEW = WEDNESDAY.replace(hour=16, minute=30)
"""Four working hours after 11 o'clock."""


def transfer(target: str = "t") -> e.TransferAsked:
    return e.TransferAsked(
        transfer=target, target="120", kind="emergency", number="n", title="t", text="t", request_type="QZ", topic="",
        area="", address="", priority="P1", reason="r", asked_action="a", consent=True,
    )  # fmt: skip


def transfer_over(target: str = "t", text: str = "") -> Struct:
    if text:
        return e.TransferCompleted(transfer=target, target="120", number="n", text=text)
    return e.TransferRefused(transfer=target, target="120", reason="r", text="")


def test_a_dispatcher_is_waited_for_as_soon_as_nobody_has_the_case_any_more() -> None:
    second, withdrawn = issued("second"), msgspec.structs.replace(WITHDRAWN, order="second")
    assert audit_due(DISPATCHED, issued("o"), WITHDRAWN) == ANEW
    assert audit_due(DISPATCHED, issued("o"), second, WITHDRAWN) is None
    assert audit_due(DISPATCHED, issued("o"), second, WITHDRAWN, withdrawn) == ANEW
    assert audit_due(DISPATCHED, issued("o"), e.WorkOrderDone(order="o", unit=LEAD), second, withdrawn) is None
    assert audit_due(DISPATCHED, issued("o"), transfer(), WITHDRAWN) is None, "the partner is waited for"
    assert audit_due(DISPATCHED, issued("o"), transfer(), transfer_over(text="done"), WITHDRAWN) is None
    assert audit_due(DISPATCHED, issued("o"), LINKED, WITHDRAWN) is None
    assert audit_due(DISPATCHED, issued("o"), MERGED, WITHDRAWN) is None
    assert audit_due(DISPATCHED, issued("o"), WITHDRAWN, e.CaseWithdrawn(reason="r")) is None


def test_a_reopened_case_waits_for_a_dispatcher_unless_its_units_go_on() -> None:
    assert audit_due(DISPATCHED, issued("o"), WITHDRAWN, e.CaseClosed(reason="r"), REOPENED) == ANEW
    assert audit_due(DISPATCHED, issued("o"), WITHDRAWN, e.CaseClosed(reason="r"), REOPENED, issued("new")) is None
    old = (DISPATCHED, issued("o"), e.WorkOrderDone(order="o", unit=LEAD), e.CaseClosed(reason="r"), REOPENED)
    assert audit_due(*old, issued("new"), msgspec.structs.replace(WITHDRAWN, order="new")) == ANEW


def test_a_refused_transfer_is_a_dispatchers_only_where_nobody_else_is_at_work() -> None:
    assert audit_due(transfer(), transfer_over()) == ANEW
    assert audit_due(transfer(), transfer("other"), transfer_over()) is None
    assert audit_due(transfer(), transfer("other"), transfer_over(), transfer_over("other")) == ANEW
    assert audit_due(DISPATCHED, issued("o"), transfer(), transfer_over()) is None
