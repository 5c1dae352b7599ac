"""Duplicates, merging and event cases on the page of a case."""

import re
from pathlib import Path

import pytest
from msgspec import Struct

from services.desk.clients import Reply
from services.desk.render import load_words
from shared.events import cases as e
from tests.unit.desk.test_view import sheet_of
from tests.unit.desk.world import UNIT, World

REASON = {"reason": "同一诉求", "key": "k"}
DISPATCH = Path(__file__).parents[3] / "services" / "dispatch" / "domain"
_CODES = re.compile(r"""(?:Rejected\(|refuse_if\([^"]*?)\s*"([a-z_]+)\"""")


async def test_a_typed_number_becomes_the_other_cases_id_and_the_merge_is_shown_and_undone() -> None:
    world = World()
    case, other = await world.case("a"), await world.case("b")
    path = f"/cases/{case}/commands/merge_into"
    async with world.browser("dispatcher") as browser:
        nobody = await browser.post(path, data={"target": "SJZ-9", **REASON})
        done = await browser.post(path, data={"target": "SJZ-20210113-000002", **REASON})
        page, ties = (await browser.get(f"/cases/{case}")).text, (await browser.get(f"/cases/{case}/ties")).text
        there = (await browser.get(f"/cases/{other}/ties")).text
    assert nobody.status_code == 404
    assert "Done" in done.text
    assert world.city.asked[0].body == {"target": other, "reason": "同一诉求"}
    assert "Merged into" in ties
    assert f"/cases/{case}/commands/undo_merge" in page
    assert "SJZ-20210113-000001" in there
    assert f"/cases/{case}/commands/undo_merge" in there


@pytest.mark.parametrize(("role", "may"), [("dispatcher", True), ("supervisor", True), ("agent", False)])
async def test_a_merge_is_undone_by_whom_the_moves_name(role: str, may: bool) -> None:
    world = World()
    case, other = await world.case("a"), await world.case("b")
    async with world.browser(role) as browser:
        await browser.post(f"/cases/{case}/commands/merge_into", data={"target": other, **REASON})
        assert ("undo_merge" in (await browser.get(f"/cases/{case}")).text) is may
        assert ("undo_merge" in (await browser.get(f"/cases/{other}/ties")).text) is may
        await browser.post(f"/cases/{case}/commands/undo_merge", data=REASON)
    assert (await sheet_of(world, case)).merged_into == ""


async def test_suggestions_have_their_reasons_and_one_has_the_key() -> None:
    world = World()
    case, other, third = [await world.case(name) for name in "abc"]
    await world.city.alike(other, same_caller=True)
    await world.city.alike(third, 0.5)
    async with world.browser("agent") as browser:
        text = (await browser.get(f"/cases/{case}/ties")).text
    assert "text 80 %, place 100 %" in text
    assert text.count("same caller") == 1
    assert text.count('data-key="KeyM"') == 1
    assert text.count('data-insert="other-target"') == 2


async def test_secret_and_ordinary_cases_are_neither_suggested_nor_merged() -> None:
    world = World()
    secret, ordinary = await world.case("a", request_type="JB"), await world.case("b")
    await world.city.alike(ordinary, same_caller=True)
    async with world.browser("supervisor") as browser:
        ties = (await browser.get(f"/cases/{secret}/ties")).text
        path = f"/cases/{secret}/commands/merge_into"
        refused = await browser.post(path, data={"target": ordinary, **REASON}, headers={"HX-Request": "true"})
    assert "SJZ-" not in ties
    assert (refused.status_code, "not merged or linked" in refused.text) == (409, True)
    assert [ask.method for ask in world.city.asked] == ["GET"]


async def test_an_event_case_is_declared_attached_to_and_left() -> None:
    world = World()
    case, event = await world.case("a"), await world.case("b")
    await world.city.alike(event)
    async with world.browser("supervisor") as browser:
        await browser.post(f"/cases/{event}/commands/declare_event", data=REASON)
        assert "None yet" in (await browser.get(f"/cases/{event}/ties")).text
        assert 'data-insert="other-event_case"' in (await browser.get(f"/cases/{case}/ties")).text
        await browser.post(f"/cases/{case}/commands/link", data={"event_case": event, **REASON})
        assert "Part of the event case" in (await browser.get(f"/cases/{case}/ties")).text
        await browser.post(f"/cases/{case}/commands/detach", data=REASON)
    assert (await sheet_of(world, case)).event_case == ""


