"""An event case: one answer for all who are linked, also in that moment, no faster than the lane takes it."""

from typing import Any

import pytest
from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.event_case import end_of
from services.dispatch.domain.evolve import evolve
from services.dispatch.domain.relays import relay, told
from services.dispatch.domain.states import state_of
from services.dispatch.links import LinksHandler
from services.dispatch.store import MemoryState, MemoryStore, write_of
from services.dispatch.walker import LARGEST, LONGEST_S, SMALLEST, Walker, next_size
from services.dispatch.walks import MemoryWalks, Walk
from shared.events import cases as e
from shared.events import commands as c
from shared.events.envelope import Envelope, decode, raw
from shared.events.topics import Topics
from shared.ids import event_id
from shared.records import Record, record_of
from shared.testing import FakeClock, MemoryPublisher, Stored
from tests.factories import LEAD, START, case_of, order_of, reporter
from tests.unit.dispatch.test_merging import do, made, refused

EVENT = case_of("event")
TOPICS = Topics("130100")


def event_case() -> Case:
    case = made("event")
    do(case, c.DeclareEvent(reason="a main pipe burst"))
    return case


def tell(case: Case, answer: str) -> list[Struct]:
    """Work on it to its answer; returns what it then tells all."""
    order, unit = order_of(case.id), f"unit:{LEAD}"
    do(case, c.Sign(order=order), actor=unit)
    do(case, c.Answer(order=order, public_answer=answer), actor=unit)
    do(case, c.Audit(order=order, passed=True))
    events = end_of(case)
    for event in events:
        evolve(case, event, START)
    return events


def linked(contact: str = "c1", **more: Any) -> Case:
    case = made(contact, **more)
    do(case, c.Link(event_case=EVENT, reason="same pipe"))
    return case


def test_a_linked_case_gives_its_orders_back_and_waits() -> None:
    case = made()
    events = do(case, c.Link(event_case=EVENT, reason="same pipe"))
    assert [type(one) for one in events] == [e.CaseLinked, e.WorkOrderWithdrawn]
    assert state_of(case) == "LINKED"
    assert refused(case, c.Assign(lead=LEAD)) == "linked"


def test_the_answer_reaches_every_reporter_with_the_details_of_his_own_case() -> None:
    case = linked(title="no water", address="Road 5")
    do(case, c.Attach(reporter=reporter("two", "li")))
    events = do(case, c.TakeAnswer(event_case=EVENT, link=1, answer="{title} at {address} ({number}): mended"))
    owed = [one for one in events if isinstance(one, e.ReplyOwed)]
    assert {one.reporter.contact_id for one in owed} == {"c1", "two"}
    assert {one.answer for one in owed} == {f"no water at Road 5 ({case.number}): mended"}
    assert state_of(case) == "PENDING_REPLY"


def test_who_joins_after_the_answer_is_owed_it_at_once() -> None:
    case = linked()
    do(case, c.TakeAnswer(event_case=EVENT, link=1, answer="mended"))
    assert e.ReplyOwed in {type(one) for one in do(case, c.Attach(reporter=reporter("late", "li")))}


def test_a_case_that_a_partner_has_answered_is_not_linked() -> None:
    """Its units would be recalled, and his result would be an answer that nobody tells."""
    case = made()
    do(case, c.AskTransfer(target="120", reason="r", asked_action="a"))
    transfer = case.transfers[0].id
    for step in ("receipted", "accepted", "completed"):
        do(case, c.RecordTransfer(transfer=transfer, step=step, text="theirs"))
    assert refused(case, c.Link(event_case=EVENT, reason="same pipe")) == "partly_answered"


