"""Numbers are shown for a reason, once, to whom the rules allow it, and intake alone opens them."""

from services.desk.testing import NUMBER
from shared.events import cases as e
from tests.unit.desk.test_view import order_of
from tests.unit.desk.world import UNIT, World

WHY = {"why": "回电核实地址"}


async def test_a_reason_shows_the_number_once_and_is_recorded() -> None:
    world = World()
    case = await world.case()
    async with world.browser("dispatcher") as browser:
        without = await browser.post(f"/cases/{case}/reveal", data={"why": "x"})
        shown = await browser.post(f"/cases/{case}/reveal", data=WHY)
        again = await browser.get(f"/cases/{case}")
    assert NUMBER not in without.text
    assert NUMBER in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert NUMBER not in again.text
    (asked,) = [ask for ask in world.city.asked if ask.path == "/numbers/reveal"]
    assert asked.body == {"case_id": case, "sealed": "k1.sealed", "why": WHY["why"]}
    assert [(view.what, view.why) for view in world.store.seen if view.why] == [("reveal", WHY["why"])]


async def test_a_report_of_misconduct_is_not_opened_by_one_person_alone() -> None:
    world = World()
    case = await world.case(request_type="JB")
    async with world.browser("supervisor") as browser:
        shown = await browser.post(f"/cases/{case}/reveal", data=WHY)
    assert shown.status_code == 403
    assert NUMBER not in shown.text
    assert "138****" not in shown.text


async def test_a_unit_may_while_its_order_is_at_work_and_an_auditor_never() -> None:
    world = World()
    case = await world.case()
    async with world.browser(f"unit:{UNIT}") as unit, world.browser("auditor") as auditor:
        assert NUMBER in (await unit.post(f"/cases/{case}/reveal", data=WHY)).text
        assert (await auditor.post(f"/cases/{case}/reveal", data=WHY)).status_code == 403
        await world.city.tell(case, e.WorkOrderSigned(order=order_of(case), unit=UNIT))
        answered = e.WorkOrderAnswered(order=order_of(case), unit=UNIT, public_answer="好", internal="", solved=True)
        await world.city.tell(case, answered)
        assert (await unit.post(f"/cases/{case}/reveal", data=WHY)).status_code == 403


async def test_where_intake_does_not_open_it_the_masked_number_stays() -> None:
    world = World()
    case = await world.case()
    world.city.away.add("intake")
    async with world.browser("supervisor") as browser:
        shown = await browser.post(f"/cases/{case}/reveal", data=WHY)
    assert "138****1234" in shown.text
