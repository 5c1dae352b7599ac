"""Malformed records on every topic become dead letters, and come back after a fix: through the operator's command."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from msgspec import Struct
from pymongo import AsyncMongoClient
from typer.testing import CliRunner

from hotline.commands.dead_letters import app
from hotline.doors import Doors
from hotline.letters import Desk, Letter
from hotline.stack import Options, Stack
from services.dispatch.store import read_case
from shared.events import cases as e
from shared.events import commands as c
from shared.events import contacts
from shared.events.envelope import Envelope, encode, raw
from shared.events.topics import BATCH_BYTES, Topics
from shared.ids import case_id, client_command_id, event_id, receipt_code
from shared.producer import partition_of
from tests.conftest import Background
from tests.factories import START, envelope, order_of, person, reporter

pytestmark = pytest.mark.real
TOPICS = Topics("130100")
COMMANDS, CASES = TOPICS.commands("normal"), TOPICS.cases("normal")
UNIT = "130100-02-001"
SPINE = ("intake", "dispatch", "sla", "notify")
BAD = b'{"half'
LINKS = "dispatch.links"
"""It keeps nothing and parks nothing: each record that it cannot read is a letter of its own."""
Answers = dict[str, Any]


class City:
    """A platform at real time, without a simulated world: the test is the only sender."""

    def __init__(self) -> None:
        self.background = Background()
        self.stack = Stack(Options(fresh=True, services=SPINE), Path(".hotline"))

    def run(self, work: Any) -> Any:
        return self.background.run(work)

    async def put(self, topic: str, key: str, value: bytes, partition: int | None = None) -> str:
        """Produce as a stranger would, without any check; returns the record's origin."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.stack.kafka, max_request_size=2 * BATCH_BYTES, max_batch_size=2 * BATCH_BYTES
        )
        await producer.start()
        try:
            at = await producer.send_and_wait(topic, value, key=key.encode(), partition=partition)
        finally:
            await producer.stop()
        return f"{topic}/{at.partition}/{at.offset}"

    async def find(self, service: str, key: str, collection: str = "cases") -> Answers | None:
        """A document of a service's own database."""
        client: AsyncMongoClient[Answers] = AsyncMongoClient(self.stack.mongo)
        try:
            return await client[self.stack.settings.database(service)][collection].find_one({"_id": key})
        finally:
            await client.close()

    async def grown_old(self, row: str) -> None:
        """A waiting command has waited for eleven minutes."""
        client: AsyncMongoClient[Answers] = AsyncMongoClient(self.stack.mongo)
        try:
            waiting = client[self.stack.settings.database("dispatch")].waiting
            await waiting.update_one({"_id": row}, {"$inc": {"since": -660.0}})
        finally:
            await client.close()

    async def letters(self, origin: str, count: int = 1) -> list[Letter]:
        """The unresolved dead letters of a record, once there are so many."""
        desk = Desk(Doors(self.stack.settings, self.stack.addresses()))

        async def look() -> list[Letter]:
            return [letter for letter in await desk.list() if letter.origin == origin]

        found: list[Letter] = await until(look, lambda found: len(found) == count)
        return found


async def until(look: Callable[[], Awaitable[Any]], good: Callable[[Any], bool], seconds: float = 40) -> Any:
    """Look until it is good; returns what was seen."""
    async with asyncio.timeout(seconds):
        while not good(found := await look()):  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.2)
        return found


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    made = City()
    try:
        made.run(made.stack.start())
        yield made
    finally:
        made.run(made.stack.stop())
        made.background.close()
        made.stack.remove()


def redrive(origin: str, value: bytes | None, folder: Path) -> None:
    """`hotline dead-letters redrive ORIGIN [--value FILE]`"""
    more: list[str] = []
    if value is not None:
        (folder / "mended").write_bytes(value)
        more = ["--value", str(folder / "mended")]
    done = CliRunner().invoke(app, ["redrive", origin, *more])
    assert done.exit_code == 0, done.output


def new_case(name: str) -> str:
    return case_id("normal", name, 1)


