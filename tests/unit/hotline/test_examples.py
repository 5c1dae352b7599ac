"""What the contract shows to a department is what this platform reads."""

import base64
import json
import re
import uuid
from pathlib import Path

import msgspec
import yaml

from hotline.contracts.asyncapi import asyncapi
from hotline.contracts.channels import ANSWERS
from hotline.contracts.examples import UNIT, examples
from hotline.keys import public_key
from services.dispatch.bridge import UNIT_VERBS, Bridge
from services.transfer.domain.messages import TransferRequest
from services.transfer.signing import Message, Verifier
from services.transfer.store import MemoryStore
from shared.events.commands import verb_of
from shared.events.envelope import decode
from shared.events.feeds import FEEDS, OrderMatter
from shared.events.topics import Topics
from shared.policy import feed_units
from shared.records import Record
from shared.settings import Settings
from shared.testing import FakeClock, MemoryLog, MemoryPublisher, MemoryTable

TOPICS = Topics("130100")
PAGE = Path("docs/transfer.md").read_text(encoding="utf-8")
KEY = base64.b64encode(b"a" * 32).decode()


def test_the_unit_of_the_examples_has_a_feed() -> None:
    assert UNIT in feed_units(Settings().policy)


def test_the_feed_shows_an_order_as_dispatch_writes_it() -> None:
    (shown,) = examples("feed", "work_order.issued.v1")
    envelope = decode(json.dumps(shown["payload"]).encode())
    assert isinstance(FEEDS.data(envelope), OrderMatter)
    assert envelope.ordersequence == 1


async def test_the_bridge_takes_every_answer_that_is_shown() -> None:
    log, publisher = MemoryLog(), MemoryPublisher()
    for kind in ("case.sign.v1", "case.answer.v1"):
        (shown,) = examples("answers", kind)
        body = shown["payload"]
        assert not {"digest", "actor", "sequence"} & set(body)
        log.produce(Record(TOPICS.answers(UNIT), body["subject"].encode(), json.dumps(body).encode()))
    await Bridge(publisher, FakeClock(), TOPICS, [UNIT]).handle(log.all(TOPICS.answers(UNIT)))
    assert [record.topic for record in publisher.published] == [TOPICS.commands("normal")] * 2


async def test_a_department_finds_what_its_answer_led_to_as_the_contract_says() -> None:
    says = asyncapi()["channels"]["feed"]["description"]
    (namespace,) = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", says)
    (shown,) = examples("answers", "case.sign.v1")
    body = shown["payload"]
    log, publisher = MemoryLog(), MemoryPublisher()
    log.produce(Record(TOPICS.answers(UNIT), body["subject"].encode(), json.dumps(body).encode()))
    await Bridge(publisher, FakeClock(), TOPICS, [UNIT]).handle(log.all(TOPICS.answers(UNIT)))
    expected = uuid.uuid5(uuid.UUID(namespace), "\x1f".join(("client", f"unit:{UNIT}", body["id"])))
    assert [decode(record.value).id for record in publisher.published] == [str(expected)]


def test_the_answers_channel_lists_what_the_bridge_lets_through() -> None:
    assert {verb_of(kind) for kind in ANSWERS.models} == UNIT_VERBS
    assert set(asyncapi()["channels"]["answers"]["messages"]) == set(ANSWERS.models)


def test_examples_are_plain_yaml() -> None:
    messages = asyncapi()["components"]["messages"]
    shown = [message["examples"] for message in messages.values() if "examples" in message]
    assert len(shown) == 3
    assert yaml.safe_load(yaml.safe_dump(shown)) == shown


async def test_the_signed_request_of_the_protocol_s_page_holds() -> None:
    head, body = PAGE.split("```\nPOST /transfers HTTP/1.1\n")[1].split("\n```")[0].split("\n\n")
    lines = [line.split(": ", 1) for line in head.splitlines()]
    headers = {name.lower(): value for name, value in lines}
    msgspec.json.decode(body, type=TransferRequest)
    gate = Verifier({"130200": public_key(KEY)}, FakeClock(), MemoryStore(MemoryTable()))
    message = Message("POST", f"https://{headers['host']}/transfers", headers)
    assert (await gate.sender(message, body.encode()), headers["content-length"]) == ("130200", str(len(body.encode())))
