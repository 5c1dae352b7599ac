"""Malformed commands at dispatch's door: a reason for the caller, and nothing in the log."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from services.dispatch.api import CasesApi
from services.dispatch.desk import RIGHTS, Desk
from services.dispatch.store import MemoryState, MemoryStore
from shared.auth import issue
from shared.codes import Codes
from shared.events.envelope import MAX_BYTES
from shared.events.topics import Topics
from shared.follow import Outcomes
from shared.plain import Shortcut
from shared.service import install_errors
from shared.settings import Settings
from shared.testing import FakeClock, MemoryPublisher
from tests.factories import LEAD, LOWER, RULES, case_of
from tests.malformed import BODIES, refused

SECRET = "a secret of at least thirty-two characters"


class Door:
    """dispatch's API over a store that knows one case."""

    def __init__(self) -> None:
        state = MemoryState()
        state.cases.rows[case_of()] = {"_id": case_of(), "rev": 1}
        store: Any = MemoryStore(state)
        self.out = MemoryPublisher()
        desk = Desk(store, self.out, Outcomes(), FakeClock(), Topics("130100"), Codes(Settings().policy))
        app = FastAPI()
        install_errors(app)
        cases = CasesApi(Settings(jwt_secret=SecretStr(SECRET)), store, desk, RULES)
        app.include_router(cases.router())
        app.add_middleware(Shortcut, busy=cases.busy())
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://dispatch")

    async def post(self, verb: str, content: bytes, role: str, key: str = "k", case: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {issue(SECRET, 'somebody', role, 1)}", "Idempotency-Key": key}
        path = f"/cases/{case or case_of()}/commands/{verb}"
        return await self.client.post(path, content=content, headers=headers)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    yield made
    await made.client.aclose()


def role_for(verb: str) -> str:
    role = min(RIGHTS[verb])
    return f"unit:{LEAD}" if role == "unit" else role


@pytest.mark.parametrize("verb", RIGHTS)
async def test_malformed_commands_are_refused(door: Door, verb: str) -> None:
    for what, content in BODIES.items():
        refused(await door.post(verb, content, role_for(verb)), f"{verb}: {what}")
    assert door.out.published == []


@pytest.mark.parametrize(
    ("verb", "key", "case", "role", "status"),
    [
        ("close", "", "", "agent", 422),
        ("close", "k" * 201, "", "agent", 422),
        ("close", "k", case_of("other"), "agent", 404),
        ("close", "k", "17", "agent", 404),
        ("close", "k", "", f"unit:{LEAD}", 403),
        ("breach", "k", "", "service", 404),
        ("dream", "k", "", "agent", 404),
    ],
)
async def test_a_good_body_in_the_wrong_place(
    door: Door, verb: str, key: str, case: str, role: str, status: int
) -> None:
    answer = await door.post(verb, b'{"reason": "done"}', role, key, case)
    refused(answer, verb)
    assert answer.status_code == status
    assert door.out.published == []


@pytest.mark.parametrize(
    ("verb", "role", "body", "words"),
    [
        ("regrade", "supervisor", {"reason": "x", "topic": "33"}, ("topic", "33", "policy/130100/topics.yaml")),
        ("supplement", "agent", {"area": "999"}, ("area", "999", "units.yaml")),
        (
            "split",
            "",
            {"contact_id": "c", "title": "x", "text": "x", "reason": "x", "area": "990102"},
            ("area", "130102"),
        ),
    ],
)
async def test_an_unknown_code_is_refused_before_the_log(
    door: Door, verb: str, role: str, body: dict[str, str], words: tuple[str, ...]
) -> None:
    answer = await door.post(verb, json.dumps(body).encode(), role or role_for(verb))
    refused(answer, verb)
    assert answer.status_code == 422
    assert all(word in answer.text for word in words)
    assert door.out.published == []


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("sign", {"order": "o", "due": "2030-01-01T00:00:00"}),
        ("supervise", {"reason": "r", "due": "2021-01-15T12:00:00"}),
        ("park", {"reason": "r", "review_at": "2021-02-15T12:00:00"}),
        ("ask_extension", {"order": "o", "reason": "r", "until": "2021-02-15T12:00:00"}),
        ("delegate", {"order": "o", "unit": LOWER, "due": "2021-01-15T12:00:00"}),
        ("note", {"text": "t", "promise_due": "2021-01-15T12:00:00"}),
    ],
)
async def test_a_moment_without_a_zone_is_refused_before_the_log(door: Door, verb: str, body: dict[str, str]) -> None:
    refused(await door.post(verb, json.dumps(body).encode(), role_for(verb)), verb)
    assert door.out.published == []


@pytest.mark.parametrize("spare", [0, 100, 400])
async def test_what_makes_a_record_that_is_too_large_is_refused_before_the_log(door: Door, spare: int) -> None:
    """The body is not: the record says more than it."""
    start = b'{"order": "o", "public_answer": "x", "internal": "'
    content = start + b"x" * (MAX_BYTES - spare - len(start) - 2) + b'"}'
    answer = await door.post("answer", content, role_for("answer"))
    refused(answer, "answer")
    assert (answer.status_code, door.out.published) == (413, [])


async def test_a_field_that_a_command_does_not_have_is_not_judged(door: Door) -> None:
    answer = await door.post("close", b'{"reason": "done", "topic": "33"}', "agent")
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("query", "state"),
    [
        ("state=FOO", "PENDING_DISPATCH"),
        (f"unit={LEAD}&state=PENDING_DISPATCH", "WAIT_SIGN"),
        ("order_state=PENDING_DISPATCH", "WAIT_SIGN"),
    ],
)
async def test_an_unknown_state_is_refused_with_those_there_are(door: Door, query: str, state: str) -> None:
    headers = {"Authorization": f"Bearer {issue(SECRET, 'somebody', 'supervisor', 1)}"}
    answer = await door.client.get(f"/cases?{query}", headers=headers)
    assert answer.status_code == 422
    assert state in answer.text


async def test_who_may_not_is_told_that_before_his_code_is_looked_at(door: Door) -> None:
    answer = await door.post("regrade", json.dumps({"topic": "33", "reason": "r"}).encode(), "agent")
    assert (answer.status_code, answer.json()["reason"]) == (403, "forbidden")
