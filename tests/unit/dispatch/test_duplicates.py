"""Suggestions of duplicates: what is alike, in which order, and what is forgotten."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.dispatch.domain.likeness import DuplicatesPolicy, Matter, likeness, overlap, sketch_of
from services.dispatch.duplicates import Duplicates, Index
from shared.away import StoreAway
from shared.events import cases as e
from shared.events.envelope import Envelope, raw
from shared.policy import load
from shared.records import record_of
from shared.testing import Stored
from tests.factories import START, case_of, reporter

POLICY = load(Path("policy/130100"), "duplicates", DuplicatesPolicy)
PIPE = "槐安路5号小区从昨天晚上开始停水，水管爆裂，路面积水严重，希望尽快抢修。"
AGAIN = "槐安路5号小区昨天晚上开始停水，是水管爆裂了，路面积水很严重，请尽快抢修。"
LAMP = "中山路路灯连续三天不亮，晚上行走很不安全，请派人维修路灯。"


def matter(case: str, text: str, **more: Any) -> Matter:
    return Matter(**{"case": case, "sketch": sketch_of("", text), "at": START, **more})


def test_the_same_matter_in_other_words_is_alike_and_another_one_is_not() -> None:
    assert overlap(sketch_of("", PIPE), sketch_of("", AGAIN)) > 0.3
    assert overlap(sketch_of("", PIPE), sketch_of("", LAMP)) < 0.1
    assert overlap(sketch_of("", ""), sketch_of("", LAMP)) == 0.0


def test_place_caller_and_time_count() -> None:
    one = matter("a", PIPE, area="130102", address="槐安路5号", callers=frozenset({"ref"}))
    near = matter("b", AGAIN, area="130102", address="槐安路5号", callers=frozenset({"ref"}))
    plain, old = matter("c", AGAIN), matter("d", AGAIN, at=START - timedelta(days=60))
    scores = [likeness(one, other, POLICY).score for other in (near, plain, old)]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3
    assert likeness(one, near, POLICY).same_caller


def test_a_caller_without_a_reference_is_not_the_same_as_another() -> None:
    assert not likeness(matter("a", PIPE), matter("b", LAMP), POLICY).same_caller


def test_a_report_of_misconduct_is_compared_with_its_like_alone() -> None:
    index = Index()
    index.add(matter("plain", AGAIN, callers=frozenset({"ref"})))
    index.add(matter("secret", AGAIN, callers=frozenset({"ref"}), secret=True))
    asked = {"callers": frozenset({"ref"})}
    assert [one.case for one in index.candidates(matter("", PIPE, **asked))] == ["plain"]
    assert [one.case for one in index.candidates(matter("", PIPE, secret=True, **asked))] == ["secret"]


def test_the_index_finds_by_text_by_address_and_by_caller() -> None:
    index = Index()
    index.add(matter("text", AGAIN))
    index.add(matter("place", "另一件事", address="槐安路5号"))
    index.add(matter("caller", "又一件事", callers=frozenset({"ref"})))
    index.add(matter("none", LAMP))
    asked = matter("", PIPE, address="槐安路5号", callers=frozenset({"ref"}))
    assert {one.case for one in index.candidates(asked)} >= {"text", "place", "caller"}
    index.remove("text")
    assert "text" not in {one.case for one in index.candidates(asked)}


class Store:
    """One page of open cases, and those that are over by now."""

    def __init__(self) -> None:
        self.over: set[str] = set()
        self.cases = self
        self.pages = 0
        self.away = False
        self.loaded: list[set[str]] = []

    async def page(self, query: Any, after: str, limit: int) -> list[Any]:
        self.pages += 1
        return []

    async def load(self, ids: Any, omit: Any = ()) -> dict[str, Any]:
        if self.away:
            raise StoreAway("the database is away")
        self.loaded.append(set(ids))
        return {}

    async def in_states(self, cases: Any, states: Any) -> set[str]:
        return self.over & set(cases)


def seen(offset: int, case: str, event: Any) -> Stored:
    made = Envelope(
        id="x", type=e.CASES.type_of(event), source="/", subject=case, time=START, sequence=1, data=raw(event)
    )  # fmt: skip
    record = record_of("130100.cases.normal", made)
    return Stored(record.topic, 0, offset, 0, record.key, record.value, record.headers)


def birth(text: str, contact: str, name: str = "wang") -> e.CaseRegistered:
    return e.CaseRegistered(
        number="SJZ-1", matter=1, reporter=reporter(contact, name), title="", text=text, request_type="QZ", topic="",
        area="", address="", priority="P2", obligation="o", obligation_state="open",
    )  # fmt: skip


async def test_events_keep_the_index_and_the_store_has_the_last_word() -> None:
    store: Any = Store()
    kept = Duplicates(store, POLICY)
    kept.see(seen(0, "N-1", birth(PIPE, "c1")))
    kept.see(seen(1, "N-2", birth(AGAIN, "c2", "li")))
    asked = matter("", PIPE)
    assert [one.case for one in await kept.of(asked)] == ["N-1", "N-2"]
    store.over = {"N-1"}
    assert [one.case for one in await kept.of(asked)] == ["N-2"]
    kept.see(seen(2, "N-2", e.CaseMerged(merge="m", target="N-1")))
    assert not await kept.of(asked)


async def test_a_case_that_ends_with_its_call_is_never_taken_in() -> None:
    kept = Duplicates(Store(), POLICY)  # type: ignore[arg-type]
    await kept.refresh()
    kept.see(seen(0, "N-1", birth(PIPE, "c1")))
    kept.see(seen(1, "N-2", birth(AGAIN, "c2", "li")))
    kept.see(seen(2, "N-1", e.CaseClosed(reason="answered")))
    assert not kept.index.matters
    await kept.refresh()
    assert [*kept.index.matters] == ["N-2"]


async def test_a_missed_event_fills_the_index_anew() -> None:
    store: Any = Store()
    kept = Duplicates(store, POLICY)
    await kept.refresh()
    kept.see(seen(0, "N-1", birth(PIPE, "c1")))
    await kept.refresh()
    assert store.pages == 1
    kept.see(seen(2, "N-3", birth(LAMP, "c3")))
    await kept.refresh()
    assert store.pages == 2


async def test_what_could_not_be_read_again_is_read_once_the_database_is_back() -> None:
    store: Any = Store()
    kept = Duplicates(store, POLICY)
    await kept.refresh()
    kept.see(seen(0, "N-1", e.CaseReopenRequested(contact_id="c1")))
    store.away = True
    with pytest.raises(StoreAway):
        await kept.refresh()
    store.away = False
    await kept.refresh()
    await kept.refresh()
    assert store.loaded == [{"N-1"}]


async def test_a_second_call_adds_the_caller() -> None:
    store: Any = Store()
    kept = Duplicates(store, POLICY)
    kept.see(seen(0, case_of(), birth(LAMP, "c1")))
    kept.see(seen(1, case_of(), e.ContactAttached(reporter=reporter("c2", "li"), text="", obligation="")))
    (found,) = await kept.of(matter("", LAMP, callers=frozenset({"li"})))
    assert found.likeness.same_caller
    assert kept.index.matters[case_of()].callers == {"wang", "li"}
