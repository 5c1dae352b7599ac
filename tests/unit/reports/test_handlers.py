"""The doors from the bus: gaps raise an alarm, the unreadable is put aside, and nothing personal is kept."""

import msgspec
from prometheus_client import REGISTRY

from shared.events import cases as e
from shared.events.contacts import Offered
from shared.records import Record
from tests.factories import LEAD, SECOND, person, reporter
from tests.unit.reports.world import TOPICS, Reporting, case_of, contact, dispatched, event, issued, registered


def alarms() -> float:
    return REGISTRY.get_sample_value("hotline_gaps_total") or 0.0


async def test_a_missing_event_raises_one_alarm_and_is_listed() -> None:
    world, before = Reporting(), alarms()
    case = await world.tell("a", registered("a"))
    await world.tell("a", e.CaseClosed(reason="x"), first=4)
    await world.tell("a", e.CaseFollowedUp(solved=True, satisfaction=5, comment=""), first=5)
    assert alarms() == before + 1
    assert await world.office.gaps() == [{"case": case, "number": "SJZ-20210113-a", "gaps": [[2, 3]]}]
    assert world.memory.case_table.rows[case]["gap"] is True


async def test_a_whole_history_has_no_gap_also_when_it_comes_twice() -> None:
    world, before = Reporting(), alarms()
    for _ in range(2):
        await world.tell("a", registered("a"), dispatched(), issued())
    assert (alarms(), await world.office.gaps()) == (before, [])


async def test_a_first_event_that_is_missing_is_a_gap() -> None:
    world = Reporting()
    await world.tell("a", registered("a"), first=2)
    assert [gap["gaps"] for gap in await world.office.gaps()] == [[[1, 1]]]


async def test_what_follows_an_unreadable_event_is_parked_and_the_others_go_on() -> None:
    world = Reporting()
    await world.tell("a", registered("a"))
    broken = event(case_of("a"), 2, dispatched())._replace(value=b"{")
    await world.read(broken, event(case_of("a"), 3, issued()), event(case_of("b"), 1, registered("b")))
    row = world.memory.case_table.rows[case_of("a")]
    assert [bytes(one["value"])[:1] for one in row["parked"]] == [b"{", b"{"]
    assert [record.topic for record in world.publisher.published] == [TOPICS.dead_letters]
    tally = await world.store.tally(None)
    assert (tally.counts["accepted"], tally.counts["dispatched"]) == (2, 0)


async def test_parked_events_count_once_they_can_be_read() -> None:
    world = Reporting()
    await world.tell("a", registered("a"))
    good = event(case_of("a"), 2, dispatched())
    await world.read(good._replace(value=b"{"), event(case_of("a"), 3, issued()))
    (broken, _) = world.memory.case_table.rows[case_of("a")]["parked"]
    change = await world.cases.reader.unpark(case_of("a"), {broken["origin"]: good.value})
    assert change is not None
    assert not change.parked
    tally = await world.store.tally(None)
    assert (tally.counts["dispatched"], tally.counts["orders_issued"]) == (1, 1)
    assert await world.office.gaps() == []


async def test_an_event_about_an_unknown_order_is_parked() -> None:
    world = Reporting()
    await world.tell("a", registered("a"), e.WorkOrderDone(order="nowhere", unit=LEAD))
    assert len(world.memory.case_table.rows[case_of("a")]["parked"]) == 1


async def test_an_unreadable_contact_is_a_dead_letter_and_the_others_count() -> None:
    world = Reporting()
    good = contact("c", Offered(number=1, channel="call", person=person("li"), receipt="R"))
    zero = contact("d", Offered(number=0, channel="call", person=person("li"), receipt="R"))
    await world.read(good._replace(key=b"other"), good._replace(value=b"{"), zero, good)
    assert len(world.publisher.published) == 3
    assert (await world.store.tally(None)).counts["offered"] == 1


async def test_an_unknown_fact_of_a_contact_means_nothing_here() -> None:
    world = Reporting()
    good = contact("c", Offered(number=1, channel="call", person=person("li"), receipt="R"))
    await world.read(_retyped(good, "contact.painted.v1"))
    assert (world.publisher.published, world.memory.contact_table.rows) == ([], {})


def _retyped(record: Record, kind: str) -> Record:
    body = msgspec.json.decode(record.value)
    return record._replace(value=msgspec.json.encode({**body, "type": kind}))


async def test_nothing_of_a_person_is_kept() -> None:
    world = Reporting()
    await world.tell(
        "a", registered("a"), e.ContactAttached(reporter=reporter("again", "zhang"), text="x", obligation="d")
    )
    await world.read(contact("c", Offered(number=1, channel="call", person=person("li"), receipt="R")))
    stored = repr((world.memory.case_table.rows, world.memory.contact_table.rows))
    assert not [word for word in ("wang", "zhang", "li**", "k1.", "caller_ref") if word in stored]


async def test_types_that_are_only_counted() -> None:
    world = Reporting()
    rejected = e.CommandRejected(verb="sign", reason="x", detail="")
    refused = e.WorkOrderReturnAsked(order="o1", unit=LEAD, reason="x", basis="", proposed_unit=SECOND)
    await world.tell("a", registered("a"), dispatched(), issued(), rejected, refused, rejected)
    found = (await world.office.all_figures()).by_name()
    assert (found["rejections"].value, found["returns_asked"].value) == (2, 1)
