"""Figures by hand: a small day, and what each of them must say of it."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reports.domain.figures import Figure, Figures
from services.reports.rows import Days
from services.reports.store import Store
from shared.events import cases as e
from shared.events.contacts import Answered, Ended, KeyPressed, Offered
from shared.records import Record
from tests.factories import LEAD, SECOND, START, person, reporter
from tests.unit.reports.world import DAY, Reporting, contact, dispatched, issued, placed, registered

Fact = tuple[str, dict[str, Any]]
THE_DAY = date.fromisoformat(DAY)


def call(name: str, *facts: Fact, seconds: float = 60.0) -> list[Record]:
    """A call with the facts after its beginning; the last one `seconds` later."""
    kinds = {"key": KeyPressed, "answered": Answered, "ended": Ended}
    made = [contact(name, Offered(number=1, channel="call", person=person("li"), receipt="R"))]
    for number, (kind, fields) in enumerate(facts, 2):
        at = START + timedelta(seconds=seconds)
        made.append(contact(name, kinds[kind](number=number, **fields), at))
    return made


PERSON: Fact = ("key", {"menu": "main", "key": "3", "action": "person"})
PLAY: Fact = ("key", {"menu": "policy", "key": "1", "action": "play"})
BY_CALLER: Fact = ("ended", {"by": "caller", "served": False})
CALLS = [
    *call("fast", PERSON, ("answered", {"agent": "a1", "wait_s": 15.0}), ("ended", {"by": "agent", "served": True})),
    *call("slow", PERSON, ("answered", {"agent": "a2", "wait_s": 30.5}), ("ended", {"by": "agent", "served": True})),
    *call("no menu", ("answered", {"agent": "a1", "wait_s": 2.0})),
    *call("gave up", PERSON, BY_CALLER),
    *call("gave up at once", BY_CALLER, seconds=3),
    *call("heard a text", PLAY, ("ended", {"by": "ivr", "served": True})),
    *call("left the menu", PLAY, BY_CALLER),
    placed("hard case", 1, "卡口"),
    placed("hard case", 2, "卡口"),
    contact("web", Offered(number=1, channel="web", person=person("zhao"), receipt="R")),
]


async def figures_of(world: Reporting, day: date = THE_DAY) -> dict[str, Figure]:
    return (await world.office.figures(day, day)).by_name()


def parts(figure: Figure) -> tuple[float | None, float | None, int | None]:
    return figure.value, figure.numerator, figure.denominator


async def test_calls() -> None:
    world = Reporting()
    await world.read(*CALLS)
    found = await figures_of(world)
    assert {name: found[name].value for name in ("offered", "calls", "ivr_used", "served_by_ivr", "placed")} == {
        "offered": 8, "calls": 7, "ivr_used": 5, "served_by_ivr": 1, "placed": 2,
    }  # fmt: skip
    assert parts(found["connect_rate"]) == (60.0, 3, 5)
    assert parts(found["answered_in_15s_rate"]) == (66.67, 2, 3)
    assert parts(found["abandon_rate"]) == (40.0, 2, 5)
    assert found["abandoned_short"].value == 1
    assert parts(found["average_wait"]) == (15.8, 47.5, 3)
    assert parts(found["outbound_ratio"]) == (0.25, 2, 8)


async def test_the_day_ends_at_midnight_of_the_city() -> None:
    world = Reporting()
    last, next_day = START.replace(hour=23, minute=59, second=59), START.replace(hour=0) + timedelta(days=1)
    await world.tell("a", registered("a"), at=last)
    await world.tell("b", registered("b"), at=next_day)
    assert (await figures_of(world))["accepted"].value == 1
    assert (await figures_of(world, THE_DAY + timedelta(days=1)))["accepted"].value == 1
    both = await world.office.figures(THE_DAY, THE_DAY + timedelta(days=1))
    assert both.by_name()["accepted"].value == 2


async def a_day(store: Store | None = None) -> Reporting:
    """One answered at the desk, one dispatched to two units and carried to its end, one whose reporter left nothing."""
    world = Reporting(store)
    await world.tell(
        "desk", registered("desk", kind="ZX", obligation_state="settled"), e.CaseAnswered(answer="x"),
        e.CaseClosed(reason="answered_at_desk"),
    )  # fmt: skip
    await world.tell(
        "full", registered("full", kind="TS", area="130109"),
        dispatched(LEAD, SECOND), issued("o1"), issued("o2", SECOND),
        e.DeadlineWarned(clock="sign", order="o2", unit=SECOND, due=START),
        e.DeadlineBreached(clock="sign", order="o2", unit=SECOND, due=START),
        e.WorkOrderSigned(order="o1", unit=LEAD), e.WorkOrderSigned(order="o2", unit=SECOND, due=START),
        e.ContactAttached(reporter=reporter("again"), text="", obligation="debt-2"),
        e.WorkOrderAnswered(order="o1", unit=LEAD, public_answer="x", internal="", solved=True),
        e.WorkOrderSentBack(order="o1", unit=LEAD, reason="x"),
        e.WorkOrderDone(order="o1", unit=LEAD), e.WorkOrderDone(order="o2", unit=SECOND),
        e.ReplySettled(obligation="debt-full", how="sms", proof="p"),
        e.ReplySettled(obligation="debt-2", how="person", proof="p"),
    )  # fmt: skip
    later = START + timedelta(hours=3)
    followed = e.CaseFollowedUp(solved=True, satisfaction=3, comment="")
    await world.tell("full", followed, e.CaseClosed(reason="done"), at=later, first=16)
    await world.tell("silent", registered("silent", obligation_state="waived", obligation="debt-s", priority="P1"))
    return world


async def test_cases() -> None:
    found = await figures_of(await a_day())
    counts = {
        "accepted": 3, "answered_at_desk": 1, "dispatched": 1, "to_several_units": 1, "called_again": 1, "closed": 2,
        "replies_owed": 2, "replies_settled": 2, "replies_delivered": 1, "replies_by_person": 1, "replies_waived": 1,
        "warnings": 1, "breaches": 1, "orders_issued": 2, "orders_signed": 2, "orders_done": 2, "orders_sent_back": 1,
        "orders_overdue_sign": 1, "orders_overdue_resolve": 0, "reopened": 0, "rejections": 0,
    }  # fmt: skip
    assert {name: found[name].value for name in counts} == counts
    assert parts(found["desk_share"]) == (33.33, 1, 3)
    assert parts(found["signed_in_time_rate"]) == (50.0, 1, 2)
    assert parts(found["done_in_time_rate"]) == (100.0, 2, 2)
    assert parts(found["satisfied_rate"]) == (100.0, 1, 1)
    assert parts(found["strictly_satisfied_rate"]) == (0.0, 0, 1)
    assert parts(found["solved_rate"]) == (100.0, 1, 1)
    assert parts(found["repeat_share"]) == (25.0, 1, 4)
    assert parts(found["average_handling"]) == (10800.0, 10800.0, 1)


def table(figures: Figures, name: str) -> dict[str, dict[str, float | int | None]]:
    return {row.code: {k: figure.value for k, figure in row.figures.items()} for row in figures.tables[name]}


async def test_tables() -> None:
    figures = await (await a_day()).office.figures(THE_DAY, THE_DAY)
    types = table(figures, "request_types")
    assert list(types) == ["ZX", "QZ", "TS", "JB", "JY", "BY", "QT"]
    assert (types["TS"], types["BY"]) == ({"count": 1, "share": 33.33}, {"count": 0, "share": 0.0})
    assert table(figures, "areas")["130102"]["count"] == 2
    assert table(figures, "priorities")["P1"]["count"] == 1
    units = table(figures, "units")
    assert (units[LEAD]["signed"], units[LEAD]["sent_back"], units[SECOND]["overdue_sign"]) == (1, 1, 1)


async def test_an_empty_day_has_no_rates() -> None:
    figures = await Reporting().office.figures(THE_DAY, THE_DAY)
    assert all(figure.value == 0 for figure in figures.figures if figure.unit == "count")
    assert all(figure.value is None for figure in figures.figures if figure.unit != "count")


async def test_the_whole_life_counts_every_day() -> None:
    world = await a_day()
    await world.tell("next", registered("next"), at=START + timedelta(days=9))
    found = (await world.office.all_figures()).by_name()
    assert (found["accepted"].value, found["replies_owed"].value) == (4, 3)


async def test_a_reopened_case_owes_again() -> None:
    world = Reporting()
    reopened = e.CaseReopened(cycle=2, reason="x", obligations=("debt-3", ""))
    await world.tell("a", registered("a"), e.CaseClosed(reason="x"), reopened)
    found = await figures_of(world)
    assert (found["replies_owed"].value, found["reopened"].value) == (2, 1)


async def test_a_repeated_batch_changes_nothing() -> None:
    world = await a_day()
    before = await world.store.tally(Days(DAY, DAY))
    await world.tell("silent", registered("silent", obligation_state="waived", obligation="debt-s", priority="P1"))
    await world.read(*CALLS)
    once = await world.store.tally(None)
    await world.read(*CALLS)
    assert await world.store.tally(None) == once
    assert before.counts["accepted"] == once.counts["accepted"]


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(range(len(CALLS))), cut=st.integers(0, len(CALLS)), again=st.integers(0, len(CALLS) - 1))
async def test_the_order_of_contact_facts_does_not_matter(order: list[int], cut: int, again: int) -> None:
    straight, mixed = Reporting(), Reporting()
    await straight.read(*CALLS)
    shuffled = [CALLS[n] for n in order]
    await mixed.read(*shuffled[:cut])
    await mixed.read(*shuffled[cut:], CALLS[again])
    assert await mixed.store.tally(None) == await straight.store.tally(None)


async def test_of_two_facts_with_one_number_the_earlier_stays() -> None:
    first = contact("c", Answered(number=2, agent="a", wait_s=1.0))
    second = contact("c", Answered(number=2, agent="b", wait_s=99.0), START + timedelta(seconds=1))
    offered = contact("c", Offered(number=1, channel="call", person=person(""), receipt=""))
    for records in ((offered, first, second), (offered, second, first)):
        world = Reporting()
        for record in records:
            await world.read(record)
        assert (await figures_of(world))["average_wait"].value == pytest.approx(1.0)


async def test_who_leaves_with_an_undone_merge_takes_the_debt_of_a_later_cycle_along() -> None:
    """The case was reopened while he was in it; what was paid to him before stays paid here."""
    world = Reporting()
    moved = e.CaseAbsorbed(merge="m", source="N-2", number="SJZ-2", reporters=(), obligations=("moved",))
    again = e.CaseReopened(cycle=2, reason="unsolved", obligations=("", "again"))
    paid = e.ReplySettled(obligation="moved", how="sms", proof="p")
    await world.tell("into", registered("into"), moved, paid, again)
    before = (await figures_of(world))["replies_owed"].value
    await world.tell("into", e.CaseReleased(merge="m", source="N-2", obligations=("again",)), first=5)
    assert before is not None
    assert (await figures_of(world))["replies_owed"].value == before - 1
