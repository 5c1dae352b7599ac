"""The daily report: numbered, frozen, and every figure in its text is the figure of /figures."""

import asyncio
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from services.reports.domain.daily import Snapshot, sections_of
from services.reports.domain.page import Section
from services.reports.domain.wording import SECTIONS, change, shown
from services.reports.fonts import NoChineseFont, choose
from services.reports.policy import load_report
from services.reports.press import Press
from shared.events import cases as e
from shared.policy import PolicyError
from tests.factories import LEAD, SECOND, START
from tests.unit.reports.test_figures import CALLS, a_day
from tests.unit.reports.world import DAY, FILE, POLICY, WORDS, Reporting, dispatched, issued, registered

THE_DAY = date.fromisoformat(DAY)


@pytest.fixture
async def world() -> Reporting:
    """Yesterday two cases, today a day with everything and a topic, seen from tomorrow."""
    made = await a_day()
    await made.read(*CALLS)
    for n in range(2):
        await made.tell(f"before{n}", registered(f"before{n}"), at=START - timedelta(days=1))
    for n in range(4):
        title = f"致电13812345678，华兴苑暖气不热{n}"
        case = registered(f"hot{n}", title=title, text="华兴苑小区暖气温度不达标", area="130109")
        await made.tell(f"hot{n}", case, dispatched(SECOND), issued(f"hot{n}", SECOND))
    made.clock.forward(days=1)
    return made


async def made(world: Reporting) -> tuple[Snapshot, dict[str, Section]]:
    snapshot = await world.office.make(THE_DAY)
    return snapshot, {section.name: section for section in sections_of(snapshot, WORDS, "zh")}


async def test_every_figure_in_a_sentence_is_that_of_the_day(world: Reporting) -> None:
    """Each sentence is its template with the figures of the same question to the facts; none has another number."""
    snapshot, sections = await made(world)
    figures = (await world.office.figures(THE_DAY, THE_DAY)).by_name()
    before = (await world.office.figures(THE_DAY - timedelta(days=1), THE_DAY - timedelta(days=1))).by_name()
    assert snapshot.day.by_name() == figures
    accepted = sections["accepted"].sentences[0]
    rise = change(figures["accepted"].value, before["accepted"].value, "前日")
    assert (figures["accepted"].value, rise) == (7, "较前日上升250.0%")
    assert accepted == f"当日受理诉求7件，{rise}，上周同日无数据可比。"
    for name in ("connect_rate", "average_wait", "abandoned_short", "outbound_ratio"):
        assert shown(figures[name]) in "".join(sections["calls"].sentences)
    for name in ("orders_issued", "signed_in_time_rate", "replies_delivered", "satisfied_rate"):
        assert shown(figures[name]) in "".join(sections["handling"].sentences)


async def test_the_tables_are_those_of_the_day(world: Reporting) -> None:
    _, sections = await made(world)
    types, _ = sections["accepted"].tables
    assert types.rows[1] == ["求助", "5", "71.43%"]
    (units,) = sections["annex"].tables
    assert [row[:2] for row in units.rows] == [["卫生健康委员会", "5"], ["疫情防控指挥部办公室", "1"]]
    (urgent,) = sections["urgent"].tables
    assert [row[0] for row in urgent.rows] == ["SJZ-20210113-silent"]


async def test_a_hot_topic_has_an_example_without_numbers_of_persons(world: Reporting) -> None:
    snapshot, sections = await made(world)
    assert snapshot.topics[0].count == 4
    assert "138****5678" in sections["hot_topics"].tables[0].rows[0][6]
    pages = Press(FILE, WORDS, None).html(snapshot, "zh")
    assert "13812345678" not in pages


async def test_an_alert_of_the_morning_is_in_the_report_of_the_day(world: Reporting) -> None:
    for n in range(3):
        case = registered(f"p0-{n}", priority="P0", area="130184")
        await world.tell(f"p0-{n}", case, at=START + timedelta(minutes=n))
    _, sections = await made(world)
    assert "风险预警：新乐市短时内特急诉求3件，建议立即会商。" in sections["outlook"].sentences


