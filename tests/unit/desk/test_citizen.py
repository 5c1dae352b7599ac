"""The citizen sees his case with number and code, and nobody can try for long."""

from services.desk.domain.citizen import Limiter
from shared.events import cases as e
from tests.unit.desk.test_view import order_of
from tests.unit.desk.world import UNIT, World, code_of

NUMBER = "SJZ-20210113-000001"


async def test_number_and_code_show_the_steps_and_the_reply() -> None:
    world = World()
    case = await world.case()
    order = order_of(case)
    await world.city.tell(case, e.WorkOrderSigned(order=order, unit=UNIT))
    async with world.browser() as browser:
        page = await browser.post("/citizen", data={"number": NUMBER.lower(), "code": code_of().lower()})
        wrong = await browser.post("/citizen", data={"number": NUMBER, "code": "00000000"})
        unknown = await browser.post("/citizen", data={"number": "SJZ-1", "code": code_of()})
    assert page.status_code == 200
    assert '<li class="now" aria-current="step"><span aria-hidden="true">●</span> In hand' in page.text
    assert "Epidemic prevention office" in page.text
    assert "No reply yet" in page.text
    for secret in ("138****1234", "Legal", "timeline"):
        assert secret not in page.text
    assert (wrong.status_code, unknown.status_code) == (404, 404)
    assert "暖气" not in wrong.text
    assert wrong.text.replace(NUMBER, "") == unknown.text.replace("SJZ-1", "")


async def test_the_reply_and_the_rating_are_shown() -> None:
    world = World()
    case = await world.case()
    order = order_of(case)
    answered = e.WorkOrderAnswered(order=order, unit=UNIT, public_answer="已恢复供暖", internal="内部", solved=True)
    for event in (answered, e.WorkOrderDone(order=order, unit=UNIT)):
        await world.city.tell(case, event)
    await world.city.tell(case, e.CaseFollowedUp(solved=True, satisfaction=5, comment="内部意见"))
    async with world.browser() as browser:
        page = await browser.post("/citizen", data={"number": NUMBER, "code": code_of()})
    assert "已恢复供暖" in page.text
    assert "very satisfied" in page.text
    assert "内部" not in page.text


async def test_too_many_tries_of_a_visitor_or_on_a_number() -> None:
    world = World()
    await world.case()
    async with world.browser() as browser:
        wrong = {"number": NUMBER, "code": "0" * 8}
        codes = [(await browser.post("/citizen", data=wrong)).status_code for _ in range(6)]
        right = await browser.post("/citizen", data={"number": NUMBER, "code": code_of()})
        world.clock.forward(seconds=301)  # type: ignore[attr-defined]
        later = await browser.post("/citizen", data={"number": NUMBER, "code": code_of()})
    assert codes == [404] * 5 + [429]
    assert right.status_code == 429
    assert right.headers["retry-after"] == "300"
    assert later.status_code == 200


def test_the_limiter_counts_within_its_window_only() -> None:
    limiter = Limiter(10.0)
    assert [limiter.allow("a", 2, now) for now in (0.0, 1.0, 2.0)] == [True, True, False]
    assert limiter.allow("b", 2, 2.0)
    assert limiter.allow("a", 2, 10.5)
    assert not limiter.allow("a", 2, 10.9)
    limiter.allow("z", 1, 100.0)
    assert set(limiter._tries) == {"z"}
