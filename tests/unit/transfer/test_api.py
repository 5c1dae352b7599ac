"""Both doors over HTTP: who may do what, and that every no has a reason."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from hotline.keys import public_key
from services.transfer.api import MAX_BODY, partners_router, people_router
from services.transfer.signing import Signer, Verifier
from shared.auth import issue
from shared.service import install_errors
from shared.settings import Settings
from tests.unit.transfer.world import PARTNER, Serving, World, request

SECRET = "s" * 32
THEIRS = base64.b64encode(b"p" * 32).decode()
URL = "http://shijiazhuang"


class Doors:
    """The service's application over fakes, a partner's signer and people's tokens."""

    def __init__(self) -> None:
        self.one = Serving(World())
        self.signer = Signer(PARTNER, THEIRS, self.one.clock)
        app = FastAPI()
        install_errors(app)
        app.include_router(people_router(Settings(jwt_secret=SECRET), self.one.people))  # type: ignore[arg-type]
        verifier = Verifier({PARTNER: public_key(THEIRS)}, self.one.clock, self.one.store)
        app.include_router(partners_router(self.one.reception, verifier))
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL)

    async def signed(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        headers = self.signer.headers(method, URL + path, body)
        answer = await self.client.request(method, path, content=body, headers=headers)
        return answer.status_code, answer.json()

    async def person(self, role: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {issue(SECRET, 'p', role, 1)}"} if role else {}
        answer = await self.client.request(method, path, json=body, headers=headers)
        return answer.status_code, answer.json()


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    made = Doors()
    yield made
    await made.client.aclose()


TAKE = msgspec.json.encode(request())


async def test_a_partner_gets_a_receipt_and_can_ask_for_it(doors: Doors) -> None:
    status, receipt = await doors.signed("POST", "/transfers", TAKE)
    assert (status, receipt["status"]) == (202, "receipted")
    status, standing = await doors.signed("GET", "/transfers/transfer-1")
    assert (status, standing["status"]) == (200, "receipted")
    assert (await doors.signed("GET", "/transfers/other"))[0] == 404


async def test_without_a_signature_nothing_is_taken(doors: Doors) -> None:
    answer = await doors.client.post("/transfers", content=TAKE)
    assert (answer.status_code, answer.json()["reason"]) == (401, "no_signature")
    assert not doors.one.world.table.rows


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"transfer": "1"}', TAKE.replace(b'"130200"', b'"13"'), TAKE.replace(b"+8613812341234", b"nobody")],
)
async def test_what_cannot_be_read_is_told_so(doors: Doors, body: bytes) -> None:
    status, answer = await doors.signed("POST", "/transfers", body)
    assert (status, answer["reason"]) == (422, "invalid")


async def test_too_much_is_refused(doors: Doors) -> None:
    status, answer = await doors.signed("POST", "/transfers", b" " * (MAX_BODY + 1))
    assert (status, answer["reason"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("role", "status"), [("", 401), ("unit:130100-02-001", 403), ("agent", 200), ("operator", 200)]
)
async def test_who_may_read_the_lists(doors: Doors, role: str, status: int) -> None:
    assert (await doors.person(role, "GET", "/transfers?direction=sent"))[0] == status


@pytest.mark.parametrize("query", ["", "direction=both", "direction=sent&state=lost", "direction=sent&limit=0"])
async def test_a_wrong_question_is_told_so(doors: Doors, query: str) -> None:
    status, answer = await doors.person("agent", "GET", f"/transfers?{query}")
    assert (status, answer["reason"]) == (422, "invalid")


async def test_only_a_supervisor_refuses(doors: Doors) -> None:
    await doors.signed("POST", "/transfers", TAKE)
    body = {"reason": "not_local", "text": "非本市"}
    assert (await doors.person("agent", "POST", "/received/transfer-1/refuse", body))[0] == 403
    status, answer = await doors.person("supervisor", "POST", "/received/transfer-1/refuse", body)
    assert (status, answer["outcome"].startswith("/cases/N-")) == (202, True)
    assert (await doors.person("supervisor", "POST", "/received/none/refuse", body))[0] == 404


async def test_a_recall_of_what_was_never_sent_is_told_so(doors: Doors) -> None:
    status, answer = await doors.person("dispatcher", "POST", "/sent/none/cancel", {"reason": "x"})
    assert (status, answer["reason"]) == (404, "no_such_transfer")
