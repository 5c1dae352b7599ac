"""A contact's document, put together from events in any order; what is malformed becomes a dead letter."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import msgspec
import pytest

from services.intake.domain.agents import Heard
from services.intake.handlers import ContactHandler
from services.intake.missed import MissedCalls
from services.intake.missed_store import MemoryMissed
from services.intake.policy import load_outbound
from services.intake.store import MemoryContacts
from shared.deadletters import ORIGIN, READER
from shared.events.contacts import CONTACTS, Answered, Ended, KeyPressed, Offered, SealedPerson
from shared.events.envelope import Envelope, raw
from shared.ids import derive
from shared.records import Record, record_of
from shared.testing import MemoryLog, MemoryPublisher, Stored
from tests.factories import START
from tests.unit.intake.world import POLICY

CONTACT = derive("contact", "1")
PERSON = SealedPerson(caller_ref="r", masked="138****1234", sealed="k1.x")
FACTS = (
    Offered(number=1, channel="call", person=PERSON, receipt="ABCD1234"),
    KeyPressed(number=2, menu="main", key="3", action="person"),
    Answered(number=3, agent="a1", wait_s=2.5),
    Ended(number=4, by="agent", served=True),
)


def event(fact: msgspec.Struct, later_s: int = 0, subject: str = CONTACT) -> Record:
    envelope = Envelope(
        id=derive("e", msgspec.json.encode(fact).decode()),
        type=CONTACTS.type_of(fact),
        source="/test",
        subject=subject,
        time=START + timedelta(seconds=later_s),
        data=raw(fact),
    )
    return record_of("contacts", envelope, CONTACT)


def read(*records: Record) -> list[Stored]:
    log = MemoryLog(1)
    for record in records:
        log.produce(record)
    return log.all("contacts")


def handler() -> tuple[ContactHandler, MemoryContacts, MemoryPublisher]:
    contacts, publisher = MemoryContacts(), MemoryPublisher()
    return ContactHandler(contacts, publisher, "dead-letters", nobody_hears, missed_of(contacts)), contacts, publisher


def missed_of(contacts: MemoryContacts) -> MissedCalls:
    return MissedCalls(MemoryMissed(contacts), load_outbound(POLICY).call_back)


async def nobody_hears(_: Sequence[Heard]) -> None:
    return


async def test_any_order_gives_the_same_contact() -> None:
    ends = []
    for order in permutations(FACTS):
        handle, contacts, _ = handler()
        for fact in order:
            await handle.handle(read(event(fact)))
        ends.append(await contacts.get(CONTACT))
    assert all(end == ends[0] for end in ends)
    assert ends[0] is not None
    assert ends[0]["caller"] == "138****1234"
    assert (ends[0]["answered"]["agent"], ends[0]["ended"]["served"]) == ("a1", True)
    assert [known["number"] for known in ends[0]["events"]] == [1, 2, 3, 4]
    assert "sealed" not in str(ends[0])


async def test_of_repeats_the_first_stays() -> None:
    handle, contacts, _ = handler()
    await handle.handle(read(event(FACTS[0], 9), event(FACTS[0], 0), event(FACTS[0], 5)))
    await handle.handle(read(event(FACTS[0], 7)))
    assert contacts.rows[CONTACT]["offered"]["time"] == START


@pytest.mark.parametrize(
    "bad",
    [
        Record("contacts", CONTACT.encode(), b"{"),
        Record("contacts", CONTACT.encode(), b""),
        event(FACTS[0], subject="another"),
        event(Ended(number=0, by="ivr", served=True)),
    ],
)
async def test_what_is_malformed_goes_to_the_dead_letters(bad: Record) -> None:
    handle, contacts, publisher = handler()
    await handle.handle(read(event(FACTS[0]), bad, event(FACTS[3])))
    (letter,) = publisher.published
    assert letter.topic == "dead-letters"
    assert dict(letter.headers)[READER] == b"intake"
    assert dict(letter.headers)[ORIGIN] == b"contacts/0/1"
    assert set(contacts.rows[CONTACT]["events"]) == {"1", "4"}
