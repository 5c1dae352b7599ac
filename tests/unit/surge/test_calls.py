"""Who calls in a round: first calls, those about one cause among them, and neighbours."""

from collections import Counter

import pytest

from hotline.surge.calls import Round
from hotline.surge.messages import Message
from hotline.surge.mix import Chance, load_mix

PLAN = Round("r", 200, 1000, load_mix(), Chance(1), [Message(text="路灯不亮")])


def test_the_shares_hold_for_all_calls() -> None:
    plan = Round("r", 20_000, 0, load_mix(), Chance(1), [Message(text="路灯不亮")])
    firsts = list(plan.calls())
    again = sum(plan.again(call, "N-1") is not None for call in firsts)
    neighbours = sum(plan.neighbour(call) is not None for call in firsts)
    kinds = Counter(call.kind for call in firsts)
    everybody, shares = len(firsts) + again + neighbours, plan.mix.calls
    assert 0 <= everybody - plan.count <= 2
    assert kinds["ivr"] / everybody == pytest.approx(shares.ivr, rel=0.03)
    assert (kinds["desk"] + again) / everybody == pytest.approx(shares.desk, rel=0.03)
    assert (kinds["dispatched"] + neighbours) / everybody == pytest.approx(shares.dispatched, rel=0.03)


def test_all_who_are_to_call_about_the_cause_do_evenly_among_the_others() -> None:
    calls = list(PLAN.calls())
    assert len({call.id for call in calls}) == len(calls)
    assert sum(call.kind == "event" for call in calls) == 1000
    assert sum(call.kind == "event" for call in calls[: len(calls) // 2]) == pytest.approx(500, abs=10)


def test_nobody_has_anothers_number() -> None:
    calls = list(PLAN.calls())
    again = [one for call in calls if (one := PLAN.again(call, "N-1"))]
    neighbours = [one for call in calls if (one := PLAN.neighbour(call))]
    numbers = [call.caller for call in (*calls, *neighbours) if call.caller]
    numbers += [one.caller for one in again if one.index % 2 == 0]
    assert len(numbers) == len(set(numbers))


def test_a_neighbour_reports_the_same_and_nobody_reports_it_for_a_third_time() -> None:
    first = next(call for call in PLAN.calls() if PLAN.neighbour(call))
    neighbour = PLAN.neighbour(first)
    assert neighbour is not None
    assert (first.kind, neighbour.message) == ("dispatched", first.message)
    assert PLAN.neighbour(neighbour) is None