async def test_topics_of_a_minute_are_found_once_and_then_anew(world: Reporting) -> None:
    first, again = await asyncio.gather(world.office.topics(THE_DAY, 5), world.office.topics(THE_DAY, 1))
    case = registered("hot9", title="华兴苑暖气不热9", text="华兴苑小区暖气温度不达标", area="130109")
    await world.tell("hot9", case)
    assert first[:1] == again == await world.office.topics(THE_DAY, 1)
    world.clock.forward(minutes=2)
    assert (await world.office.topics(THE_DAY, 1))[0].count == first[0].count + 1


async def test_all_sections_are_there_in_both_languages(world: Reporting) -> None:
    snapshot, sections = await made(world)
    assert list(sections) == list(SECTIONS)
    english = Press(FILE, WORDS, None).html(snapshot, "en")
    assert all(f">{title}</h2>" in english for _, title in SECTIONS.values())
    assert "No. 1" in english


async def test_a_page_has_no_outside_asset_and_escapes_what_people_wrote(world: Reporting) -> None:
    await world.tell("evil", registered("evil", priority="P0", title="<script>alert(1)</script>"))
    snapshot, _ = await made(world)
    page = Press(FILE, WORDS, None).html(snapshot, "zh")
    assert not re.search(r"(src|href)=|url\(|@import|<script", page)
    assert "&lt;script&gt;" in page


async def test_a_sentence_without_its_figure_is_left_out() -> None:
    empty = Reporting()
    empty.clock.forward(days=1)
    _, sections = await made(empty)
    assert not [line for section in sections.values() for line in section.sentences if "None" in line or "—" in line]
    assert "接通率" not in "".join(sections["calls"].sentences)


async def test_issues_are_numbered_frozen_and_can_be_computed_again(world: Reporting) -> None:
    first = await world.office.make(THE_DAY)
    assert (first.number, first.final) == (1, True)
    assert await world.office.differing(first) == []
    await world.tell("late", registered("late"))
    assert await world.office.make(THE_DAY) == first
    assert {"accepted", "replies_owed"} <= set(await world.office.differing(first))
    second = await world.office.make(THE_DAY + timedelta(days=1))
    assert (second.number, second.final) == (2, False)
    assert [issue.number for issue in await world.issues.listed()] == [2, 1]


async def test_an_issue_made_before_the_day_was_over_is_made_anew(world: Reporting) -> None:
    world.clock.forward(days=-1)
    early = await world.office.make(THE_DAY)
    await world.tell("late", registered("late"), e.CaseClosed(reason="x"))
    world.clock.forward(days=1)
    late = await world.office.make(THE_DAY)
    assert (early.final, late.final, early.number, late.number) == (False, True, 1, 1)
    assert (early.day.by_name()["accepted"].value, late.day.by_name()["accepted"].value) == (7, 8)


async def test_two_who_make_the_same_issue_get_one(world: Reporting) -> None:
    one, other = await asyncio.gather(world.office.make(THE_DAY), world.office.make(THE_DAY))
    assert one == other


def test_without_a_chinese_font_the_reader_is_told_what_brings_one(tmp_path: Path) -> None:
    with pytest.raises(NoChineseFont, match="pylopdf-fonts-zh-cn"):
        choose(tmp_path, system=False, packages=())


async def test_a_pdf_is_made_where_a_font_is(world: Reporting) -> None:
    try:
        choose(None)
    except NoChineseFont as error:
        pytest.skip(str(error))
    snapshot, _ = await made(world)
    assert Press(FILE, WORDS, None).pdf(snapshot).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"sentences": {"calls": ["{offred}"]}}, "offred"),
        ({"sentences": {"weather": ["x"]}}, "weather"),
        ({"triggers": {}}, "window_h"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_place(tmp_path: Path, change: dict[str, object], word: str) -> None:
    given = yaml.safe_load((POLICY / "report.yaml").read_text(encoding="utf-8"))
    (tmp_path / "report.yaml").write_text(yaml.safe_dump({**given, **change}, allow_unicode=True), encoding="utf-8")
    with pytest.raises(PolicyError, match=word):
        load_report(tmp_path)


def test_units_of_the_examples_are_the_city_s() -> None:
    assert {LEAD, SECOND} <= WORDS.units.keys()
