"""Which cases a special report is about, and that no subject stands in another's way."""

import io
from datetime import timedelta
from typing import Any

import docx
import pytest

from services.reports.documents import docx_of
from services.reports.domain.page import covers
from services.reports.domain.special import Selection, count, distinct
from services.reports.press import Press
from services.reports.specials import MemorySpecials, SpecialDesk
from shared.events import cases as e
from tests.factories import START, reporter
from tests.unit.reports.world import FILE, WORDS, Reporting, case_of, registered

HOUR = timedelta(hours=1)
AGAIN = e.ContactAttached(reporter=reporter("again"), text="", obligation="")
CLOSED = e.CaseClosed(reason="x")


def selection(**more: Any) -> Selection:
    return Selection(since=(START - HOUR).isoformat(), until=(START + HOUR).isoformat(), **more)


def desk_of(world: Reporting, most: int = 25) -> SpecialDesk:
    return SpecialDesk(lambda: world.store, MemorySpecials(), world.office, world.clock, most)


async def world_of(count: int, topic: str, *events: Any, world: Reporting | None = None, **more: Any) -> Reporting:
    """So many cases of the topic, each with these events after its register."""
    made = world or Reporting()
    for _ in range(count):
        name = f"{topic}-{len(made.memory.case_table.rows)}"
        await made.tell(name, registered(name, topic=topic, **more), *events)
    return made


async def test_a_subject_that_is_too_large_stops_no_other_one() -> None:
    world = await world_of(20, "05", world=await world_of(26, "03"))
    made = await desk_of(world).look()
    assert [(one.reason, one.code) for one in made] == [("topic_volume", "05")]


class Broken(SpecialDesk):
    """Cannot count one topic, for a reason of its own."""

    async def _facts(self, selection: Selection) -> Any:
        if selection.topic == "03":
            raise ValueError("unreadable")
        return await super()._facts(selection)


async def test_a_subject_that_cannot_be_counted_stops_no_other_one() -> None:
    world = await world_of(20, "05", world=await world_of(20, "03"))
    desk = Broken(lambda: world.store, MemorySpecials(), world.office, world.clock)
    assert [one.code for one in await desk.look()] == ["05"]


async def test_closed_cases_do_not_count_against_what_comes_back() -> None:
    world = await world_of(5, "03", AGAIN, world=await world_of(25, "03", CLOSED, area=""))
    made = await desk_of(world).make(selection(topic="03", repeated=True), "反复来访", "k", "officer:o")
    assert (made.counts.cases, made.counts.contacts) == (5, 10)


async def test_a_topic_takes_its_sub_topics_in_and_a_sub_topic_stands_for_itself() -> None:
    world = Reporting()
    for topic, number in {"01": 1, "0104": 2, "0107": 3, "05": 4}.items():
        await world_of(number, topic, world=world)
    desk = desk_of(world)
    found = {topic: (await desk.counted(selection(topic=topic))).cases for topic in ("01", "0104", "05", "")}
    assert found == {"01": 6, "0104": 2, "05": 4, "": 10}


@pytest.mark.parametrize(
    ("topic", "code", "fits"),
    [("01", "01", True), ("01", "0104", True), ("01", "1001", False), ("0104", "01", False), ("0104", "0104", True)],
)
def test_two_digits_are_a_topic_and_four_a_sub_topic(topic: str, code: str, fits: bool) -> None:
    assert covers(topic, code) == fits


async def test_what_is_usual_is_counted_as_the_report_counts() -> None:
    """With sub-topics, without what was merged: the sentence compares the two."""
    world = await world_of(20, "01", world=await world_of(3, "0104"))
    for n in range(14):
        before = registered(f"old{n}", topic="0104" if n % 2 else "01")
        await world.tell(f"old{n}", before, at=START - timedelta(days=1 + n % 7))
    merged = e.CaseMerged(merge="m", target=case_of("old0"))
    await world.tell("old7", merged, at=START, first=2)
    (made,) = await desk_of(world).look()
    assert (made.code, made.counts.cases, made.usual) == ("01", 23, round(13 / 7, 2))


async def test_merged_cases_are_one_case_and_as_many_contacts() -> None:
    world = await world_of(1, "05", AGAIN)
    target = case_of("05-0")
    for n in range(4):
        merged = e.CaseMerged(merge=f"m{n}", target=target)
        await world.tell(f"m{n}", registered(f"m{n}", topic="05", priority="P0"), merged)
    made = await desk_of(world).make(selection(topic="05"), "合并计数", "k", "officer:o")
    assert (made.counts.cases, made.counts.merged, made.counts.contacts, made.counts.open) == (1, 4, 6, 1)
    assert made.counts.tables["area"] == [("130102", 1)]
    assert [one.state for one in made.examples] == ["waiting"]
    page = Press(FILE, WORDS, None).special_html(made)
    assert "受理相关诉求1件（另有4件并入其中，不重复计），群众来访6次" in page


async def test_of_cases_merged_into_one_of_another_topic_the_first_stands_for_it() -> None:
    world = await world_of(1, "03")
    for n in range(3):
        at = START + timedelta(minutes=n)
        await world.tell(f"m{n}", registered(f"m{n}", topic="05"), at=at)
        await world.tell(f"m{n}", e.CaseMerged(merge=f"m{n}", target=case_of("03-0")), at=at, first=2)
    found = await world.store.facts(selection(topic="05"), 9)
    assert [fact.number for fact in distinct(found)] == ["SJZ-20210113-m0"]
    assert count(found, selection()).merged == 2


async def test_a_chain_of_merges_ends_and_two_that_point_at_one_another_are_one() -> None:
    world = Reporting()
    for name, target in {"a": "b", "b": "c", "c": "", "x": "y", "y": "x"}.items():
        into = [e.CaseMerged(merge=name, target=case_of(target))] if target else []
        await world.tell(name, registered(name), *into)
    found = await world.store.facts(selection(), 9)
    assert {fact.number[-1] for fact in distinct(found)} in ({"c", "x"}, {"c", "y"})
    assert len(distinct(found)) == 2


async def test_the_page_names_what_the_query_has_as_codes() -> None:
    world = await world_of(3, "0104")
    made = await desk_of(world).make(selection(topic="0104", area="130102"), "急症就医", "k", "officer:o")
    page = Press(FILE, WORDS, None).special_html(made)
    assert "统计范围：事项类别“急症就医”，地区“长安区”。" in page


async def test_a_report_that_would_be_too_large_now_can_still_be_read() -> None:
    world = await world_of(2, "05")
    desk = desk_of(world)
    made = await desk.make(selection(topic="05"), "后来增多", "k", "officer:o")
    assert await desk.differing(made) == []
    await world_of(25, "05", CLOSED, world=world)
    assert "cases" in await desk.differing(made)


async def test_a_sign_that_no_document_can_hold_is_left_out() -> None:
    world = await world_of(3, "05", title="老人\x0b断药\x00", text="急需\x1b救治\n第二行")
    made = await desk_of(world).make(selection(topic="05"), "断药", "k", "officer:o")
    document = docx.Document(io.BytesIO(docx_of(Press(FILE, WORDS, None).special_content(made))))
    said = {cell.text for table in document.tables for row in table.rows for cell in row.cells}
    assert {"老人断药", "急需救治\n第二行"} <= said
