"""What a reader parks, and how it folds it again once it is mended."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct, field
from prometheus_client import REGISTRY

from shared.documents import Document
from shared.events.cases import CASES, CaseClosed
from shared.events.envelope import Envelope, raw
from shared.events.topics import Topics
from shared.ids import case_id, event_id
from shared.reader import CaseReader
from shared.records import Record, header, origin, record_of
from shared.testing import MemoryDocuments, MemoryPublisher, MemoryTable
from tests.factories import START

TOPICS = Topics("130100")
NORMAL = TOPICS.cases("normal")
TOLD = "told"
CASE, OTHER = case_id("normal", "a", 1), case_id("normal", "b", 1)


class Read(Struct, kw_only=True):
    """The reasons, in the order in which they were read."""

    reasons: list[str] = field(default_factory=list)


class Reasons:
    """A view of closings; `fails` on the reasons it does not understand.

    "only after b" means nothing where b was not read; "tell" sends what was read so far.
    """

    state = Read
    interests = frozenset({"case.closed.v1"})

    def __init__(self, name: str = "reasons") -> None:
        self.name = name
        self.fails: set[str] = set()

    def fold(self, state: Read | None, event: Envelope, data: Any) -> Read | None:
        if data.reason in self.fails:
            raise KeyError(data.reason)
        state = state or Read()
        if data.reason == "only after b" and "b" not in state.reasons:
            return None
        return Read(reasons=[*state.reasons, data.reason])

    def effects(self, state: Read, event: Envelope, data: Any) -> list[Record]:
        return [Record(TOLD, b"k", " ".join(state.reasons).encode())] if data.reason == "tell" else []

    def index(self, state: Read) -> Document:
        return {"count": len(state.reasons)}


def closed(sequence: int, reason: str, case: str = CASE) -> Record:
    envelope = Envelope(
        id=event_id(case, sequence), type="case.closed.v1", source="/dispatch", subject=case, time=START,
        sequence=sequence, data=raw(CaseClosed(reason=reason)),
    )  # fmt: skip
    return record_of(NORMAL, envelope)


class Bench:
    """One reader over memory."""

    def __init__(self, view: Reasons | None = None) -> None:
        self.table, self.out, self.view = MemoryTable(), MemoryPublisher(), view or Reasons()
        self.log = self.out.log
        self.reader = self.another()

    def another(self) -> CaseReader[Read]:
        """The same reader in another process."""
        return CaseReader(self.view, MemoryDocuments(self.table), self.out, TOPICS.dead_letters)

    async def read(self, *records: Record) -> list[str]:
        """Handle them in one batch; returns their origins."""
        before = len(self.log.all(NORMAL))
        for record in records:
            self.log.produce(record._replace(partition=0))
        stored = self.log.all(NORMAL)[before:]
        await self.reader.handle(stored)
        return [origin(record) for record in stored]

    def letters(self) -> list[str]:
        return [header(letter, "origin") for letter in self.log.all(TOPICS.dead_letters)]

    def reasons(self, case: str = CASE) -> list[str]:
        found: list[str] = (self.table.rows[case].get("state") or {"reasons": []})["reasons"]
        return found


def value(sequence: int, reason: str) -> bytes:
    return closed(sequence, reason).value


def garbage(case: str = CASE) -> Record:
    return Record(NORMAL, case.encode(), b"{")


async def test_what_is_behind_an_unreadable_event_is_parked_and_other_cases_go_on() -> None:
    bench = Bench()
    origins = await bench.read(closed(1, "a"), garbage(), closed(3, "c"), closed(1, "x", OTHER))
    await bench.read(closed(4, "d"))
    assert bench.reasons() == ["a"]
    assert bench.reasons(OTHER) == ["x"]
    assert len(bench.table.rows[CASE]["parked"]) == 3
    assert bench.letters() == [origins[1]], "one letter, for the first of them"


class Reckons(Reasons):
    """A view that counts dates, and cannot at their end."""

    def fold(self, state: Read | None, event: Envelope, data: Any) -> Read | None:
        return super().fold(state, event, data) if event.time + timedelta(days=float(data.reason)) else None


async def test_a_sum_that_no_date_holds_parks_its_case_alone() -> None:
    bench = Bench(Reckons())
    await bench.read(closed(1, "1"), closed(2, "9e6"), closed(3, "3"), closed(1, "1", OTHER))
    assert (bench.reasons(), bench.reasons(OTHER)) == (["1"], ["1"])
    assert len(bench.table.rows[CASE]["parked"]) == 2


def counted(name: str, reader: str) -> float | None:
    """As Prometheus reads it; nothing where there is no such series."""
    return REGISTRY.get_sample_value(name, {"reader": reader})


async def test_what_a_reader_counts_is_exported_from_its_beginning() -> None:
    view = Reasons("newborn")
    bench = Bench(view)
    both = ("hotline_dead_letters_total", "hotline_parked_events_total")
    assert [counted(name, "newborn") for name in both] == [0.0, 0.0]
    origins = await bench.read(closed(1, "a"), garbage(), garbage()._replace(value=b"["), garbage("nobody"))
    assert [counted(name, "newborn") for name in both] == [2.0, 2.0]
    await bench.reader.unpark(CASE, {origins[1]: value(2, "b")})
    assert len(bench.letters()) == counted(both[0], "newborn") == 3, "every letter is counted"


async def test_a_repeat_of_a_parked_event_is_parked_once() -> None:
    bench = Bench()
    for _ in range(3):
        await bench.read(garbage(), closed(2, "b"))
    assert len(bench.table.rows[CASE]["parked"]) == 2
    assert len(bench.letters()) == 1


async def test_mended_bytes_are_folded_with_all_behind_them_in_order() -> None:
    bench = Bench()
    origins = await bench.read(closed(1, "a"), garbage(), closed(3, "c"))
    assert await bench.reader.unpark(CASE, {origins[1]: value(2, "b")}) is not None
    assert bench.reasons() == ["a", "b", "c"]
    assert bench.table.rows[CASE]["parked"] == []
    await bench.read(closed(4, "d"))
    assert bench.reasons() == ["a", "b", "c", "d"]


async def test_a_mended_reader_folds_what_it_parked() -> None:
    bench = Bench()
    bench.view.fails = {"b"}
    await bench.read(closed(1, "a"), closed(2, "b"), closed(3, "c"))
    bench.view.fails = set()
    await bench.reader.unpark(CASE)
    assert bench.reasons() == ["a", "b", "c"]


async def test_a_discarded_event_is_left_out() -> None:
    bench = Bench()
    origins = await bench.read(garbage(), closed(2, "b"))
    await bench.reader.unpark(CASE, {origins[0]: None})
    assert bench.reasons() == ["b"]


async def test_a_second_unreadable_event_gets_its_own_letter_once_it_is_the_first() -> None:
    bench = Bench()
    origins = await bench.read(garbage(), closed(2, "b"), garbage()._replace(value=b"["), closed(4, "d"))
    for _ in range(2):
        await bench.reader.unpark(CASE, {origins[0]: value(1, "a")})
    assert bench.reasons() == ["a", "b"]
    assert bench.letters() == [origins[0], origins[2]]
    letter = bench.log.all(TOPICS.dead_letters)[1]
    assert (letter.key, letter.value, header(letter, "kind")) == (CASE.encode(), b"[", "parked")
    await bench.reader.unpark(CASE, {origins[2]: value(3, "c")})
    assert bench.reasons() == ["a", "b", "c", "d"]


async def test_what_is_still_unreadable_gets_no_second_letter() -> None:
    bench = Bench()
    await bench.read(garbage(), closed(2, "b"))
    await bench.reader.unpark(CASE)
    assert len(bench.letters()) == 1
    assert len(bench.table.rows[CASE]["parked"]) == 2


async def test_a_record_of_no_case_is_a_letter_and_stops_nobody() -> None:
    bench = Bench()
    origins = await bench.read(garbage("nobody"), closed(1, "a"))
    assert bench.letters() == [origins[0]]
    assert bench.reasons() == ["a"]


async def test_repeats_are_skipped_and_what_means_nothing_costs_no_write() -> None:
    bench = Bench()
    await bench.read(closed(1, "a"), closed(1, "a"), closed(2, "b"))
    rev = bench.table.rows[CASE]["rev"]
    await bench.read(Record(NORMAL, CASE.encode(), b"{", (("ce_type", b"case.answered.v1"),)), closed(2, "b"))
    assert bench.reasons() == ["a", "b"]
    assert bench.table.rows[CASE]["rev"] == rev
    assert "case.answered.v1" in CASES.models


async def two_processes(last: str) -> Bench:
    """One reads "a", another one "b", and the first, which kept what it wrote, then `last`."""
    bench = Bench()
    first, second = bench.reader, bench.another()
    for bench.reader, record in ((first, closed(1, "a")), (second, closed(2, "b")), (first, closed(3, last))):
        await bench.read(record)
    return bench


@pytest.mark.parametrize("last", ["c", "only after b"])
async def test_what_a_process_kept_gives_way_to_what_another_one_wrote(last: str) -> None:
    assert (await two_processes(last)).reasons() == ["a", "b", last]


async def test_nothing_is_sent_on_the_strength_of_what_was_kept() -> None:
    bench = await two_processes("tell")
    assert [record.value for record in bench.log.all(TOLD)] == [b"a b tell"]
