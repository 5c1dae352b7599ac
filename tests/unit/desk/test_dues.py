"""A deadline stays right after a change of priority, a pause, an extension; everybody sees his own (domain.md §19)."""

from datetime import datetime, timedelta

import pytest

from shared.clock import CHINA
from shared.events import cases as e
from shared.testing import FakeClock
from tests.unit.desk.test_view import order_of, sheet_of, walk
from tests.unit.desk.world import OTHER, UNIT, World

SIGNED_DUE = datetime(2021, 1, 20, 17, 30, tzinfo=CHINA)
"""Five working days after the 13th."""


async def signed(world: World, name: str = "a") -> tuple[str, str]:
    case = await world.case(name)
    await world.city.tell(case, e.WorkOrderSigned(order=order_of(case), unit=UNIT))
    return case, order_of(case)


def regraded(priority: str) -> e.CaseRegraded:
    return e.CaseRegraded(priority=priority, request_type="QZ", topic="", reason="r")  # type: ignore[arg-type]


def passes(world: World, **span: float) -> datetime:
    assert isinstance(world.clock, FakeClock)
    world.clock.forward(**span)
    return world.clock.now()


async def test_where_priority_rises_the_clocks_count_from_there() -> None:
    world = World()
    case, order = await signed(world)
    before = (await sheet_of(world, case)).due
    now = passes(world, days=1)
    risen = await walk(world, case, regraded("P0"))
    assert (before, risen.due) == (SIGNED_DUE, now + timedelta(hours=2))
    passes(world, hours=1)
    lowered = await walk(world, case, regraded("P2"))
    assert lowered.due == datetime(2021, 1, 21, 17, 30, tzinfo=CHINA)
    assert world.store.table.rows[case]["work"] == [{"unit": UNIT, "state": "HANDLING", "due": lowered.due}]
    assert lowered.order(order) is not None


@pytest.mark.parametrize(("priority", "kept"), [("P0", False), ("P2", True)])
async def test_an_extension_holds_until_priority_rises_to_where_none_is_given(priority: str, kept: bool) -> None:
    world = World()
    case, order = await signed(world)
    later = SIGNED_DUE + timedelta(days=5)
    await walk(world, case, e.WorkOrderExtended(order=order, unit=UNIT, until=later, reason="r"))
    sheet = await walk(world, case, regraded(priority))
    assert (sheet.due == later) is kept


async def test_nothing_is_due_while_a_case_is_parked_and_its_days_are_given_back() -> None:
    world = World()
    case, _ = await signed(world)
    parked = await walk(world, case, e.CaseParked(reason="r", review_at=SIGNED_DUE))
    async with world.browser("supervisor") as browser:
        passes(world, days=28)
        assert "list-breaches" in (text := (await browser.get("/supervisor/lists")).text)
        assert parked.number not in text.split('id="list-breaches"')[1].split("</section>")[0]
        assert parked.number in text.split('id="list-parked"')[1]
    resumed = await walk(world, case, e.CaseResumed(reason="r"))
    assert (parked.due, parked.promised) == (None, None)
    assert resumed.due is not None
    assert timedelta(days=21) < resumed.due - SIGNED_DUE < timedelta(days=40)


async def test_a_unit_is_not_late_with_another_units_order() -> None:
    world = World()
    case, order = await signed(world)
    late = e.WorkOrderIssued(
        order="o2", unit=OTHER, role="supporting", cycle=1, returns=0, priority="P2", request_type="QZ",
        due=world.clock.now() + timedelta(hours=1),
    )  # fmt: skip
    await walk(world, case, late, e.WorkOrderSigned(order="o2", unit=OTHER))
    passes(world, hours=2)
    number = (await sheet_of(world, case)).number
    for unit, overdue in ((UNIT, False), (OTHER, True)):
        async with world.browser(f"unit:{unit}", unit) as browser:
            assert (number in (await browser.get("/inbox?tab=overdue")).text) is overdue
            head = (await browser.get(f"/cases/{case}")).text.split('class="case-head"')[1].split("</header>")[0]
            assert ("overdue" in head) is overdue
    assert (await sheet_of(world, case)).promised == SIGNED_DUE
    assert (await sheet_of(world, case)).order(order) is not None


async def test_the_most_urgent_is_first_where_it_is_the_centres_turn_and_every_page_can_be_reached() -> None:
    world = World()
    for n in range(60):
        await world.case(f"n{n}", topic="99")
    urgent = await world.case("u", topic="99", urgent=True)
    number = (await sheet_of(world, urgent)).number
    async with world.browser("dispatcher") as browser:
        listed = (await browser.get("/supervisor/lists")).text.split('id="list-dispatch"')[1].split("</section>")[0]
        first = (await browser.get("/lists/dispatch")).text
        after = first.split('href="/lists/dispatch?after=')[1].split('"')[0]
        second = (await browser.get(f"/lists/dispatch?after={after}")).text
        assert (await browser.get("/lists/dispatch?after=x")).status_code == 422
        assert (await browser.get("/lists/nothing")).status_code == 404
    assert listed.index(number) < listed.index("SJZ-20210113-0000", listed.index(number) + 20)
    assert "/lists/dispatch" in listed
    assert (first.count("data-row"), second.count("data-row")) == (50, 11)
    async with world.browser("agent") as browser:
        assert (await browser.get("/lists/dispatch")).status_code == 403
        assert (await browser.get("/lists/callback")).status_code == 200


async def test_what_waits_for_a_person_is_on_a_list() -> None:
    world = World()
    case = await world.case(topic="99")
    sheet = await walk(world, case, e.CaseSupplementAsked(text="门牌号？"))
    async with world.browser("supervisor") as browser:
        lists = (await browser.get("/supervisor/lists")).text
    assert sheet.number in lists.split('id="list-supplement"')[1].split("</section>")[0]