def test_only_the_answer_of_this_very_link_is_taken() -> None:
    case = linked()
    do(case, c.Detach(reason="another pipe"))
    assert state_of(case) == "PENDING_DISPATCH"
    assert refused(case, c.TakeAnswer(event_case=EVENT, link=1, answer="mended")) == "not_linked"
    do(case, c.Link(event_case=EVENT, reason="after all"))
    assert refused(case, c.TakeAnswer(event_case=EVENT, link=1, answer="mended")) == "not_linked"
    do(case, c.TakeAnswer(event_case=EVENT, link=2, answer="mended"))


def test_an_event_case_tells_its_answer_once_a_cycle() -> None:
    case = event_case()
    assert not end_of(case)
    assert [type(one) for one in tell(case, "mended")] == [e.EventAnswered]
    assert not end_of(case)


def test_an_event_case_that_ends_without_an_answer_lets_all_go() -> None:
    case = made("event", "neither", reporter=reporter("event", ""))
    do(case, c.DeclareEvent(reason="one cause"))
    do(case, c.Close(reason="nothing there"))
    assert [type(one) for one in end_of(case)] == [e.EventEnded]
    child = linked()
    refusal = told("cause", EVENT, child.id, 1, "").command
    do(child, refusal)
    assert state_of(child) == "PENDING_DISPATCH"
    assert child.unpaid()


def test_linked_after_the_answer_is_told_under_the_id_that_the_walk_uses() -> None:
    parent, child = event_case(), linked()
    link = e.CaseLinked(event_case=EVENT, link=1, reason="x")
    assert relay(child.id, "link", link, {EVENT: parent}.get) is None
    tell(parent, "mended")
    told_now = relay(child.id, "link", link, {EVENT: parent}.get)
    answered_by = event_id(EVENT, parent.sequence)
    assert told_now == told(answered_by, EVENT, child.id, 1, "mended")


@pytest.mark.parametrize("parent", [None, made("event")])
def test_linked_to_what_is_no_event_case(parent: Case | None) -> None:
    found = relay("N-1", "link", e.CaseLinked(event_case=EVENT, link=1, reason="x"), lambda _: parent)
    assert found is not None
    assert isinstance(found.command, c.RefuseLink)


class Lane(MemoryPublisher):
    """Decides what it is sent at `rate` cases a second."""

    def __init__(self, state: MemoryState, clock: FakeClock, rate: float) -> None:
        super().__init__()
        self._state, self._clock, self._rate = state, clock, rate
        self.pages: list[int] = []

    async def publish(self, records: Any) -> None:
        await super().publish(records)
        self.pages.append(len(records))
        self._clock.forward(seconds=len(records) / self._rate)
        for record in records:
            self._state.cases.rows[record.key.decode()]["link"]["waits"] = False


class Stuck(MemoryPublisher):
    """Takes everything, and nobody decides."""


class Slow(FakeClock):
    async def sleep(self, seconds: float) -> None:
        self.forward(seconds=seconds)


def crowd(count: int) -> MemoryState:
    state = MemoryState()
    for n in range(count):
        case = case_of(f"child-{n}")
        state.cases.rows[case] = {"_id": case, "rev": 1, "link": {"to": EVENT, "waits": True, "n": 1}}
    return state


async def walked(state: MemoryState, publisher: MemoryPublisher, clock: FakeClock) -> int:
    walks = MemoryWalks(state)
    await walks.begin(Walk(id="w", event_case=EVENT, answer="mended", time=START))
    return await Walker(walks, publisher, clock, TOPICS).walk()


def targets(records: list[Record]) -> list[str]:
    return [record.key.decode() for record in records]


async def test_ten_thousand_are_told_once_each_in_pages_that_grow_while_the_lane_is_free() -> None:
    state, clock = crowd(10_000), Slow()
    lane = Lane(state, clock, rate=5_000)
    assert await walked(state, lane, clock) == 10_000
    assert sorted(targets(lane.published)) == sorted(state.cases.rows)
    assert max(lane.pages) == LARGEST
    assert not await Walker(MemoryWalks(state), lane, clock, TOPICS).walk()


