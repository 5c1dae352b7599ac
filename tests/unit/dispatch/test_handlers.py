"""The writer's door from the bus: what is dead-lettered, what waits, what is answered again."""

from datetime import timedelta

import msgspec
import pytest

from services.dispatch.handlers import CommandHandler
from services.dispatch.numbers import Numbers
from services.dispatch.store import PAGE, MemoryState, MemoryStore, read_case
from services.dispatch.sweeper import ALARM_S, Sweeper
from services.dispatch.views import summary
from shared.deadlines import Matter
from shared.events import commands as c
from shared.events.cases import CASES as EVENTS
from shared.events.envelope import MAX_BYTES, decode, encode
from shared.events.feeds import FEEDS
from shared.events.topics import Topics
from shared.ids import case_id
from shared.producer import partition_of
from shared.records import Record, header, record_of
from shared.testing import FakeClock, MemoryLog, MemoryPublisher, MemoryTransport
from tests.factories import LEAD, LOWER, RULES, START, case_of, commanded, envelope, order_of, register

TOPICS = Topics("130100")
COMMANDS, CASES = TOPICS.commands("normal"), TOPICS.cases("normal")


class Door:
    """A handler over fakes: put records in, look at what came out."""

    def __init__(self) -> None:
        self.log = MemoryLog(partitions=2)
        self.state = MemoryState()
        self.clock = FakeClock()
        store = MemoryStore(self.state)
        self.out = MemoryPublisher(self.log)
        self.handler = CommandHandler(
            store, self.out, MemoryTransport(self.log), self.clock,
            topics=TOPICS, rules=RULES, feeds=frozenset({LEAD}), numbers=Numbers(store, "SJZ"),
        )  # fmt: skip
        self.sweeper = Sweeper(store, self.out, self.clock, TOPICS)

    async def take(self, *records: Record) -> list[str]:
        """Types of the events, or reasons of the dead letters, that these records cause."""
        start = len(self.out.published)
        for record in records:
            self.log.produce(record)
            number = partition_of(record.key, 2) if record.partition is None else record.partition
            await self.handler.handle([self.log.topics[(record.topic, number)][-1]])
        return [self._told(record) for record in self.out.published[start:] if record.topic != TOPICS.feed(LEAD)]

    def _told(self, record: Record) -> str:
        if record.topic == TOPICS.dead_letters:
            return dict(record.headers)["reason"].decode()
        return decode(record.value).type


def command(data: c.Command, own_id: str, case: str = "", **more: str) -> Record:
    return record_of(COMMANDS, commanded(case or case_of(), data, own_id, **more).envelope)


async def test_a_repeat_is_answered_with_the_same_bytes() -> None:
    door = Door()
    first = await door.take(command(register(), "r"))
    before = list(door.out.published)
    assert await door.take(command(register(), "r")) == first
    assert door.out.published[len(before) :] == before


async def test_a_known_id_with_other_content_is_rejected() -> None:
    door = Door()
    await door.take(command(register(), "r", digest="a"))
    assert await door.take(command(register(text="other"), "r", digest="b")) == ["command.rejected.v1"]
    assert decode(door.out.published[-1].value).causationid.endswith("#b")


async def test_a_rejection_stays_a_no_when_it_is_sent_again() -> None:
    door = Door()
    answer = command(c.Answer(order=order_of(case_of()), public_answer="x"), "a")
    await door.take(command(register(), "r"))
    assert await door.take(answer) == ["command.rejected.v1"]
    await door.take(command(c.Sign(order=order_of(case_of())), "s"))
    assert await door.take(answer) == ["command.rejected.v1"]


async def test_of_an_answer_whose_event_is_too_large_nothing_stays() -> None:
    door, order = Door(), order_of(case_of())
    await door.take(command(register(), "r"), command(c.Sign(order=order), "s"))
    small = command(c.Answer(order=order, public_answer="x"), "a")
    # The command just fits; its event says more, the unit and the cause.
    fill = "x" * (MAX_BYTES - len(small.value))
    assert await door.take(command(c.Answer(order=order, public_answer="x", internal=fill), "a")) == [
        "command.rejected.v1"
    ]
    assert EVENTS.data(decode(door.out.published[-1].value)).reason == "too_large"
    assert await door.take(command(c.Answer(order=order, public_answer="y"), "b")) == ["work_order.answered.v1"]


async def test_the_same_matter_in_the_other_lane_is_answered_with_the_first_case() -> None:
    door = Door()
    await door.take(command(register(), "r"))
    other = case_id("urgent", "c1", 1)
    second = record_of(TOPICS.commands("urgent"), envelope(other, register(), "r2"))
    assert await door.take(second) == ["command.rejected.v1"]
    told = EVENTS.data(decode(door.out.published[-1].value))
    assert told.reason == "already_registered"
    assert case_of() in told.detail


async def test_a_command_before_its_case_waits_and_comes_back() -> None:
    door = Door()
    assert await door.take(command(c.Sign(order=order_of(case_of())), "s")) == []
    assert len(door.state.waiting) == 1
    await door.take(command(register(), "r"))
    assert await door.sweeper.sweep() == 1
    assert not door.state.waiting
    back = [record for record in door.log.all(COMMANDS) if header(record, "swept")]
    await door.handler.handle(back)
    assert read_case(door.state.cases.rows[case_of()]).orders[0].state == "HANDLING"


