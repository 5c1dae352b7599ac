"""What the door says to callers, and what it puts on the bus."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from shared import ids
from shared.events.commands import COMMANDS
from shared.events.contacts import CONTACTS
from shared.events.envelope import Envelope, decode
from shared.privacy import unseal
from tests.unit.intake.world import SETTINGS, World, world

CALLER = "13812341234"
CONTACT = ids.contact_id("service", "call", "c1")
CASE: dict[str, Any] = {"matter": 1, "title": f"停水 {CALLER}", "text": "家里停水两天", "caller": CALLER}


@pytest.fixture
async def intake(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def offered(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"call_id": "c1", "number": number, "type": "offered", **more}


def on(intake: World, topic: str) -> list[Envelope]:
    return [decode(stored.value) for stored in intake.broker.log.all(f"130100.{topic}")]


async def test_call_events_become_facts(intake: World) -> None:
    events = [
        offered(caller=CALLER),
        {"call_id": "c1", "number": 2, "type": "key", "menu": "main", "key": "3"},
        {"call_id": "c1", "number": 3, "type": "answered", "agent": "a1", "wait_s": 4},
        {"call_id": "c1", "number": 4, "type": "ended", "by": "agent", "served": True},
    ]
    answer = await intake.post("/calls/events", events)
    assert answer.status_code == 202
    known = answer.json()["calls"]["c1"]
    assert (known["contact_id"], known["receipt"]) == (CONTACT, ids.receipt_code(CONTACT))
    assert (known["ivr"]["menu"], known["ivr"]["action"]) == ("main", "person")
    facts = {fact.number: fact for fact in map(CONTACTS.data, on(intake, "contacts"))}
    assert facts[2].action == "person"
    assert facts[1].person.masked == "138****1234"
    assert unseal(SETTINGS.seal_key.get_secret_value(), facts[1].person.sealed) == "+8613812341234"


async def test_one_event_needs_no_array_and_hears_the_greeting(intake: World) -> None:
    answer = await intake.post("/calls/events", offered())
    assert answer.json()["accepted"] == 1
    assert answer.json()["calls"]["c1"]["ivr"]["action"] == "menu"


async def test_a_repeat_has_the_same_ids_and_digest(intake: World) -> None:
    first = await intake.post(f"/contacts/{CONTACT}/cases", CASE, "agent")
    intake.clock.forward(seconds=30)
    again = await intake.post(f"/contacts/{CONTACT}/cases", CASE, "agent", traceparent=f"00-{'1' * 32}-{'2' * 16}-01")
    assert first.json() == again.json()
    one, two = on(intake, "commands.normal")
    assert (one.id, one.subject, one.digest) == (two.id, two.subject, two.digest)
    assert one.time < two.time
    assert two.traceparent.split("-")[1] == "1" * 32


async def test_another_content_has_another_digest(intake: World) -> None:
    for change in ({}, {"text": "别的"}, {"caller": ""}, {"answer": "已答复"}):
        await intake.post(f"/contacts/{CONTACT}/cases", {**CASE, **change}, "agent")
    commands = on(intake, "commands.normal")
    assert len({command.digest for command in commands}) == 4
    assert len({command.id for command in commands}) == 1


async def test_nothing_personal_leaves_in_plain_words(intake: World) -> None:
    await intake.post(f"/contacts/{CONTACT}/cases", CASE, "agent")
    await intake.post("/calls/events", offered(caller=CALLER))
    await intake.post("/web/contacts", {"title": CALLER, "text": CALLER, "caller": CALLER}, **{"Idempotency-Key": "k"})
    assert all(CALLER.encode() not in value for value in intake.broker.values())


@pytest.mark.parametrize("change", [{"urgent": True}, {"text": "家里着火"}, {"key": "9"}])
async def test_an_urgent_matter_goes_its_own_lane(intake: World, change: dict[str, Any]) -> None:
    answer = await intake.post(f"/contacts/{CONTACT}/cases", {**CASE, **change}, "agent")
    assert answer.json()["lane"] == "urgent"
    assert answer.json()["case_id"] == on(intake, "commands.urgent")[0].subject


async def test_attach_goes_the_way_of_its_case(intake: World) -> None:
    case = ids.case_id("urgent", CONTACT, 1)
    bodies = [{"case_id": case, "text": "再次来电", "caller": CALLER}] * 2 + [{"case_id": case, "text": "补充"}]
    answers = [await intake.post(f"/contacts/{CONTACT}/attachments", body, "agent") for body in bodies]
    assert [answer.status_code for answer in answers] == [202] * 3
    commands = on(intake, "commands.urgent")
    assert {command.subject for command in commands} == {case}
    assert len({command.id for command in commands}) == 2
    assert COMMANDS.data(commands[0]).reporter.contact_id == CONTACT


async def test_a_web_contact_is_one_request(intake: World) -> None:
    body = {"title": "路灯不亮", "text": "三天了", "caller": "88881234"}
    answers = [await intake.post("/web/contacts", body, **{"Idempotency-Key": "k1"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    types = {event.type for event in on(intake, "contacts")}
    assert types == {"contact.offered.v1", "contact.ended.v1"}
    assert on(intake, "commands.normal")[0].subject == answers[0].json()["case_id"]


async def emptied(intake: World) -> None:
    while intake.acceptor.spools["urgent"].entries:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


OUT: dict[str, Any] = {
    "case_id": ids.case_id("urgent", CONTACT, 1),
    "purpose": "checkpoint",
    "callee": f"高速出口检查站 {CALLER}",
    "number": CALLER,
    "result": "promised",
    "text": "车辆两小时后到达",
    "promise": "查验通行码后放行",
    "promise_due": "2021-01-11T05:00:00+08:00",
}


async def test_a_call_out_is_a_contact_and_a_note_on_its_case(intake: World) -> None:
    answers = [await intake.post("/calls/outbound", OUT, "agent", **{"Idempotency-Key": "o1"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    contact = answers[0].json()["contact_id"]
    placed, ended = (CONTACTS.data(event) for event in on(intake, "contacts")[:2])
    assert (placed.direction, placed.purpose, placed.case_id) == ("out", "checkpoint", OUT["case_id"])
    assert (ended.by, ended.served) == ("agent", True)
    note = on(intake, "commands.urgent")[0]
    assert (note.id, note.subject) == (answers[0].json()["command_id"], OUT["case_id"])
    data = COMMANDS.data(note)
    assert (data.contact_id, data.result, data.promise) == (contact, "promised", OUT["promise"])
    assert data.promise_due.isoformat() == OUT["promise_due"]


async def test_whom_the_centre_calls_stays_sealed(intake: World) -> None:
    await intake.post("/calls/outbound", OUT, "agent", **{"Idempotency-Key": "o1"})
    placed = CONTACTS.data(on(intake, "contacts")[0])
    assert unseal(SETTINGS.seal_key.get_secret_value(), placed.person.sealed) == "+8613812341234"
    assert all(CALLER.encode() not in value for value in intake.broker.values())


async def test_a_call_out_is_taken_whole_or_not_at_all(intake: World) -> None:
    intake.broker.away = True
    answer = await intake.post("/calls/outbound", OUT, "agent", **{"Idempotency-Key": "o1"})
    assert answer.status_code == 202
    assert intake.acceptor.spools["urgent"].entries == 1
    assert intake.broker.values() == []
    intake.broker.away = False
    await asyncio.wait_for(emptied(intake), 5)
    assert len(intake.broker.values()) == 3


@pytest.mark.parametrize(("result", "served"), [("busy", False), ("no_answer", False), ("refused", True)])
async def test_a_call_out_that_nobody_answered_was_not_served(intake: World, result: str, served: bool) -> None:
    await intake.post("/calls/outbound", {**OUT, "result": result}, "agent", **{"Idempotency-Key": "o1"})
    assert CONTACTS.data(on(intake, "contacts")[1]).served is served


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"purpose": "chat"}, "$.purpose"),
        ({"result": "maybe"}, "$.result"),
        ({"callee": ""}, "$.callee"),
        ({"case_id": "N-1"}, "$.case_id"),
        ({"number": "77"}, "no valid telephone number"),
        ({"promise_due": "2021-01-11T05:00:00"}, "$.promise_due"),
        ({"calee": "x"}, "calee"),
    ],
)
async def test_a_call_out_that_is_wrong_gets_a_reason(intake: World, change: dict[str, Any], words: str) -> None:
    answer = await intake.post("/calls/outbound", {**OUT, **change}, "agent", **{"Idempotency-Key": "o1"})
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid")
    assert words in answer.json()["detail"]
    assert intake.broker.values() == []


@pytest.mark.parametrize("shown", ["anonymous", "77", "sip:99@x", "14912341234"])
async def test_a_call_goes_on_whatever_the_network_shows_as_its_number(intake: World, shown: str) -> None:
    answer = await intake.post("/calls/events", [offered(), offered(call_id="c2", caller=shown)])
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    facts = [replace(CONTACTS.data(event), receipt="") for event in on(intake, "contacts")]
    assert len(facts) == 2
    assert shown not in repr(facts)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 422, "truncated"),
        (b"\xff", 422, "malformed"),
        (b"[]", 422, "length >= 1"),
        (offered(0), 422, "$.number"),
        (offered(1.5), 422, "$.number"),  # type: ignore[arg-type]
        (offered(type="other"), 422, "$.type"),
        (offered(callr="1"), 422, "callr"),
        ({**offered(), "type": "answered", "agent": "a", "wait_s": -1}, 422, "$.wait_s"),
        ([offered()] * 1001, 422, "length <= 1000"),
        (b" " * 1_100_000, 413, "1024 KB"),
    ],
)
async def test_bad_bodies_get_a_reason(intake: World, body: object, status: int, words: str) -> None:
    answer = await intake.post("/calls/events", body)
    assert (answer.status_code, answer.json()["reason"]) == (status, "invalid" if status == 422 else "too_large")
    assert words in answer.json()["detail"]
    assert intake.broker.values() == []


@pytest.mark.parametrize(
    ("path", "body", "role", "status"),
    [
        ("/calls/events", offered(), "agent", 403),
        ("/calls/events", offered(), "unit:130100-02-001", 403),
        (f"/contacts/{CONTACT}/cases", CASE, "auditor", 403),
        ("/contacts/nobody/cases", CASE, "agent", 422),
        (f"/contacts/{CONTACT}/cases", {**CASE, "matter": 0}, "agent", 422),
        (f"/contacts/{CONTACT}/cases", {**CASE, "text": "字" * 20_001}, "agent", 422),
        (f"/contacts/{CONTACT}/cases", {**CASE, "text": "😀" * 20_000, "answer": "😀" * 20_000}, "agent", 202),
        (f"/contacts/{CONTACT}/attachments", {"case_id": "N-1"}, "agent", 422),
        ("/web/contacts", {"title": "t", "text": "t"}, "service", 422),
        ("/calls/outbound", OUT, "agent", 422),
        ("/calls/outbound", OUT, "dispatcher", 403),
    ],
)
async def test_who_may_do_what(intake: World, path: str, body: object, role: str, status: int) -> None:
    answer = await intake.post(path, body, role)
    assert answer.status_code == status
    assert status == 202 or set(answer.json()) == {"reason", "detail"}


async def test_without_a_token_nobody_enters(intake: World) -> None:
    answer = await intake.client.post("/calls/events", json=offered())
    assert (answer.status_code, answer.json()["reason"]) == (401, "unauthorized")


async def test_operators_see_the_spool_and_all_the_menu(intake: World) -> None:
    assert (await intake.get("/spool")).json()["normal"] == {"entries": 0, "refused": 0}
    assert (await intake.get("/menu", "agent")).json()["start"] == "main"
    assert (await intake.get(f"/contacts/{CONTACT}")).status_code == 404


async def test_the_description_is_true(intake: World) -> None:
    paths = (await intake.client.get("/openapi.json")).json()["paths"]
    body = paths["/contacts/{contact_id}/cases"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["required"]) == {"title", "text", "matter"}
    assert "$ref" not in str(paths["/calls/events"]["post"]["requestBody"])


async def test_an_answer_in_the_call_keeps_the_landlines_of_offices_and_what_was_said_keeps_none(intake: World) -> None:
    said = "请拨0311-88881234，或138-1234-1234"
    await intake.post(f"/contacts/{CONTACT}/cases", {**CASE, "text": said, "answer": said}, "agent")
    data = COMMANDS.data(on(intake, "commands.normal")[0])
    assert (data.text, data.answer) == ("请拨0311****1234，或138****1234", "请拨0311-88881234，或138****1234")


async def test_who_types_no_number_answers_to_that_of_the_call(intake: World) -> None:
    await intake.post("/calls/events", [offered(caller=CALLER)])
    sealed = CONTACTS.data(on(intake, "contacts")[0]).person.sealed
    body = {"matter": 1, "title": "title", "text": "text", "sealed_caller": sealed}
    digests = set()
    for _ in range(2):
        answer = await intake.post(f"/contacts/{CONTACT}/cases", body, role="agent")
        assert answer.status_code == 202
    for command in on(intake, "commands.normal"):
        person = COMMANDS.data(command).reporter.person
        assert person.masked == "138****1234"
        assert person.sealed != sealed, "sealed anew"
        digests.add(command.digest)
    assert len(digests) == 1, "a repeat is a repeat, however it was sealed"


async def test_a_number_that_somebody_else_sealed_is_refused(intake: World) -> None:
    body = {"matter": 1, "title": "title", "text": "text", "sealed_caller": "k1.bm8="}
    answer = await intake.post(f"/contacts/{CONTACT}/cases", body, role="agent")
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid")


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [("topic", "33", "policy/130100/topics.yaml"), ("topic", "0199", "0109"), ("area", "999", "units.yaml"),
     ("area", "990102", "130102"), ("area", "1301021", "130102")],
)  # fmt: skip
async def test_an_unknown_code_is_refused_and_nothing_is_written(
    intake: World, field: str, value: str, where: str
) -> None:
    body = {**CASE, field: value}
    web = {name: body[name] for name in body if name != "matter"}
    for path, sent in ((f"/contacts/{CONTACT}/cases", body), ("/web/contacts", web)):
        answer = await intake.post(path, sent, **{"Idempotency-Key": "k"})
        assert answer.status_code == 422
        assert all(word in answer.text for word in (field, value, where))
    assert intake.broker.values() == []


@pytest.mark.parametrize(
    "codes", [{"topic": "0106", "area": "130102"}, {"topic": "01", "area": "110105"}, {"area": "130181"}]
)
async def test_known_topics_and_areas_of_other_cities_are_taken(intake: World, codes: dict[str, str]) -> None:
    answer = await intake.post(f"/contacts/{CONTACT}/cases", {**CASE, **codes})
    assert answer.status_code == 202
