"""Which orders were in time, to how many units a case went, and whom nobody reached: by hand, a case each."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.reports.domain.daily import sections_of
from services.reports.domain.figures import Figure
from services.reports.domain.marks import tally_of
from services.reports.rows import fact_of
from shared.events import cases as e
from tests.factories import LEAD, SECOND, START, THIRD
from tests.unit.reports.test_figures import figures_of, parts
from tests.unit.reports.world import DAY, WORDS, Reporting, case_of, dispatched, event, issued, registered

DUE, LATER = START + timedelta(days=2), START + timedelta(days=5)
ANSWER = e.WorkOrderAnswered(order="o1", unit=LEAD, public_answer="x", internal="", solved=True)
DONE = e.WorkOrderDone(order="o1", unit=LEAD)
AGAIN = e.WorkOrderSentBack(order="o1", unit=LEAD, reason="x")
RAISED = e.CaseRegraded(priority="P0", request_type="QZ", topic="03", reason="danger")
Step = tuple[Any, datetime]


def breached(due: datetime, clock: Any = "resolve") -> e.DeadlineBreached:
    return e.DeadlineBreached(clock=clock, order="o1", unit=LEAD, due=due)


def extended(due: datetime | None = DUE, until: datetime = LATER) -> e.WorkOrderExtended:
    return e.WorkOrderExtended(order="o1", unit=LEAD, until=until, reason="x", due=due)


async def of_order(*steps: Step) -> dict[str, Figure]:
    """Figures of the days in which one order was given out and these steps followed."""
    world, case = Reporting(), case_of("a")
    begun: list[Step] = [(registered("a"), START), (dispatched(), START), (issued(), START)]
    await world.read(*(event(case, n, data, at) for n, (data, at) in enumerate([*begun, *steps], 1)))
    day = date.fromisoformat(DAY)
    return (await world.office.figures(day, day + timedelta(days=20))).by_name()


@pytest.mark.parametrize(
    ("steps", "in_time", "breaches"),
    [
        ([(breached(DUE), DUE), (extended(), DUE + timedelta(hours=2)), (DONE, LATER)], 1, 1),
        ([(extended(), DUE + timedelta(hours=2)), (breached(DUE), DUE + timedelta(hours=3)), (DONE, LATER)], 1, 1),
        ([(breached(DUE), DUE), (extended(), DUE), (breached(LATER), LATER), (DONE, LATER + timedelta(1))], 0, 2),
        ([(breached(DUE), DUE), (extended(None), DUE), (DONE, LATER)], 0, 1),
        ([(breached(DUE), DUE), (DONE, LATER)], 0, 1),
        ([(DONE, DUE)], 1, 0),
    ],
    ids=["approved late", "told late", "late again", "of old events", "never extended", "in time"],
)
async def test_an_approved_extension_moves_the_deadline_also_one_that_has_passed(
    steps: Sequence[Step], in_time: int, breaches: int
) -> None:
    found = await of_order(*steps)
    assert parts(found["done_in_time_rate"]) == (100.0 * in_time, in_time, 1)
    assert found["orders_overdue_resolve"].value == 1 - in_time
    assert (found["breaches"].value, found["orders_done"].value) == (breaches, 1)


async def test_what_became_urgent_is_due_as_if_it_had_never_been_extended() -> None:
    risen = [(breached(DUE), DUE), (extended(), DUE), (RAISED, DUE + timedelta(hours=1))]
    assert parts((await of_order(*risen, (DONE, LATER)))["done_in_time_rate"]) == (0.0, 0, 1)
    kept = [*risen[:2], (DONE, LATER), (RAISED, LATER)]
    assert parts((await of_order(*kept))["done_in_time_rate"]) == (100.0, 1, 1)


async def test_an_order_that_is_done_again_and_late_twice_is_one_late_order() -> None:
    first, second, day = DUE, LATER, timedelta(days=1)
    steps = [(breached(first), first), (ANSWER, first + day), (AGAIN, first + day), (breached(second), second)]
    found = await of_order(*steps, (DONE, second + day))
    assert parts(found["done_in_time_rate"]) == (0.0, 0, 1)
    assert (found["orders_overdue_resolve"].value, found["breaches"].value) == (1, 2)


async def test_a_signature_is_late_once() -> None:
    found = await of_order((breached(DUE, "sign"), DUE), (breached(LATER, "sign"), LATER))
    assert (found["orders_overdue_sign"].value, found["breaches"].value) == (1, 2)


async def test_facts_of_before_deadlines_were_kept_are_read_and_still_late() -> None:
    world = Reporting()
    case = await world.tell("a", registered("a"), dispatched(), issued(), breached(DUE), DONE)
    state = world.memory.case_table.rows[case]["state"]
    for name in ("missed", "replaced"):
        del state["orders"]["o1"][name]
    fact = fact_of({"state": state})
    assert fact.orders["o1"].late_at() == START
    assert tally_of([fact]).counts["orders_overdue_resolve"] == 1


@pytest.mark.parametrize(
    ("events", "several"),
    [
        ([dispatched(LEAD), issued(), dispatched(SECOND), issued("o2", SECOND)], 1),
        ([dispatched(LEAD, SECOND), issued(), issued("o2", SECOND)], 1),
        ([dispatched(LEAD), issued(), dispatched(LEAD)], 0),
        ([dispatched(LEAD), issued(), e.WorkOrderWithdrawn(order="o1", unit=LEAD, reason="x"), dispatched(SECOND)], 0),
        ([dispatched(LEAD), issued(), e.WorkOrderReturned(order="o1", unit=LEAD), issued("o2", SECOND)], 0),
        ([dispatched(LEAD), issued(), e.WorkOrderReturned(order="o1", unit=LEAD), issued("o2", SECOND),
          dispatched(THIRD)], 1),
    ],
    ids=["later", "at once", "the same", "recalled first", "returned", "a third one beside the second"],
)  # fmt: skip
async def test_several_units_are_those_that_have_a_case_at_once(events: list[Any], several: int) -> None:
    world = Reporting()
    await world.tell("a", registered("a"), *events)
    assert (await figures_of(world))["to_several_units"].value == several


HOW = {"sms": "replies_delivered", "voice": "replies_delivered", "person": "replies_by_person",
       "unreachable": "replies_unreachable"}  # fmt: skip


@pytest.mark.parametrize("how", HOW)
async def test_a_reply_counts_as_what_became_of_it(how: str) -> None:
    world = Reporting()
    await world.tell("a", registered("a"), e.ReplySettled(obligation="debt-a", how=how, proof="p"))
    found = await figures_of(world)
    assert {name for name in {*HOW.values(), "replies_waived"} if found[name].value} == {HOW[how]}
    assert found["replies_settled"].value == (how != "unreachable")


async def test_the_daily_says_apart_who_could_not_be_reached() -> None:
    world = Reporting()
    await world.tell("a", registered("a"), e.ReplySettled(obligation="debt-a", how="unreachable", proof="p"))
    snapshot = await world.office.make(date.fromisoformat(DAY))
    (said,) = [one.sentences for one in sections_of(snapshot, WORDS, "zh") if one.name == "handling"]
    assert "应答复1次，已答复0次，其中短信、语音送达0次；另有0件未留联系方式，不需答复。" in said
    assert "联系不上1次，未能答复。" in said