async def test_a_replay_keeps_waiting_what_stood_before_the_register() -> None:
    """Else its event would overtake those of the commands between, which the replay has yet to publish."""
    door = Door()
    await door.take(command(c.Sign(order=order_of(case_of())), "s"), command(register(), "r"))
    stored = door.log.all(COMMANDS)
    before = len(door.out.published)
    await door.handler.handle(stored)
    again = [decode(record.value) for record in door.out.published[before:] if record.topic == CASES]
    assert [event.sequence for event in again] == [1, 2, 3]


async def test_a_case_that_never_comes_raises_an_alarm_after_ten_minutes() -> None:
    door = Door()
    await door.take(command(c.Close(reason="x"), "s"))
    await door.sweeper.sweep()
    door.clock.forward(seconds=ALARM_S + 1)
    await door.sweeper.sweep()
    await door.sweeper.sweep()
    letters = [record for record in door.out.published if record.topic == TOPICS.dead_letters]
    assert len(letters) == 1
    assert next(iter(door.state.waiting.values())).alarmed


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"value": b"\xff\x00"}, "malformed"),
        ({"value": b"{}"}, "missing"),
        ({"key": b"N-somebody-else"}, "is not the case"),
        ({"partition": 1 - partition_of(case_of().encode(), 2)}, "belongs to"),
        ({"value": b"x" * (MAX_BYTES + 1)}, "larger than"),
    ],
)
async def test_what_is_no_command_becomes_a_dead_letter(change: dict[str, object], reason: str) -> None:
    door = Door()
    told = await door.take(command(register(), "r")._replace(**change))  # type: ignore[arg-type]
    assert len(told) == 1
    assert reason.lower() in told[0].lower() or "invalid" in told[0].lower()
    assert not door.state.cases.rows


async def test_an_unknown_type_is_named_in_the_dead_letter() -> None:
    door = Door()
    strange = msgspec.structs.replace(commanded(case_of(), register(), "r").envelope, type="case.explode.v9")
    told = await door.take(Record(COMMANDS, case_of().encode(), encode(strange)))
    assert told == ["unknown type 'case.explode.v9'"]


async def test_feed_records_count_the_steps_of_an_order() -> None:
    door = Door()
    order = order_of(case_of())
    await door.take(
        command(register(), "r"),
        command(c.Sign(order=order), "s", actor=f"unit:{LEAD}"),
        command(c.Sign(order=order), "s2", actor=f"unit:{LEAD}"),
    )
    feed = [decode(record.value) for record in door.log.all(TOPICS.feed(LEAD))]
    assert [(event.ordersequence, event.type.split(".")[1]) for event in feed] == [
        (1, "issued"), (2, "signed"), (3, "rejected"),
    ]  # fmt: skip


async def test_a_unit_finds_in_its_feed_what_its_commands_led_to() -> None:
    door = Door()
    signs = [command(c.Sign(order=one), one, actor=f"unit:{LEAD}") for one in (order_of(case_of()), "another's")]
    await door.take(command(register(), "r"), *signs)
    feed = [decode(record.value) for record in door.log.all(TOPICS.feed(LEAD))]
    assert [(event.type, event.causationid) for event in feed[1:]] == [
        ("work_order.signed.v1", decode(signs[0].value).id),
        ("command.rejected.v1", decode(signs[1].value).id),
    ]


async def test_a_unit_is_told_until_when_its_order_is_to_be_resolved() -> None:
    door = Door()
    await door.take(command(register(), "r"))
    (issued,) = [decode(record.value) for record in door.log.all(TOPICS.feed(LEAD))]
    row = door.state.cases.rows[case_of()]
    order = read_case(row).orders[0]
    due = RULES.resolve(order.issued_at, Matter(priority=read_case(row).priority), LEAD, "")
    assert FEEDS.data(issued).due == due
    assert [one["due"] for one in summary(row, RULES)["orders"]] == [due.isoformat()]


async def test_a_thousand_orphans_do_not_hide_the_command_whose_case_has_come() -> None:
    door = Door()
    await door.take(*(command(c.Close(reason="r"), f"o{n}", case_of(f"orphan{n}")) for n in range(PAGE + 20)))
    await door.take(command(c.Assign(lead=LEAD), "early", case_of("late"), actor="dispatcher:1"))
    await door.take(command(register("late", "neither"), "r", case_of("late")))
    swept = [await door.sweeper.sweep() for _ in range(2)]
    assert sum(swept) == 1
    assert len(door.state.waiting) == PAGE + 20


async def test_units_hear_what_concerns_their_orders_and_those_below_them() -> None:
    door = Door()
    order, lower = order_of(case_of()), order_of(case_of(), LOWER)
    await door.take(
        command(register(), "r"),
        command(c.Sign(order=order), "s", actor=f"unit:{LEAD}"),
        command(c.Delegate(order=order, unit=LOWER), "d", actor=f"unit:{LEAD}"),
        command(c.Sign(order=lower), "s2", actor=f"unit:{LOWER}"),
        command(c.Park(reason="spring", review_at=START + timedelta(days=90)), "p", actor="supervisor:1"),
        command(c.ReportProgress(order=order, text="dug"), "g", actor=f"unit:{LEAD}"),
    )
    feed = [decode(record.value) for record in door.log.all(TOPICS.feed(LEAD))]
    assert [(event.ordersequence, event.type) for event in feed] == [
        (1, "work_order.issued.v1"), (2, "work_order.signed.v1"), (0, "work_order.signed.v1"),
        (0, "case.parked.v1"), (3, "work_order.progressed.v1"),
    ]  # fmt: skip
    assert all(FEEDS.data(event) is not None for event in feed)