async def test_a_refusal_says_why_and_an_absent_service_stops_nothing() -> None:
    world = World()
    case, other = await world.case("a"), await world.case("b")
    path = f"/cases/{case}/commands/merge_into"
    world.city.refusals["POST", path] = Reply(409, {"reason": "slower_lane", "detail": "d"})
    async with world.browser("supervisor") as browser:
        refused = (await browser.post(path, data={"target": other, **REASON})).text
        world.city.away = {"dispatch"}
        ties = await browser.get(f"/cases/{case}/ties")
    assert "An urgent case is not merged" in refused
    assert (ties.status_code, "dispatch does not answer" in ties.text) == (200, True)


@pytest.mark.parametrize("ending", ["closed", "archived", "withdrawn", "merged", "merging", "own"])
async def test_what_cannot_be_merged_into_is_said_before_anything_is_sent(ending: str) -> None:
    world = World()
    case, other = await world.case("a"), await world.case("b")
    asked = e.MergeAsked(merge="m", target="t", kind="merge", reason="r", number="n", reporters=())
    closed = e.CaseClosed(reason="r")
    endings: dict[str, tuple[list[Struct], str]] = {
        "closed": ([closed], "has ended"),
        "archived": ([closed, e.CaseArchived(reason="r")], "has ended"),
        "withdrawn": ([e.CaseWithdrawn(reason="r"), closed], "has ended"),
        "merged": ([asked, e.CaseMerged(merge="m", target="t")], "was merged itself"),
        "merging": ([asked], "is just being merged"),
        "own": ([], "this very case"),
    }
    events, words = endings[ending]
    for event in events:
        await world.city.tell(other, event)
    target = case if ending == "own" else other
    async with world.browser("supervisor") as browser:
        path, head = f"/cases/{case}/commands/merge_into", {"HX-Request": "true"}
        refused = await browser.post(path, data={"target": target, **REASON}, headers=head)
    assert (refused.status_code, words in refused.text) == (409, True)
    assert not world.city.asked


async def test_what_cannot_be_linked_to_is_said_before_anything_is_sent() -> None:
    world = World()
    case, other = await world.case("a"), await world.case("b")
    path, form = f"/cases/{case}/commands/link", {"event_case": other, **REASON}
    async with world.browser("supervisor", lang="en") as browser:
        browser.headers["HX-Request"] = "true"
        plain = await browser.post(path, data=form)
        for event in (e.EventDeclared(reason="r"), e.CaseWithdrawn(reason="r"), e.CaseClosed(reason="r")):
            await world.city.tell(other, event)
        ended = await browser.post(path, data=form)
        own = await browser.post(path, data={**form, "event_case": case})
        assert not world.city.asked
    assert [one.status_code for one in (plain, ended, own)] == [409] * 3
    assert "no event case" in plain.text
    assert "ended without an answer" in ended.text
    assert "this very case" in own.text


async def test_what_comes_late_to_an_answered_event_case_is_linked() -> None:
    world = World()
    case, event = await world.case("a"), await world.case("b", answer="已修复")
    await world.city.tell(event, e.EventDeclared(reason="r"))
    async with world.browser("supervisor") as browser:
        done = await browser.post(f"/cases/{case}/commands/link", data={"event_case": event, **REASON})
    assert "Done" in done.text


async def test_a_unit_learns_nothing_of_other_cases() -> None:
    world = World()
    case = await world.case()
    async with world.browser(f"unit:{UNIT}") as browser:
        assert (await browser.get(f"/cases/{case}/ties")).status_code == 403
        assert "/ties" not in (await browser.get(f"/cases/{case}")).text


def test_every_refusal_of_dispatch_has_words() -> None:
    codes = {code for path in DISPATCH.glob("*.py") for code in _CODES.findall(path.read_text(encoding="utf-8"))}
    assert len(codes) > 50
    assert {f"reason.{code}" for code in codes} <= set(load_words("en"))
