"""The operator's routes for what a reader has parked."""

import base64
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from shared.auth import issue
from shared.documents import Document
from shared.parked import parked_router, unpark_all
from shared.service import install_errors
from shared.settings import Settings
from tests.malformed import BODIES, refused
from tests.unit.shared.test_reader import CASE, Bench, closed, garbage, value

SECRET = "a secret of at least thirty-two characters"


class Found:
    """The answer to a query, as the driver's cursor gives it."""

    def __init__(self, rows: Sequence[Document]) -> None:
        self._rows = rows

    def limit(self, count: int) -> "Found":
        return Found(self._rows[:count])

    async def to_list(self, length: int | None) -> list[Document]:
        return list(self._rows)


class Collection:
    """The one query that the routes make, over a memory table."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def find(self, query: Document, projection: Document) -> Found:
        assert query == {"parked.0.origin": {"$gt": ""}}
        return Found([row for row in self._bench.table.rows.values() if row["parked"]])


class Door:
    """The routes over a reader that has parked two events, the first of them garbage."""

    def __init__(self) -> None:
        self.bench = Bench()
        app = FastAPI()
        install_errors(app)
        settings = Settings(jwt_secret=SecretStr(SECRET))
        app.include_router(parked_router(settings, self.bench.reader, Collection(self.bench)))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://reader", headers=token("operator"))
        self.origins: list[str] = []

    async def redrive(self, **body: Any) -> httpx.Response:
        return await self.client.post(f"/parked/{CASE}/redrive", json=body)


def token(role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue(SECRET, 'somebody', role, 1)}"}


def mended(sequence: int, reason: str) -> str:
    return base64.b64encode(value(sequence, reason)).decode()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    made.origins = await made.bench.read(garbage(), closed(2, "b"))
    yield made
    await made.client.aclose()


async def test_what_is_parked_is_listed_and_mended(door: Door) -> None:
    assert (await door.client.get("/parked")).json() == {"items": [{"case": CASE, "origins": door.origins}]}
    answer = await door.redrive(replace={door.origins[0]: mended(1, "a")})
    assert (answer.status_code, answer.json()) == (200, {"left": 0})
    assert door.bench.reasons() == ["a", "b"]
    assert (await door.client.get("/parked")).json() == {"items": []}


async def test_what_is_still_unreadable_says_so_and_nothing_is_lost(door: Door) -> None:
    for body in ({}, {"replace": {door.origins[0]: base64.b64encode(b"{").decode()}}):
        answer = await door.redrive(**body)
        assert (answer.status_code, answer.json()["reason"]) == (409, "still_unreadable")
    assert len(door.bench.table.rows[CASE]["parked"]) == 2


async def test_what_is_behind_a_mended_event_is_told_as_left(door: Door) -> None:
    await door.bench.read(garbage()._replace(value=b"["))
    answer = await door.redrive(replace={door.origins[0]: mended(1, "a")})
    assert (answer.status_code, answer.json()) == (200, {"left": 1})
    assert door.bench.reasons() == ["a", "b"]


async def test_each_start_folds_what_is_parked(door: Door) -> None:
    door.bench.table.rows[CASE]["parked"][0]["value"] = value(1, "a")
    await unpark_all(door.bench.reader, Collection(door.bench))
    assert door.bench.reasons() == ["a", "b"]


async def test_only_an_operator(door: Door) -> None:
    assert (await door.client.get("/parked", headers=token("supervisor"))).status_code == 403
    answer = await door.client.post(f"/parked/{CASE}/redrive", json={}, headers=token("agent"))
    assert answer.status_code == 403


@pytest.mark.parametrize("what", sorted(BODIES.keys() - {"an empty object", "wrong types", "too large"}))
async def test_malformed_bodies_are_refused(door: Door, what: str) -> None:
    refused(await door.client.post(f"/parked/{CASE}/redrive", content=BODIES[what]), what)
    assert len(door.bench.table.rows[CASE]["parked"]) == 2


async def test_what_is_no_base64_is_refused(door: Door) -> None:
    refused(await door.redrive(replace={door.origins[0]: "ü"}), "not base64")
