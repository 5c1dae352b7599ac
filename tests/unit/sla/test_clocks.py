"""The clocks of an order: when they start, stop and go on, and what they tell next."""

from datetime import datetime, timedelta

import pytest

from services.sla.domain.limits import Deadlines, terms
from shared.calendars import load_calendar
from shared.clock import CHINA
from shared.events import cases as e
from shared.events.commands import Priority, RequestType
from shared.policy import load
from tests.factories import LEAD
from tests.unit.sla.world import POLICY, answered, folded, issued, sent_back, signed

WEDNESDAY = datetime(2021, 1, 13, 10, 0, tzinfo=CHINA)
HOUR = timedelta(hours=1)


def days(count: int) -> datetime:
    """The end of the nth working day after Wednesday the 13th, in that week and the next."""
    return datetime(2021, 1, {1: 14, 2: 15, 3: 18, 5: 20, 7: 22}[count], 17, 30, tzinfo=CHINA)


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
    clocks = folded((WEDNESDAY, issued("o", priority, request_type))).orders["o"]
    assert (clocks["sign"].due, clocks["resolve"].due) == (sign, resolve)


def test_a_fifth_of_the_time_is_left_at_the_warning() -> None:
    clock = folded((WEDNESDAY, issued("o", "P0"))).orders["o"]["sign"]
    assert clock.warn == WEDNESDAY + timedelta(minutes=8)


def test_a_policy_without_a_fitting_line_is_an_error() -> None:
    policy = load(POLICY, "deadlines", Deadlines)
    short = policy.model_copy(update={"limits": policy.limits[:2]})
    with pytest.raises(LookupError, match="no limit for P3 QZ"):
        terms(short, load_calendar(POLICY).due, WEDNESDAY, "P3", "QZ")


def test_clocks_start_at_dispatch_and_not_at_the_signature() -> None:
    before = folded((WEDNESDAY, issued("o")))
    after = folded((WEDNESDAY, issued("o")), (WEDNESDAY + 3 * HOUR, signed("o")))
    assert after.orders["o"]["resolve"].due == before.orders["o"]["resolve"].due
    assert after.orders["o"]["sign"].stopped == WEDNESDAY + 3 * HOUR
    assert after.orders["o"]["resolve"].stopped is None


@pytest.mark.parametrize(
    ("data", "sign", "resolve"),
    [
        (e.WorkOrderReturnAsked(order="o", unit=LEAD, reason="r", basis="b", proposed_unit=""), True, False),
        (e.WorkOrderReturned(order="o", unit=LEAD), True, True),
        (answered("o"), True, True),
        (e.WorkOrderDone(order="o", unit=LEAD), True, True),
    ],
)
def test_what_stops_which_clock(data: e.WorkOrderAnswered, sign: bool, resolve: bool) -> None:
    clocks = folded((WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, data)).orders["o"]
    assert (clocks["sign"].stopped is not None, clocks["resolve"].stopped is not None) == (sign, resolve)


def test_sent_back_the_resolve_clock_goes_on_and_the_sign_clock_does_not() -> None:
    state = folded(
        (WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, signed("o")), (WEDNESDAY + 2 * HOUR, answered("o")),
        (WEDNESDAY + 3 * HOUR, sent_back("o")),
    )  # fmt: skip
    assert state.orders["o"]["sign"].stopped == WEDNESDAY + HOUR, "the first stop counts"
    assert state.orders["o"]["resolve"].stopped is None
    assert state.next() == state.orders["o"]["resolve"].warn
    assert state.orders["o"]["resolve"].due == days(5), "the limit is the first one"


def test_each_order_has_its_own_clocks_and_the_earliest_comes_next() -> None:
    state = folded((WEDNESDAY, issued("slow", "P2")), (WEDNESDAY, issued("fast", "P0")))
    assert state.next() == state.orders["fast"]["sign"].warn
    assert {order for order, *_ in state.pending()} == {"slow", "fast"}


def test_the_sign_clock_warns_breaches_then_accepts_and_the_resolve_clock_does_not_accept() -> None:
    clocks = folded((WEDNESDAY, issued("o", "P0"))).orders["o"]
    for name, accepts, rungs in (("sign", True, ["warn", "breach", "accept"]), ("resolve", False, ["warn", "breach"])):
        clock, told = clocks[name], []  # type: ignore[index]
        while (rung := clock.next(accepts)) is not None:
            told.append(rung[1])
            clock.fired.append(rung[1])
        assert told == rungs


def test_nothing_runs_any_more_once_all_is_done() -> None:
    state = folded((WEDNESDAY, issued("o")), (WEDNESDAY + HOUR, e.WorkOrderDone(order="o", unit=LEAD)))
    assert state.next() is None
    assert list(state.pending()) == []