def register(name: str) -> bytes:
    data = c.Register(matter=1, title="路灯", text="路灯不亮", reporter=reporter(name, ""))
    return encode(envelope(new_case(name), data, f"register-{name}"))


def unknown(name: str) -> bytes:
    return register(name).replace(b"register.v1", b"ponder.v1")


def event(case: str, sequence: int, data: Struct) -> bytes:
    return encode(
        Envelope(
            id=event_id(case, sequence), type=e.CASES.type_of(data), source="/dispatch", subject=case, time=START,
            sequence=sequence, data=raw(data),
        )
    )  # fmt: skip


async def has_case(city: City, name: str) -> None:
    await until(lambda: city.find("dispatch", new_case(name)), lambda row: row is not None)


MALFORMED: dict[str, tuple[Callable[[str], bytes], str]] = {
    "garbage": (lambda name: BAD, "truncated"),
    "empty": (lambda name: b"", "truncated"),
    "unknown-type": (unknown, "unknown type"),
    "too-large": (lambda name: register(name) + b" " * 300_000, "larger than 256 KB"),
    "as-large-as-the-broker-takes": (lambda name: b" " * (BATCH_BYTES - 200), "larger than 256 KB"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_command_is_one_letter_and_comes_back_mended(city: City, name: str, tmp_path: Path) -> None:
    make, reason = MALFORMED[name]
    origin = city.run(city.put(COMMANDS, new_case(name), make(name)))
    (letter,) = city.run(city.letters(origin))
    assert (letter.reader, letter.kind, letter.value) == ("dispatch", "record", make(name))
    assert reason in letter.reason
    redrive(origin, register(name), tmp_path)
    city.run(has_case(city, name))
    assert city.run(city.letters(origin, 0)) == []


def test_a_command_in_the_wrong_partition_comes_back_into_its_own(city: City, tmp_path: Path) -> None:
    case = new_case("astray")
    wrong = (partition_of(case.encode(), 8) + 1) % 8
    origin = city.run(city.put(COMMANDS, case, register("astray"), wrong))
    (letter,) = city.run(city.letters(origin))
    assert "belongs to" in letter.reason
    redrive(origin, None, tmp_path)
    city.run(has_case(city, "astray"))


def test_a_malformed_contact_comes_back(city: City, tmp_path: Path) -> None:
    contact = "5a2c9ab5-3d1e-5c3c-8f0e-0f2c36a3c111"
    origin = city.run(city.put(TOPICS.contacts, contact, BAD))
    (letter,) = city.run(city.letters(origin))
    assert letter.reader == "intake"
    fact = contacts.Offered(number=1, channel="call", person=person(""), receipt=receipt_code(contact))
    mended = Envelope(
        id="e1", type=contacts.CONTACTS.type_of(fact), source="/intake", subject=contact, time=START, data=raw(fact)
    )
    redrive(origin, encode(mended), tmp_path)
    city.run(until(lambda: city.find("intake", contact, "contacts"), lambda row: row is not None))


def test_a_malformed_answer_of_a_department_comes_back(city: City, tmp_path: Path) -> None:
    case = new_case("answered")
    city.run(city.put(COMMANDS, case, register("answered")))
    assign = envelope(case, c.Assign(lead=UNIT), "assign", actor="dispatcher:1")
    city.run(city.put(COMMANDS, case, encode(assign)))
    origin = city.run(city.put(TOPICS.answers(UNIT), case, BAD))
    (letter,) = city.run(city.letters(origin))
    assert letter.reader == "dispatch.bridge"
    sign = envelope(case, c.Sign(order=order_of(case, UNIT)), "sign", actor="")
    redrive(origin, encode(sign), tmp_path)
    command = client_command_id(f"unit:{UNIT}", sign.id)

    def decided(row: Any) -> bool:
        return row is not None and command in read_case(row).causes

    city.run(until(lambda: city.find("dispatch", case), decided))


def test_a_case_waits_behind_its_unreadable_events_while_the_others_go_on(city: City, tmp_path: Path) -> None:
    """Two of five events are unreadable; notify and sla park all behind the first; mended, all is applied."""
    case, order = new_case("parked"), "o1"
    issued = e.WorkOrderIssued(
        order=order, unit=UNIT, role="lead", cycle=1, returns=0, priority="P2", request_type="QZ"
    )
    signed = event(case, 2, e.WorkOrderSigned(order=order, unit=UNIT))
    owed = event(case, 4, e.ReplyOwed(obligation="d1", number="SJZ-1", reporter=reporter("p"), answer="已修好"))
    sent = [
        event(case, 1, issued), BAD, event(case, 3, e.WorkOrderDone(order=order, unit=UNIT)), BAD + b"2",
        event(case, 5, e.ReplySettled(obligation="d1", how="person", proof="call")),
    ]  # fmt: skip
    origins = [city.run(city.put(CASES, case, value)) for value in sent]
    assert {letter.reader for letter in city.run(city.letters(origins[1], 3))} == {"notify", "sla", LINKS}
    (behind,) = city.run(city.letters(origins[3]))
    assert behind.reader == LINKS, "what stands behind another one has no letter yet of those who park"
    city.run(others_go_on(city, case))
    redrive(origins[1], signed, tmp_path)
    assert {letter.reader for letter in city.run(city.letters(origins[3], 3))} == {"notify", "sla", LINKS}
    assert city.run(city.letters(origins[1], 0)) == []
    redrive(origins[3], owed, tmp_path)
    clocks, debts = city.run(city.find("sla", case)), city.run(city.find("notify", case))
    assert (clocks["parked"], debts["parked"]) == ([], [])
    assert all(clock.get("stopped") for clock in clocks["state"]["orders"][order]["clocks"].values())
    assert debts["state"]["by_id"]["d1"]["status"] == "settled"
    assert city.run(city.letters(origins[3], 0)) == []


async def others_go_on(city: City, parked: str) -> None:
    """A case of the same partition is applied behind the parked one."""
    number = partition_of(parked.encode(), 8)
    names = (new_case(f"other-{n}") for n in range(1000))
    other = next(case for case in names if partition_of(case.encode(), 8) == number)
    issued = e.WorkOrderIssued(order="o2", unit=UNIT, role="lead", cycle=1, returns=0, priority="P2", request_type="QZ")
    await city.put(CASES, other, event(other, 1, issued))
    await until(lambda: city.find("sla", other), lambda row: row is not None)


def test_a_record_of_no_case_is_a_letter_of_each_reader(city: City) -> None:
    origin = city.run(city.put(CASES, "no case", BAD))
    letters: Sequence[Letter] = city.run(city.letters(origin, 3))
    assert {letter.reader for letter in letters} == {"notify", "sla", LINKS}
    assert {letter.reason for letter in letters if letter.reader != LINKS} == {"the key is no case id"}
    assert CliRunner().invoke(app, ["discard", origin]).exit_code == 0
    assert city.run(city.letters(origin, 0)) == []


def test_a_command_whose_case_never_comes_is_discarded_with_its_letter(city: City) -> None:
    close = envelope(new_case("never"), c.Close(reason="x"), "close-never")
    city.run(city.put(COMMANDS, new_case("never"), encode(close)))
    row = f"{close.id}#{close.digest}"
    city.run(until(lambda: city.find("dispatch", row, "waiting"), lambda found: found is not None))
    city.run(city.grown_old(row))
    (letter,) = city.run(city.letters(f"waiting/{row}"))
    assert (letter.reader, letter.kind) == ("dispatch", "waiting")
    city.run(until(lambda: city.find("dispatch", row, "waiting"), lambda found: found["alarmed"]))
    done = CliRunner().invoke(app, ["discard", letter.origin])
    assert (done.exit_code, done.output) == (0, f"{letter.origin} discarded\n")
    assert city.run(city.find("dispatch", row, "waiting")) is None
    assert city.run(city.letters(letter.origin, 0)) == []
