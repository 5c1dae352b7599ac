"""The door for persons: lists are masked, only what stays open can be settled, once."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from services.notify.api import obligations_router
from services.notify.desk import Desk
from shared.auth import issue
from shared.events.commands import COMMANDS
from shared.events.envelope import decode
from shared.service import install_errors
from shared.settings import Settings
from tests.unit.notify.world import COMMANDS_TOPIC, NUMBER, Paying, World, case_of, owed, unreachable

SECRET = "a secret of at least thirty-two characters"
CASE = case_of("a")
BODY = {"how": "person", "proof": "call 17"}


def token(role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue(SECRET, 'somebody', role, 1)}"}


@pytest.fixture
async def one() -> AsyncIterator[Paying]:
    """A case whose first reply is unreachable and whose second one is not yet sent."""
    made = await unreachable(CASE)
    made.owns = set()
    await made.read(owed(CASE, "o2", 4))
    yield made
    made.process.crash()


@pytest.fixture
async def door(one: Paying) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    install_errors(app)
    desk = Desk(one.store, one.publisher, one.outbox, one.clock)
    app.include_router(obligations_router(Settings(jwt_secret=SecretStr(SECRET)), desk))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify", headers=token("supervisor")) as client:
        yield client


def settle_path(obligation: str, case: str = CASE) -> str:
    return f"/obligations/{case}/{obligation}/settle"


def sent(world: World) -> list[tuple[str, Any, str]]:
    envelopes = [decode(stored.value) for stored in world.log.all(COMMANDS_TOPIC)]
    return [(envelope.id, COMMANDS.data(envelope), envelope.actor) for envelope in envelopes]


async def test_what_waits_for_a_person_is_listed_masked(door: httpx.AsyncClient) -> None:
    answer = await door.get("/obligations?state=unreachable")
    (item,) = answer.json()["items"]
    assert (item["case"], item["obligation"], item["reporter"]) == (CASE, "o1", "138****1234")
    assert NUMBER not in answer.text
    assert "k1." not in answer.text
    assert (await door.get("/obligations?state=unknown")).json() == {"items": [], "next": None}


async def test_pages_follow_the_case(door: httpx.AsyncClient) -> None:
    first = (await door.get("/obligations?state=unreachable&limit=1")).json()
    assert first["next"] == CASE
    assert (await door.get(f"/obligations?state=unreachable&after={CASE}")).json()["items"] == []


async def test_all_replies_of_a_case(door: httpx.AsyncClient) -> None:
    items = (await door.get(f"/obligations/{CASE}")).json()["items"]
    assert [(item["obligation"], item["state"]) for item in items] == [("o1", "unreachable"), ("o2", "owed")]


async def test_a_person_settles_once_and_a_repeat_is_the_same_command(one: Paying, door: httpx.AsyncClient) -> None:
    for _ in range(2):
        answer = await door.post(settle_path("o1"), json=BODY, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 202
    assert (await door.post(settle_path("o1"), json=BODY, headers={"Idempotency-Key": "k2"})).status_code == 409
    commands = sent(one.world)
    assert len({identity for identity, _, _ in commands}) == 1
    assert (commands[0][1].how, commands[0][1].proof, commands[0][2]) == ("person", "call 17", "supervisor:somebody")
    assert one.world.debt(CASE, "o1").status == "settled_sent"


async def test_nothing_is_sent_after_a_person_has_settled(one: Paying, door: httpx.AsyncClient) -> None:
    await door.post(settle_path("o1"), json=BODY)
    one.gateway.mood, one.owns = "ok", set(range(one.world.log.partitions))
    await one.after(1000)
    told = {effect.message for effect in one.world.gateway.accepted}
    assert len(told) == 1
    assert one.world.debt(CASE, "o2").how == "sms"


async def test_one_key_for_two_replies_is_two_commands(one: Paying, door: httpx.AsyncClient) -> None:
    one.owns, one.gateway.mood = set(range(one.world.log.partitions)), "fail"
    for _ in range(6):
        await one.after(60)
    for obligation in ("o1", "o2"):
        answer = await door.post(settle_path(obligation), json=BODY, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 202
    assert [(data.obligation, actor) for _, data, actor in sent(one.world)] == [
        ("o1", "supervisor:somebody"),
        ("o2", "supervisor:somebody"),
    ]
    assert len({identity for identity, _, _ in sent(one.world)}) == 2


async def test_a_number_in_the_proof_is_written_down_masked(one: Paying, door: httpx.AsyncClient) -> None:
    proof = "回拨 138-1234-1234，录音 " + CASE
    assert (await door.post(settle_path("o1"), json={**BODY, "proof": proof})).status_code == 202
    ((_, data, _),) = sent(one.world)
    assert data.proof == one.world.debt(CASE, "o1").proof == "回拨 138****1234，录音 " + CASE
    assert (await door.post(settle_path("o1"), json={**BODY, "proof": proof})).status_code == 202


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        (settle_path("o2"), BODY, 409, "under_way"),
        (settle_path("o9"), BODY, 404, "no_such_obligation"),
        (settle_path("o1", case_of("z")), BODY, 404, "no_such_case"),
        (settle_path("o1", "nonsense"), BODY, 404, "no_such_case"),
        (settle_path("o1"), {"how": "sms", "proof": "p"}, 422, "invalid"),
        (settle_path("o1"), {"how": "person"}, 422, "invalid"),
        (settle_path("o1"), {"how": "person", "proof": ""}, 422, "invalid"),
    ],
)
async def test_what_cannot_be_settled_is_refused_with_a_reason(
    door: httpx.AsyncClient, path: str, body: dict[str, str], status: int, reason: str
) -> None:
    answer = await door.post(path, json=body)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


async def test_rights(door: httpx.AsyncClient) -> None:
    path = settle_path("o1")
    assert (await door.post(path, json=BODY, headers=token("auditor"))).status_code == 403
    assert (await door.get("/obligations?state=unknown", headers=token("unit:130100-02-001"))).status_code == 403
    assert (await door.get("/obligations?state=unknown", headers={"Authorization": ""})).status_code == 401
    assert (await door.get("/obligations?state=paid")).json()["reason"] == "invalid"
