"""The citizen sees his case with number and code, and nobody can try for long."""

from typing import get_args

import msgspec
import pytest

from services.desk.domain import citizen
from services.desk.domain.citizen import Limiter
from services.desk.domain.sheet import Contact, Sheet
from services.desk.render import load_words
from shared.events import cases as e
from shared.events.commands import Reporter
from shared.events.contacts import SealedPerson
from shared.ids import contact_id
from shared.states import CaseState
from tests.unit.desk.test_view import order_of, sheet_of, walk
from tests.unit.desk.world import UNIT, World, code_of

NUMBER = "SJZ-20210113-000001"
KNOWN = {"number": NUMBER, "code": code_of()}
CONTACT = Contact(id="c", masked="138****1234", caller_ref="r")


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


async def test_only_failed_tries_count_for_a_visitor() -> None:
    world = World()
    names = [f"n{number}" for number in range(12)]
    known = [(await world.case(name), code_of(name)) for name in names]
    async with world.browser() as browser:
        right = [await browser.post("/citizen", data={"number": case, "code": code}) for case, code in known]
        wrong = [await browser.post("/citizen", data={"number": f"SJZ-{name}", "code": "0" * 8}) for name in names]
        locked = await browser.post("/citizen", data={"number": known[0][0], "code": known[0][1]})
    assert [one.status_code for one in right] == [200] * 12
    assert [one.status_code for one in wrong] == [404] * 10 + [429] * 2
    assert locked.status_code == 429


def test_what_is_forgiven_leaves_room_for_another_try() -> None:
    limiter = Limiter(10.0)
    limiter.forgive("a")
    for _ in range(3):
        assert limiter.allow("a", 1, 0.0)
        limiter.forgive("a")
    assert limiter.allow("a", 1, 0.0)
    assert not limiter.allow("a", 1, 0.0)


def test_the_limiter_counts_within_its_window_only() -> None:
    limiter = Limiter(10.0)
    assert [limiter.allow("a", 2, now) for now in (0.0, 1.0, 2.0)] == [True, True, False]
    assert limiter.allow("b", 2, 2.0)
    assert limiter.allow("a", 2, 10.5)
    assert not limiter.allow("a", 2, 10.9)
    limiter.allow("z", 1, 100.0)
    assert set(limiter._tries) == {"z"}


async def ready_to_rate(world: World, how: str = "sms") -> str:
    """A case whose reply has been told."""
    case = await world.case()
    order = order_of(case)
    answered = e.WorkOrderAnswered(order=order, unit=UNIT, public_answer="已恢复供暖", internal="", solved=True)
    done = e.WorkOrderDone(order=order, unit=UNIT)
    debt = (await world.store.by_number(NUMBER)).debts[0].id  # type: ignore[union-attr]
    for event in (answered, done, e.ReplySettled(obligation=debt, how=how, proof="p")):
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


async def test_a_citizen_adds_to_his_case_what_is_missing() -> None:
    world = World()
    case = await world.case(topic="99")
    await world.city.tell(case, e.CaseSupplementAsked(text="门牌号？"))
    known = {"number": NUMBER, "code": code_of()}
    async with world.browser() as browser:
        page = (await browser.post("/citizen", data=known)).text
        added = await browser.post("/citizen/supplement", data={**known, "text": "3号楼，电话13812345678"})
        nothing = await browser.post("/citizen/supplement", data={**known, "text": " "})
        await world.city.tell(case, e.CaseWithdrawn(reason="r"))
        await world.city.tell(case, e.CaseClosed(reason="withdrawn"))
        late = await browser.post("/citizen/supplement", data={**known, "text": "还有"})
    (asked,) = [ask for ask in world.city.asked if ask.service == "intake"]
    assert "/citizen/supplement" in page
    assert "Added" in added.text
    assert (asked.body["text"].startswith("市民补充：3号楼"), "13812345678" in asked.body["text"]) == (True, False)
    assert (nothing.status_code, late.status_code) == (422, 422)


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


def stands(sheet: Sheet) -> list[str]:
    marks = {"done": "+", "now": "!", "later": "-"}
    return [marks[step.stands] + step.name for step in citizen.steps(sheet)]


async def look(world: World, **more: str) -> str:
    async with world.browser() as browser:
        return (await browser.post("/citizen", data={**KNOWN, **more})).text


async def merged(world: World, **more: object) -> tuple[str, str]:
    case, other = await world.case("a"), await world.case("b", **more)
    asked = e.MergeAsked(merge="m1", target=other, kind="merge", reason="r", number=NUMBER, reporters=())
    await walk(world, case, asked, e.CaseMerged(merge="m1", target=other))
    return case, other


async def test_a_merged_case_says_where_it_goes_on_and_shows_how_that_one_stands() -> None:
    world = World()
    _, other = await merged(world)
    page = await look(world)
    assert "together with another report" in page
    assert "SJZ-20210113-000002" in page
    for untrue in ("Department answered</li>", "✓</span> Replied", "●</span> Closed"):
        assert untrue not in page
    assert "●</span> Dispatched" in page
    order = order_of(other)
    answered = e.WorkOrderAnswered(order=order, unit=UNIT, public_answer="已恢复供暖", internal="", solved=True)
    await walk(world, other, answered, e.WorkOrderDone(order=order, unit=UNIT))
    assert "已恢复供暖" in await look(world)


