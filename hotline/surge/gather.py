"""The ledger's sources: journals, topics and databases, read into facts."""

from pathlib import Path
from typing import Any

import msgspec
from motor.motor_asyncio import AsyncIOMotorClient
from msgspec import Struct

from hotline.letters import unresolved
from hotline.surge.effects import Message, attribute, obligations
from hotline.surge.facts import DETAILS, CaseEvent, ContactEvent, Facts, FeedRecord
from hotline.surge.journal import read_all
from hotline.surge.topics import drain
from shared.events.deliveries import DELIVERIES
from shared.events.envelope import decode
from shared.events.topics import LANES, Topics
from shared.policy import feed_units
from shared.records import CAUSE, Received, header
from shared.settings import Settings

GATEWAY = "gateway.jsonl"
READERS = ("notify", "sla", "transfer", "reports")


class _Touch(Struct):
    number: int
    by: str = ""
    served: bool = False


class _Step(Struct):
    order: str = ""


class _Sent(Struct):
    id: str
    at: float


_sent = msgspec.json.Decoder(_Sent)
_touch = msgspec.json.Decoder(_Touch)
_step = msgspec.json.Decoder(_Step)
_details = {name: msgspec.json.Decoder(model) for name, model in DETAILS.items()}


class Gatherer:
    """Sorts the records of all topics into facts."""

    def __init__(self, city: str) -> None:
        self.facts = Facts()
        self.letters: list[Received] = []
        self.proofs: dict[str, str] = {}
        self._topics = Topics(city)
        self._cases = {self._topics.cases(lane) for lane in LANES}

    def see(self, record: Received) -> None:
        if record.topic in self._cases:
            self.facts.events.append(_case_event(record))
        elif record.topic == self._topics.contacts:
            self.facts.contacts.append(_contact_event(record))
        elif record.topic == self._topics.dead_letters:
            self.letters.append(record)
        elif record.topic == self._topics.deliveries:
            self._proof(record)
        else:
            self.facts.feeds.append(_feed_record(record))

    def _proof(self, record: Received) -> None:
        delivery = DELIVERIES.data(decode(record.value))
        if delivery.proof:
            self.proofs[delivery.proof] = delivery.obligation


def _case_event(record: Received) -> CaseEvent:
    envelope = decode(record.value)
    decoder = _details.get(envelope.type)
    return CaseEvent(
        case=envelope.subject,
        sequence=envelope.sequence,
        type=envelope.type,
        cause=header(record, CAUSE),
        at=record.timestamp / 1000,
        print=hash(record.value),
        detail=decoder.decode(envelope.data) if decoder else None,
    )


def _contact_event(record: Received) -> ContactEvent:
    envelope = decode(record.value)
    touch = _touch.decode(envelope.data)
    return ContactEvent(envelope.subject, touch.number, touch.by if touch.served else "")


def _feed_record(record: Received) -> FeedRecord:
    envelope = decode(record.value)
    return FeedRecord(
        case=envelope.subject,
        order=_step.decode(envelope.data).order,
        step=envelope.ordersequence,
        at=record.timestamp / 1000,
        print=hash(record.value),
    )


def read_messages(path: Path) -> list[Message]:
    """The gateway's journal: every message it accepted."""
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [Message(sent.id, f"SMS-{sent.id[:13]}", sent.at) for sent in map(_sent.decode, lines)]


async def gather(settings: Settings, journals: Path) -> Facts:
    """Everything the ledger needs, from a platform that is at rest."""
    gatherer = Gatherer(settings.city)
    topics = Topics(settings.city)
    feeds = [topics.feed(unit) for unit in feed_units(settings.policy)]
    named = [topics.contacts, *(topics.cases(lane) for lane in LANES), topics.deliveries]
    named += [topics.dead_letters, *feeds]
    await drain(settings.kafka, named, gatherer.see)
    facts = gatherer.facts
    facts.lines = read_all(journals, GATEWAY)
    facts.effects = attribute(read_messages(journals / GATEWAY), obligations(facts.events), gatherer.proofs)
    facts.dead_letters = [
        f"{letter.origin} of {letter.reader}: {letter.reason}" for letter in unresolved(gatherer.letters)
    ]
    await _read_databases(settings, facts)
    return facts


async def _read_databases(settings: Settings, facts: Facts) -> None:
    client: Any = AsyncIOMotorClient(settings.mongo, serverSelectionTimeoutMS=10_000)
    try:
        dispatch = client[settings.database("dispatch")]
        rows = await dispatch.cases.find({}, {"state": 1}).to_list(None)
        facts.states = {row["_id"]: row["state"] for row in rows}
        waiting = await dispatch.waiting.find({}, {"case_id": 1}).to_list(None)
        facts.waiting = [f"{row['_id']} for case {row.get('case_id', '?')}" for row in waiting]
        facts.parked = [row for name in READERS for row in await _parked(client[settings.database(name)])]
    finally:
        client.close()


async def _parked(database: Any) -> list[str]:
    found = []
    for name in await database.list_collection_names():
        rows = await database[name].find({"parked.0": {"$exists": True}}, {"_id": 1}).to_list(None)
        found += [f"{database.name}.{name}: {row['_id']}" for row in rows]
    return found
