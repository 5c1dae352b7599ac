"""Who calls in a round: first calls, those about one cause among them, and neighbours."""

from hotline.surge.calls import Round
from hotline.surge.messages import Message
from hotline.surge.mix import Chance, load_mix

PLAN = Round("r", 200, 1000, load_mix(), Chance(1), [Message(text="路灯不亮")])


def test_all_who_are_to_call_about_the_cause_do_evenly_among_the_others() -> None:
    calls = list(PLAN.calls())
    assert len({call.id for call in calls}) == 1200
    assert sum(call.kind == "event" for call in calls) == 1000
    assert sum(call.kind == "event" for call in calls[:600]) == 500


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