async def test_a_merged_case_shows_nothing_of_one_that_is_less_or_more_confidential() -> None:
    world = World()
    case, _ = await merged(world, request_type="JB")
    page = await look(world)
    assert "SJZ-20210113-000002" not in page
    assert stands(await sheet_of(world, case)) == ["+registered", "+dispatched", "!merged"]


async def test_a_linked_case_says_that_one_answer_for_all_comes() -> None:
    world = World()
    case, event = await world.case("a", topic="99"), await world.case("b")
    sheet = await walk(world, case, e.CaseLinked(event_case=event, link=1, reason="r"))
    assert stands(sheet)[:2] == ["!registered", "-dispatched"]
    assert "one answer for all" in await look(world)


async def test_no_step_is_done_that_was_not_taken() -> None:
    world = World()
    desk = await sheet_of(world, await world.case("a", answer="请到窗口办理"))
    assert stands(desk) == ["+registered", "+replied", "!closed"]
    gone = await walk(
        world, await world.case("b", topic="99"), e.CaseWithdrawn(reason="r"), e.CaseClosed(reason="withdrawn")
    )
    assert (stands(gone), citizen.notes(gone)) == (["+registered", "!withdrawn"], ["withdrawn"])
    told = e.CaseReferred(reason="r", route="请向法院起诉")
    referred = await walk(world, await world.case("c", topic="99"), told)
    assert (stands(referred), citizen.notes(referred)) == (["!registered", "-replied", "-closed"], ["referred"])
    asked = e.MergeAsked(merge="m", target="t", kind="merge", reason="r", number="n", reporters=())
    merging = await walk(world, await world.case("d", topic="99"), asked)
    assert (stands(merging)[0], citizen.notes(merging)) == ("!registered", ["merging"])
    lost = await walk(world, desk.id, e.CaseArchived(reason="r"))
    assert stands(lost)[-1] == "!closed"


async def test_an_unreachable_citizen_was_not_replied_to() -> None:
    world = World()
    case = await ready_to_rate(world, how="unreachable")
    assert "!replied" not in stands(await sheet_of(world, case))


async def test_after_an_unsolved_follow_up_the_reply_stays_and_no_rating_is_made_up() -> None:
    world = World()
    case = await ready_to_rate(world)
    (debt,) = (await sheet_of(world, case)).debts
    reporter = Reporter(contact_id="c", person=SealedPerson(caller_ref="r", masked="m", sealed="s"))
    await world.city.tell(case, e.ReplyOwed(obligation=debt.id, number="n", reporter=reporter, answer="已恢复供暖"))
    await world.city.tell(case, e.CaseFollowedUp(solved=False, satisfaction=0, comment=""))
    sheet = await walk(world, case, e.CaseReopened(cycle=2, reason="follow_up_unsolved", obligations=("o2",)))
    page = await look(world)
    assert stands(sheet)[0] == "!registered"
    assert [one.text for one in citizen.earlier(sheet)] == ["已恢复供暖"]
    for word in ("Earlier reply", "已恢复供暖", "being worked on again"):
        assert word in page
    assert "Your rating" not in page
    async with world.browser("supervisor") as browser:
        staff = (await browser.get(f"/cases/{case}")).text
    assert "0/5" not in staff
    assert "not solved" in staff


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
def test_every_note_and_state_has_words(lang: str) -> None:
    words = set(load_words(lang))
    assert set(citizen._MOST) == set(get_args(CaseState))
    notes = {*citizen._NOTES.values(), "again", "referred"}
    assert {f"citizen_note.{note}" for note in notes} <= words
    assert {"step.merged", "step.withdrawn", "step.referred"} <= words


def test_who_left_no_number_is_promised_nothing() -> None:
    nobody = msgspec.structs.replace(CONTACT, masked="")
    words = load_words("en")
    found = [
        citizen.missing(Sheet(number="n"), CONTACT),
        citizen.missing(Sheet(number="n"), nobody),
        citizen.missing(Sheet(number="n", closed=True), CONTACT),
    ]
    assert found == ["no_reply", "no_reply_here", "none"]
    assert all(f"citizen.{word}" in words for word in found)


async def test_the_hint_says_where_the_code_comes_from() -> None:
    async with World().browser() as browser:
        page = (await browser.get("/citizen")).text
    assert "at the end of the call" in page
    assert "in your message" not in page


async def test_a_web_citizen_looks_with_the_ids_that_came_back_and_the_code() -> None:
    world = World()
    case, contact = await world.case(), contact_id("test", "web", "a")
    async with world.browser() as browser:
        found = [await browser.post("/citizen", data={**KNOWN, "number": one}) for one in (case, contact.upper())]
        wrong = {"number": case, "code": "0" * 8}
        refused = [await browser.post("/citizen", data={**wrong, "number": one}) for one in (case, contact, "N-1")]
    assert [NUMBER in page.text for page in found] == [True, True]
    assert [page.status_code for page in refused] == [404] * 3
    assert "Number or pickup code is not right" in refused[0].text


async def test_the_ids_of_a_case_share_the_tries_of_its_number() -> None:
    world = World()
    names = [await world.case(), contact_id("test", "web", "a"), NUMBER]
    async with world.browser() as browser:
        codes = [
            (await browser.post("/citizen", data={"number": one, "code": "0" * 8})).status_code for one in names * 2
        ]
    assert codes == [404] * 5 + [429]
