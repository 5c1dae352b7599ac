"""Sections 6 and 8 of the daily report and the share of repeats: by hand, and against another way of counting."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reports.domain.daily import sections_of
from services.reports.domain.page import Section
from services.reports.domain.repeats import WITHIN, Asked, repeated
from services.reports.press import Press
from shared.events import cases as e
from shared.events.commands import Told
from shared.events.contacts import Answered, Offered
from shared.events.envelope import Unreadable
from shared.events.knowledge import Acknowledgement, Article, Bulletin
from tests.factories import LEAD, SECOND, START, person, reporter
from tests.unit.reports.world import DAY, FILE, WORDS, Reporting, contact, dispatched, issued, placed, registered

THE_DAY = date.fromisoformat(DAY)
MONTH = timedelta(days=30)
ARTICLE = Article(id="kb-1", version=1, question="核酸检测点在哪里", answer="见公告", valid_from=START)
NEWER = Article(id="kb-1", version=2, question="核酸检测点在哪里", answer="见新公告", valid_from=START)
GONE = Article(id="kb-2", version=1, question="旧政策", answer="x", valid_from=START - MONTH, valid_to=START)
GRAVE = Bulletin(
    id="b-1", version=3, level="I", title="居家隔离新规", text="x", script="x", effective_from=START,
    expires_at=START + MONTH, author="editor:1", state="published",
)  # fmt: skip


async def section(world: Reporting, name: str) -> Section:
    snapshot = await world.office.make(THE_DAY)
    return next(one for one in sections_of(snapshot, WORDS, "zh") if one.name == name)


def asked(order: str, unit: str = LEAD) -> e.WorkOrderReturnAsked:
    return e.WorkOrderReturnAsked(order=order, unit=unit, reason="not_ours", basis="x", proposed_unit="")


async def test_what_waits_is_listed_with_its_owner_and_the_next_step() -> None:
    world = Reporting()
    before = START - timedelta(days=2)
    opened = e.SupervisionOpened(
        supervision="s1", order="o1", unit=LEAD, reason="逾期", due=START + timedelta(days=2), number="SJZ-1-D1"
    )
    await world.tell("late", registered("late", title="致电13812345678"), dispatched(), issued(), opened, at=before)
    await world.tell("back", registered("back"), dispatched(), issued("o2", SECOND), asked("o2", SECOND))
    over = e.CaseArbitrationOpened(order="o3", returns=2, unit=LEAD)
    ruled = e.CaseArbitrated(order="o3", unit=LEAD, reason="x")
    await world.tell("ruled", registered("ruled"), dispatched(), issued("o3"), over, ruled)
    found = await section(world, "disputes")
    assert "尚待处理：书面督办1件，疑难会商0件，退单待审1件。" in found.sentences
    (table,) = found.tables
    lead, second = WORDS.units[LEAD], WORDS.units[SECOND]
    assert [[row[n] for n in (0, 1, 2, 3, 6)] for row in table.rows] == [
        ["SJZ-1-D1", "书面督办", "致电138****5678", lead, "责任单位书面报告"],
        ["SJZ-20210113-ruled", "疑难会商", "楼道灯不亮", lead, "已了结"],
        ["SJZ-20210113-back", "退单待审", "楼道灯不亮", second, "班长审批退单"],
    ]
    assert table.rows[0][5] == "01-15 04:00"


async def test_what_is_over_is_listed_on_its_own_day_alone() -> None:
    world = Reporting()
    opened = e.SupervisionOpened(supervision="s1", order="", unit=LEAD, reason="x", number="D1")
    answered = e.SupervisionAnswered(supervision="s1", unit=LEAD, text="x")
    closed = e.SupervisionClosed(supervision="s1", unit=LEAD, text="")
    await world.tell("a", registered("a"), opened, answered, at=START)
    for step, more in (("督办员审核报告", ()), ("已了结", (closed,))):
        await world.tell("a", *more, first=4)
        (table,) = (await section(world, "disputes")).tables
        assert table.rows[0][6] == step
    tomorrow = await world.office.make(THE_DAY + timedelta(days=1))
    assert tomorrow.disputes == []


async def test_a_judged_return_and_a_closed_case_wait_for_nobody() -> None:
    world = Reporting()
    judged = e.WorkOrderReturnRefused(order="o1", unit=LEAD, reason="x")
    day = START - timedelta(days=1)
    await world.tell("judged", registered("judged"), issued("o1"), asked("o1"), judged, at=day)
    await world.tell("closed", registered("closed"), issued("o2"), asked("o2"), e.CaseClosed(reason="x"), at=day)
    assert (await section(world, "disputes")).tables == []


async def learned() -> Reporting:
    """Two articles, one of them renewed; a bulletin that one of two agents on duty has confirmed."""
    world = Reporting()
    await world.learn(ARTICLE, GONE, at=START - timedelta(days=1))
    await world.learn(NEWER, GRAVE)
    await world.learn(Acknowledgement(bulletin="b-1", version=3, agent="a1", at=START))
    for agent in ("a1", "a2"):
        await world.read(
            contact(agent, Offered(number=1, channel="call", person=person("li"), receipt="R")),
            contact(agent, Answered(number=2, agent=agent, wait_s=1.0)),
        )
    await world.read(placed("out", 1, "跟进"))
    return world


async def test_what_was_learned_and_who_has_not_read_it() -> None:
    world = await learned()
    told = await section(world, "knowledge")
    assert told.sentences == [
        "知识条目新增0条，更新1条，过期或撤回1条，日末有效1条。",
        "飞鸽新发布1条。",
        "Ⅰ级飞鸽应签收2人次，已签收1人次，未读率50.00%。",
    ]
    assert told.tables[0].rows == [["居家隔离新规", "01-13 04:00", "2", "1", "50.00%"]]


async def test_the_same_versions_again_change_nothing() -> None:
    world = await learned()
    before = await world.store.known()
    await world.learn(ARTICLE, NEWER, GRAVE, at=START + MONTH)
    assert await world.store.known() == before


async def test_an_older_version_that_comes_late_does_not_win() -> None:
    world = Reporting()
    await world.learn(NEWER)
    await world.learn(ARTICLE)
    (known,) = (await world.store.known()).values()
    assert (known.newest(), sorted(known.versions)) == (2, ["1", "2"])


async def test_what_is_no_entry_is_refused() -> None:
    world = Reporting()
    with pytest.raises(Unreadable):
        world.book.read(world._stored(placed("x", 1, "y")))


async def test_answers_from_knowledge_and_the_gaps() -> None:
    world = Reporting()
    from_article = e.CaseAnswered(answer="x", knowledge=Told(article="kb-1", version=1))
    await world.tell("known", registered("known", kind="ZX"), from_article)
    for n in range(3):
        await world.tell(f"gap{n}", registered(f"gap{n}", kind="ZX", topic="01"), e.CaseAnswered(answer="x"))
    found = await section(world, "knowledge")
    assert "直接答复中依据知识库1件，占25.00%。" in found.sentences
    assert found.tables[-1].rows == [["疫情防控", "3", "75.00%"]]


async def test_both_sections_are_on_the_printed_page() -> None:
    world = await learned()
    await world.tell("back", registered("back"), issued("o2"), asked("o2"))
    snapshot = await world.office.make(THE_DAY)
    page = Press(FILE, WORDS, None).html(snapshot, "en")
    assert "supervisor judges the return" in page
    assert "Bulletin of level I" in page


async def test_the_same_caller_and_topic_within_a_month_is_a_repeat() -> None:
    world = Reporting()
    await world.tell("first", registered("first"), at=START - MONTH)
    await world.tell("again", registered("again"))
    await world.tell("topic", registered("topic", topic="04"))
    await world.tell("other", registered("other", reporter=reporter("c", "li")))
    await world.tell("nobody", registered("nobody", reporter=reporter("d", "")))
    await world.tell("into", registered("into", topic="05"), e.CaseMerged(merge="m", target="N-x"))
    figures = (await world.office.figures(THE_DAY, THE_DAY)).by_name()
    assert (figures["repeated"].value, figures["repeated_share"].value) == (2, 40.0)
    assert (await world.office.all_figures()).by_name()["repeated"].value == 2


def by_pairs(cases: Sequence[Asked], first: datetime, end: datetime) -> int:
    """Every case looked at with every other one before it."""
    found = 0
    for n, one in enumerate(cases):
        earlier = [other for m, other in enumerate(cases) if m != n and (other.at, m) < (one.at, n)]
        same = [other for other in earlier if (other.caller, other.topic) == (one.caller, one.topic)]
        again = bool(one.caller and one.topic) and any(one.at - other.at <= WITHIN for other in same)
        found += first <= one.at < end and (one.merged or again)
    return found


ASKED = st.builds(
    Asked, caller=st.sampled_from(["", "x", "y"]), topic=st.sampled_from(["", "01", "02"]),
    at=st.integers(0, 80).map(lambda days: START + timedelta(days=days)), merged=st.booleans(),
)  # fmt: skip


@given(st.lists(ASKED, max_size=12), st.integers(0, 60), st.integers(0, 40))
def test_repeats_are_those_of_every_pair(cases: list[Asked], since: int, days: int) -> None:
    first = START + timedelta(days=since)
    end = first + timedelta(days=days)
    cases.sort(key=lambda one: one.at)
    assert repeated(cases, first, end) == by_pairs(cases, first, end)
