"""Who asked for a person and hung up unserved is called back: listed until he is, whatever order the facts come in."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.intake.domain.missed import CallBacks, counted
from services.intake.handlers import ContactHandler
from shared import ids
from shared.events.commands import COMMANDS
from shared.events.contacts import CONTACTS, CalledBack, Ended, Placed
from shared.events.envelope import decode
from shared.privacy import unseal
from shared.testing import MemoryPublisher
from tests.factories import START
from tests.unit.intake.test_handlers import nobody_hears
from tests.unit.intake.world import SETTINGS, World, world

CALLER, OTHER = "13812341234", "13900001111"
TOPIC = "130100.contacts"
POLICY = CallBacks(short_s=5, tries=3, apart_minutes=60)
CASE = ids.case_id("normal", ids.contact_id("service", "call", "x"), 1)


@pytest.fixture
async def intake(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def contact(call: str) -> str:
    return ids.contact_id("service", "call", call)


async def event(intake: World, call: str, number: int, kind: str, after_s: float = 10, **more: Any) -> None:
    intake.clock.forward(seconds=after_s)
    body = {"type": kind, "call_id": call, "number": number, **more}
    assert (await intake.post("/calls/events", body)).status_code == 202


async def hangs_up(intake: World, call: str = "lost", caller: str = CALLER, key: str = "3") -> str:
    """A caller presses a key and hangs up before anybody answers; returns the contact."""
    await event(intake, call, 1, "offered", caller=caller)
    await event(intake, call, 2, "key", key=key)
    await event(intake, call, 3, "ended", by="caller")
    return contact(call)


async def is_answered(intake: World, call: str, caller: str = CALLER) -> None:
    await event(intake, call, 1, "offered", caller=caller)
    await event(intake, call, 2, "answered", agent="a1")
    await event(intake, call, 3, "ended", by="agent", served=True)


async def calls_back(
    intake: World, lost: str, result: str = "connected", key: str = "", role: str = "agent", **more: Any
) -> httpx.Response:
    body = {"purpose": "missed_call", "contact_id": lost, "callee": "来电人", "result": result, **more}
    headers = {"Idempotency-Key": key or f"{lost} {intake.clock.now()}"}
    return await intake.post("/calls/outbound", body, role, **headers)


async def read(intake: World) -> None:
    """The worker reads the topic from its beginning, once more if it has before."""
    handler = ContactHandler(intake.contacts, MemoryPublisher(), "dead-letters", nobody_hears, intake.missed)
    for stored in intake.broker.log.all(TOPIC):
        await handler.handle([stored])


async def listed(intake: World, role: str = "agent", **query: str) -> list[dict[str, Any]]:
    await read(intake)
    answer = await intake.get(f"/calls/missed?{httpx.QueryParams(query)}", role)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_who_pressed_for_a_person_and_hung_up_is_listed_with_his_number_masked(intake: World) -> None:
    lost = await hangs_up(intake)
    (row,) = await listed(intake)
    assert (row["contact_id"], row["caller"], row["tries"]) == (lost, "138****1234", [])
    assert row["receipt"] == ids.receipt_code(lost)
    assert "sealed" not in str(row)
    assert [one["contact_id"] for one in await listed(intake, "supervisor")] == [lost]


async def test_who_waited_without_a_menu_is_listed_too_and_who_rang_for_a_moment_is_not(intake: World) -> None:
    for call, waited_s in (("queued", 30), ("short", 4)):
        await event(intake, call, 1, "offered", caller=CALLER if call == "queued" else OTHER)
        await event(intake, call, 2, "ended", after_s=waited_s, by="caller")
    assert [row["contact_id"] for row in await listed(intake)] == [contact("queued")]


async def test_who_heard_his_text_was_answered_or_shows_no_number_is_not_listed(intake: World) -> None:
    await event(intake, "ivr", 1, "offered", caller=CALLER)
    await event(intake, "ivr", 2, "key", key="1")
    await event(intake, "ivr", 3, "ended", by="ivr", served=True)
    await is_answered(intake, "talked", OTHER)
    await hangs_up(intake, "anonymous", caller="")
    assert await listed(intake) == []


@pytest.mark.parametrize("again", ["answered", "web", "menu"])
async def test_who_came_again_and_was_served_needs_no_call(intake: World, again: str) -> None:
    await hangs_up(intake)
    await hangs_up(intake, "other", OTHER)
    intake.clock.forward(seconds=60)
    if again == "answered":
        await is_answered(intake, "again")
    elif again == "web":
        body = {"title": "t", "text": "t", "caller": CALLER}
        await intake.post("/web/contacts", body, **{"Idempotency-Key": "w"})
    else:
        await event(intake, "again", 1, "offered", caller=CALLER)
        await event(intake, "again", 2, "ended", by="ivr", served=True)
    assert [row["contact_id"] for row in await listed(intake)] == [contact("other")]


async def test_an_earlier_call_that_was_served_makes_up_for_nothing(intake: World) -> None:
    await is_answered(intake, "before")
    assert [row["contact_id"] for row in [*await listed(intake)]] == []
    await hangs_up(intake)
    assert [row["contact_id"] for row in await listed(intake)] == [contact("lost")]


async def test_who_is_lost_again_and_again_is_called_back_once(intake: World) -> None:
    for call in ("first", "second", "third"):
        await hangs_up(intake, call)
    assert [row["contact_id"] for row in await listed(intake)] == [contact("third")]
    await calls_back(intake, contact("third"))
    assert await listed(intake) == []


@pytest.mark.parametrize("result", ["connected", "promised", "refused"])
async def test_a_caller_who_is_reached_is_called_back(intake: World, result: str) -> None:
    lost = await hangs_up(intake)
    await read(intake)
    assert (await calls_back(intake, lost, result)).status_code == 202
    assert await listed(intake) == []
    assert (await intake.get(f"/contacts/{lost}")).json()["missed"] == "reached"
    assert (await intake.get(f"/calls/missed/{lost}", "supervisor")).json()["state"] == "reached"


async def test_a_call_back_is_a_contact_and_a_try_on_the_lost_call_and_no_note(intake: World) -> None:
    lost = await hangs_up(intake)
    await read(intake)
    known = len(intake.broker.log.all(TOPIC))
    said = f"儿子接的，{OTHER}"
    answers = [await calls_back(intake, lost, "no_answer", key="k", text=said) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert set(answers[0].json()) == {"contact_id"}
    call = answers[0].json()["contact_id"]
    events = [decode(stored.value) for stored in intake.broker.log.all(TOPIC)]
    assert len({one.id for one in events}) == known + 3, "the repeat is the same three facts"
    facts = {type(data): (one.subject, data) for one in events for data in [CONTACTS.data(one)]}
    about, placed = facts[Placed]
    assert (about, placed.purpose, placed.case_id) == (call, "missed_call", "")
    assert unseal(SETTINGS.seal_key.get_secret_value(), placed.person.sealed) == f"+86{CALLER}"
    assert facts[CalledBack][0] == lost
    assert (facts[CalledBack][1].contact_id, facts[CalledBack][1].result) == (call, "no_answer")
    (row,) = await listed(intake)
    assert [(one["by"], one["result"], one["text"]) for one in row["tries"]] == [
        ("agent:agent", "no_answer", "儿子接的，139****1111")
    ]
    assert (await intake.get(f"/calls/missed/{lost}", "agent")).json() == row


async def test_a_call_back_about_a_case_is_a_note_on_it_too(intake: World) -> None:
    lost = await hangs_up(intake)
    await read(intake)
    answer = await calls_back(intake, lost, case_id=CASE, text="回拨")
    assert answer.status_code == 202
    (note,) = [decode(stored.value) for stored in intake.broker.log.all("130100.commands.normal")]
    assert (note.id, COMMANDS.data(note).purpose) == (answer.json()["command_id"], "missed_call")
    assert await listed(intake) == []


async def test_after_three_tries_at_different_hours_he_falls_from_the_list(intake: World) -> None:
    lost = await hangs_up(intake)
    await read(intake)
    for minutes in (0, 10, 50):
        intake.clock.forward(minutes=minutes)
        await calls_back(intake, lost, "no_answer")
    (row,) = await listed(intake)
    assert len(row["tries"]) == 3, "two tries within the hour of another count for nothing"
    await calls_back(intake, lost, "busy")
    intake.clock.forward(minutes=61)
    (row,) = await listed(intake)
    assert row["again_from"] is not None
    await calls_back(intake, lost, "no_answer")
    assert await listed(intake) == []
    assert (await intake.get(f"/contacts/{lost}")).json()["missed"] == "unreachable"


async def test_who_is_not_reached_and_then_lost_again_gets_three_tries_more(intake: World) -> None:
    lost = await hangs_up(intake)
    await read(intake)
    for _ in range(3):
        await calls_back(intake, lost, "no_answer")
        intake.clock.forward(hours=2)
    assert await listed(intake) == []
    again = await hangs_up(intake, "again")
    assert [(row["contact_id"], row["tries"]) for row in await listed(intake)] == [(again, [])]


def test_as_many_tries_count_as_there_can_be_so_far_apart() -> None:
    times = [START + timedelta(minutes=at) for at in (130, 0, 59, 61, 90)]
    assert counted(times, POLICY) == [START + timedelta(minutes=at) for at in (0, 61, 130)]


async def test_the_list_is_the_same_in_whatever_order_facts_are_read_and_however_often(intake: World) -> None:
    await hangs_up(intake, "a")
    await is_answered(intake, "b")
    kept = await hangs_up(intake, "c")
    reached = await hangs_up(intake, "d", OTHER)
    await read(intake)
    await calls_back(intake, reached)
    await calls_back(intake, kept, "busy")
    whole = [stored for stored in intake.broker.log.all(TOPIC) for _ in range(2)]
    for seed in range(60):
        intake.contacts.rows.clear()
        handler = ContactHandler(intake.contacts, MemoryPublisher(), "dead-letters", nobody_hears, intake.missed)
        drawn = random.Random(seed).sample(whole, len(whole))
        size = seed % 7 + 1
        for start in range(0, len(drawn), size):
            await handler.handle(drawn[start : start + size])
        answer = await intake.get("/calls/missed", "agent")
        assert [row["contact_id"] for row in answer.json()["items"]] == [kept], seed


async def test_the_list_comes_in_pages_who_waits_longest_first(intake: World) -> None:
    calls = [await hangs_up(intake, f"c{n}", f"1381234000{n}") for n in range(5)]
    await read(intake)
    found, after = [], ""
    while True:
        query = httpx.QueryParams({"limit": "2", "after": after})
        page = (await intake.get(f"/calls/missed?{query}", "supervisor")).json()
        found += [row["contact_id"] for row in page["items"]]
        after = page["next"]
        if not after:
            break
    assert found == calls


@pytest.mark.parametrize(
    ("query", "role", "status"),
    [
        ("", "dispatcher", 403),
        ("", "unit:130100-02-001", 403),
        ("", "service", 403),
        ("limit=0", "agent", 422),
        ("limit=1001", "agent", 422),
        ("after=yesterday", "agent", 422),
        ("after=2021-01-13T04:00:00|x", "agent", 422),
    ],
)
async def test_the_list_is_for_those_who_call_out(intake: World, query: str, role: str, status: int) -> None:
    answer = await intake.get(f"/calls/missed?{query}", role)
    assert (answer.status_code, set(answer.json())) == (status, {"reason", "detail"})


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"contact_id": contact("nobody")}, 404, "was lost"),
        ({"contact_id": contact("talked")}, 404, "was lost"),
        ({"contact_id": "nobody"}, 422, "UUID"),
        ({"purpose": "verify"}, 422, "$.contact_id"),
        ({"promise": "明天上门"}, 422, "$.promise"),
        ({"case_id": "N-1"}, 422, "$.case_id"),
    ],
)
async def test_a_call_back_that_is_wrong_gets_a_reason(
    intake: World, change: dict[str, Any], status: int, words: str
) -> None:
    lost = await hangs_up(intake)
    await is_answered(intake, "talked", OTHER)
    await read(intake)
    known = len(intake.broker.values())
    answer = await calls_back(intake, **{"lost": lost, **change})
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert len(intake.broker.values()) == known


async def test_without_a_lost_call_a_call_out_needs_its_case(intake: World) -> None:
    body = {"purpose": "missed_call", "callee": "c", "result": "connected", "number": CALLER}
    answer = await intake.post("/calls/outbound", body, "agent", **{"Idempotency-Key": "k"})
    assert (answer.status_code, "$.case_id" in answer.json()["detail"]) == (422, True)


async def test_its_number_is_opened_for_those_who_call_out_and_for_nobody_else(intake: World) -> None:
    lost = await hangs_up(intake)
    await read(intake)
    sealed = intake.contacts.rows[lost]["offered"]["person"]["sealed"]
    body = {"contact_id": lost, "sealed": sealed, "why": "漏话回拨"}
    answer = await intake.post("/numbers/reveal", body, "agent")
    assert answer.json() == {"number": f"+86{CALLER}"}
    for role in ("dispatcher", "unit:130100-02-001"):
        assert (await intake.post("/numbers/reveal", body, role)).status_code == 403
    nothing = await intake.post("/numbers/reveal", {"sealed": sealed, "why": "w"}, "agent")
    assert nothing.status_code == 422


async def test_a_call_that_was_answered_after_all_was_not_lost(intake: World) -> None:
    lost = await hangs_up(intake)
    assert len(await listed(intake)) == 1
    await event(intake, "lost", 4, "answered", agent="a1")
    assert await listed(intake) == []
    assert (await intake.get(f"/contacts/{lost}")).json()["missed"] is None


async def test_ended_is_what_nobody_was_served_by(intake: World) -> None:
    """A caller who heard a text and then asked for a person was lost all the same."""
    await event(intake, "heard", 1, "offered", caller=CALLER)
    await event(intake, "heard", 2, "key", menu="main", key="1")
    await event(intake, "heard", 3, "key", menu="policy", key="0")
    await event(intake, "heard", 4, "ended", by="caller", served=True)
    assert [row["contact_id"] for row in await listed(intake)] == [contact("heard")]
    assert any(isinstance(CONTACTS.data(decode(one.value)), Ended) for one in intake.broker.log.all(TOPIC))