async def test_a_slow_lane_gets_small_pages_that_take_less_than_a_second() -> None:
    state, clock = crowd(1_000), Slow()
    lane = Lane(state, clock, rate=200)
    await walked(state, lane, clock)
    assert max(count / 200 for count in lane.pages) <= LONGEST_S


async def test_a_lane_that_stands_still_gets_no_less_than_fifty_a_second() -> None:
    state, clock = crowd(500), Slow()
    began = clock.real()
    assert await walked(state, Stuck(), clock) == 500
    assert 500 / (clock.real() - began) >= 45  # a page and one look


async def test_a_walk_goes_on_where_it_stopped_and_a_repeated_event_begins_no_second_one() -> None:
    state, clock = crowd(200), Slow()
    walks, lane = MemoryWalks(state), Lane(state, clock, rate=5_000)
    walk = Walk(id="w", event_case=EVENT, answer="mended", time=START)
    await walks.begin(walk)
    taken = await walks.take(clock.real())
    assert taken is not None
    half = sorted(state.cases.rows)[99]
    taken.after = half
    await walks.went(taken, clock.real())
    assert not await Walker(walks, lane, clock, TOPICS).walk()  # somebody is on it
    clock.forward(seconds=60)
    assert await Walker(walks, lane, clock, TOPICS).walk() == 100
    assert min(targets(lane.published)) > half
    await walks.begin(walk)
    clock.forward(seconds=60)
    assert not await Walker(walks, lane, clock, TOPICS).walk()


def test_pages_grow_and_shrink_within_their_bounds() -> None:
    assert next_size(LARGEST, 0.01) == LARGEST
    assert next_size(SMALLEST, 5.0) == SMALLEST
    assert next_size(400, 0.3) == 400


def test_a_report_of_misconduct_is_not_tied_to_an_ordinary_case() -> None:
    link = e.CaseLinked(event_case=EVENT, link=1, reason="x", request_type="JB")
    found = relay("N-1", "link", link, {EVENT: event_case()}.get)
    assert found is not None
    assert isinstance(found.command, c.RefuseLink)
    assert found.command.reason == "secrecy_differs"
    ask = e.MergeAsked(
        merge="m", target=EVENT, kind="merge", reason="x", number="SJZ-1", reporters=(), request_type="JB"
    )  # fmt: skip
    back = relay("N-1", "merge", ask, {EVENT: event_case()}.get)
    assert back is not None
    assert isinstance(back.command, c.RecordMerge)
    assert (back.command.step, back.command.reason) == ("refused", "secrecy_differs")


async def test_the_links_reader_writes_a_walk_down_and_sends_what_concerns_one_case() -> None:
    state, out = MemoryState(), MemoryPublisher()
    store = MemoryStore(state)
    await store.cases.save([write_of(made("other"), 0, "", [])])
    handler = LinksHandler(store, MemoryWalks(state), out, TOPICS)
    asked = e.MergeAsked(
        merge="m", target=case_of("other"), kind="merge", reason="x", number="SJZ-1", reporters=()
    )  # fmt: skip
    nowhere = e.MergeAsked(merge="n", target=case_of("no"), kind="merge", reason="x", number="SJZ-1", reporters=())
    answer = e.EventAnswered(answer="mended", cycle=1)
    await handler.handle([received(asked), received(nowhere), received(answer)])
    commands = [c.COMMANDS.data(decode(record.value)) for record in out.published]
    assert [type(one) for one in commands] == [c.Absorb, c.RecordMerge]
    assert (commands[1].step, commands[1].reason) == ("refused", "no_such_case")
    assert len(state.walks) == 1


def received(event: Struct) -> Any:
    kind = e.CASES.type_of(event)
    made_of = Envelope(id=f"id-{kind}", type=kind, source="/", subject=EVENT, time=START, sequence=1, data=raw(event))
    record = record_of(TOPICS.cases("normal"), made_of)
    return Stored(record.topic, 0, 0, 0, record.key, record.value, record.headers)
