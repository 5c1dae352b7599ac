"""Section 8 says what was in force on its day, whatever was recalled, superseded or changed since."""

from datetime import date, datetime, timedelta
from itertools import permutations
from typing import Any

import msgspec
import pytest

from services.reports.domain.knowledge_facts import KnowledgeDay, Known, fold
from services.reports.knowledge import known_of
from shared.events.contacts import Answered, Offered
from shared.events.knowledge import Article, Bulletin, BulletinState, Entry
from tests.factories import START, person
from tests.unit.reports.world import DAY, Reporting, contact

THE_DAY = date.fromisoformat(DAY)
HOUR, ONE_DAY = timedelta(hours=1), timedelta(days=1)


def bulletin(version: int, state: BulletinState, **more: Any) -> Bulletin:
    given: dict[str, Any] = {"effective_from": START, "expires_at": START + 9 * ONE_DAY, "level": "I", **more}
    return Bulletin(
        id="b", version=version, title="新规", text="x", script="x", author="editor:1", state=state, **given
    )  # fmt: skip


def article(version: int, **more: Any) -> Article:
    return Article(**{"id": "a", "version": version, "question": "q", "answer": "x", "valid_from": START, **more})


async def world_of(*versions: tuple[Entry, datetime]) -> Reporting:
    """One agent on duty on the day and the day after, and what was learned when."""
    world = Reporting()
    for n in range(2):
        await world.read(
            contact(f"c{n}", Offered(number=1, channel="call", person=person(""), receipt="R"), START + n * ONE_DAY),
            contact(f"c{n}", Answered(number=2, agent="a1", wait_s=1.0), START + n * ONE_DAY),
        )
    for entry, at in versions:
        await world.learn(entry, at=at)
    return world


async def day(world: Reporting, after: int = 0) -> KnowledgeDay:
    return (await world.office.make(THE_DAY + after * ONE_DAY)).knowledge


PUBLISHED = (bulletin(2, "published"), START)


@pytest.mark.parametrize("state", ["recalled", "superseded"])
@pytest.mark.parametrize("after", [HOUR, ONE_DAY], ids=["the same day", "the next day"])
async def test_a_bulletin_that_ended_later_was_published_and_had_to_be_read(
    state: BulletinState, after: timedelta
) -> None:
    world = await world_of((bulletin(1, "draft"), START), PUBLISHED, (bulletin(3, state), START + after))
    found = await day(world)
    assert (found.bulletins, [(one.title, one.due) for one in found.unread]) == (1, [("新规", 1)])
    assert (await day(world, 1)).bulletins == 0


async def test_a_bulletin_is_of_the_day_on_which_it_was_published_and_in_force_until_it_ended() -> None:
    later = START + ONE_DAY
    draft, made = bulletin(1, "draft", effective_from=later), bulletin(2, "published", effective_from=later)
    world = await world_of((draft, START - ONE_DAY), (made, START))
    assert ((await day(world)).bulletins, (await day(world)).unread) == (1, [])
    assert [one.title for one in (await day(world, 1)).unread] == ["新规"]
    over = await world_of(PUBLISHED, (bulletin(3, "recalled"), START + HOUR))
    assert (await day(over, 1)).unread == []


async def test_a_draft_that_nobody_wanted_was_never_published() -> None:
    world = await world_of((bulletin(1, "draft"), START), (bulletin(2, "recalled"), START + HOUR))
    assert await day(world) == KnowledgeDay()


async def test_an_article_that_was_withdrawn_the_next_day_was_in_force_on_this_one() -> None:
    world = await world_of((article(1), START), (article(2, withdrawn=True), START + ONE_DAY))
    first, second = await day(world), await day(world, 1)
    assert (first.new, first.updated, first.expired, first.in_force) == (1, 0, 0, 1)
    assert (second.new, second.updated, second.expired, second.in_force) == (0, 0, 1, 0)


async def test_an_article_that_came_back_had_ended_before() -> None:
    world = await world_of((article(1), START), (article(2, withdrawn=True), START), (article(3), START + ONE_DAY))
    assert [(one.updated, one.in_force) for one in (await day(world), await day(world, 1))] == [(0, 0), (1, 1)]


async def test_a_version_that_ends_earlier_changes_no_day_before_it() -> None:
    shorter = article(2, valid_to=START + ONE_DAY + HOUR)
    world = await world_of((article(1), START), (shorter, START + ONE_DAY))
    assert [(one.expired, one.in_force) for one in (await day(world), await day(world, 1))] == [(0, 1), (1, 0)]


VERSIONS: list[tuple[Entry, datetime]] = [
    (bulletin(1, "draft"), START), PUBLISHED, (bulletin(3, "recalled"), START + HOUR),
]  # fmt: skip


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_facts_are_the_same_in_whatever_order_the_versions_come(order: tuple[int, ...]) -> None:
    straight, mixed = None, None
    for n, m in enumerate(order):
        straight = fold(straight, *VERSIONS[n]) or straight
        mixed = fold(mixed, *VERSIONS[m]) or mixed
        mixed = fold(mixed, *VERSIONS[m]) or mixed
    assert mixed == straight


def old(kind: str, **more: Any) -> Known:
    """As it was stored before terms were kept."""
    state = msgspec.to_builtins({"kind": kind, "versions": {"1": START - ONE_DAY, "2": START}, "since": START, **more})
    return known_of({"state": state})


def test_what_was_stored_before_terms_were_kept_is_read_by_the_newest_version() -> None:
    end = START + ONE_DAY
    live, gone = old("bulletin", level="I"), old("bulletin", over=True)
    assert (live.published(), live.ran(START, end)) == (START, True)
    assert (gone.published(), gone.ran(START, end)) == (None, False)
    withdrawn = old("article", since=START - 2 * ONE_DAY, over=True)
    assert (withdrawn.in_force(START - HOUR), withdrawn.in_force(START), withdrawn.ended(START, end)) == (
        True, False, True,
    )  # fmt: skip


def test_reading_the_topic_again_adds_the_terms_that_were_not_kept() -> None:
    before = old("bulletin", level="I")
    after = fold(before, *PUBLISHED)
    assert after is not None
    assert (after.versions, list(after.terms)) == (before.versions, ["2"])
    assert fold(after, *PUBLISHED) is None
