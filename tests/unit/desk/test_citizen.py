"""The citizen sees his case with number and code, and nobody can try for long."""

from services.desk.domain.citizen import Limiter
from shared.events import cases as e
from shared.events.commands import Reporter
from shared.events.contacts import SealedPerson
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


async def ready_to_rate(world: World) -> str:
    """A case whose reply has been told."""
    case = await world.case()
    order = order_of(case)
    answered = e.WorkOrderAnswered(order=order, unit=UNIT, public_answer="已恢复供暖", internal="", solved=True)
    done = e.WorkOrderDone(order=order, unit=UNIT)
    debt = (await world.store.by_number(NUMBER)).debts[0].id  # type: ignore[union-attr]
    for event in (answered, done, e.ReplySettled(obligation=debt, how="sms", proof="p")):
        await world.city.tell(case, event)
    return case


async def test_a_citizen_rates_the_answer_and_what_is_not_solved_is_told_as_such() -> None:
    world = World()
    case = await ready_to_rate(world)
    known = {"number": NUMBER, "code": code_of()}
    async with world.browser() as browser:
        assert "/citizen/rating" in (await browser.post("/citizen", data=known)).text
        half = await browser.post("/citizen/rating", data={**known, "solved": "yes"})
        mark = {"solved": "no", "satisfaction": "2", "comment": "打 13812341234"}
        thanks = await browser.post("/citizen/rating", data={**known, **mark})
    assert half.status_code == 422
    assert "Thank you" in thanks.text
    assert "/citizen/rating" not in thanks.text
    (asked,) = [ask for ask in world.city.asked if ask.service == "dispatch"]
    assert asked.path == f"/cases/{case}/commands/follow_up"
    assert asked.body == {"solved": False, "satisfaction": 2, "comment": "打 138****1234"}
    assert asked.key == f"citizen-{case}-1"


async def test_a_citizen_urges_once_a_day() -> None:
    world = World()
    case = await world.case()
    known = {"number": NUMBER, "code": code_of()}
    async with world.browser() as browser:
        urged = await browser.post("/citizen/urging", data=known)
        (asked,) = [ask for ask in world.city.asked if ask.service == "intake"]
        contact = SealedPerson(caller_ref="ref-1", masked="138****1234", sealed="k1.sealed")
        reporter = Reporter(contact_id=asked.path.split("/")[2], person=contact)
        await world.city.tell(case, e.ContactAttached(reporter=reporter, text=asked.body["text"], obligation=""))
        again = await browser.post("/citizen/urging", data=known)
        world.clock.forward(days=1)  # type: ignore[attr-defined]
        tomorrow = await browser.post("/citizen", data=known)
    assert "Urged" in urged.text
    assert asked.body == {"case_id": case, "text": "市民催办 2021-01-13", "sealed_caller": "k1.sealed"}
    assert again.status_code == 422
    assert "/citizen/urging" in tomorrow.text


async def test_rating_and_urging_take_number_and_code_and_count_as_tries() -> None:
    world = World()
    await world.case()
    wrong = {"number": NUMBER, "code": "0" * 8, "solved": "yes", "satisfaction": "5"}
    async with world.browser() as browser:
        codes = [(await browser.post(f"/citizen/{way}", data=wrong)).status_code for way in ("rating", "urging") * 3]
    assert codes == [404] * 5 + [429]
    assert not world.city.asked


async def test_a_service_that_is_away_is_said() -> None:
    world = World()
    await ready_to_rate(world)
    world.city.away.add("dispatch")
    mark = {"number": NUMBER, "code": code_of(), "solved": "yes", "satisfaction": "5"}
    async with world.browser() as browser:
        answer = await browser.post("/citizen/rating", data=mark)
    assert (answer.status_code, "does not answer" in answer.text) == (503, True)
