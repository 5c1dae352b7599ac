"""On a real mongod: no question of a door reads a whole collection or sorts documents in memory, whatever their number.

MongoDB's own profiler says what each query did, so it is the stores' real queries that are judged, not copies of them.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from pydantic import SecretStr

from bench.doors import PAGE, Doors, Question
from bench.seed import Maker, Writer, prepare
from shared.clock import CHINA
from shared.settings import Settings

pytestmark = pytest.mark.real
CASES = 4000
NOW = datetime(2021, 3, 10, 15, tzinfo=CHINA)
SPARE = 12
"""Documents that merging several pieces of an index may look at beyond the page."""


@pytest.fixture(scope="module")
def city(servers: Settings) -> Iterator[Settings]:
    """Many cases, and none afterwards: others use the same city on the same servers."""
    key = SecretStr(base64.b64encode(bytes(32)).decode())
    settings = servers.model_copy(update={"city": "130100", "seal_key": key, "ref_key": key})
    asyncio.run(prepare(settings))
    Writer(settings, Maker(settings, NOW)).write(range(CASES))
    yield settings
    asyncio.run(forget(settings))


async def forget(settings: Settings) -> None:
    doors = Doors(settings)
    try:
        for database in doors.databases.values():
            await database.client.drop_database(database.name)
    finally:
        doors.close()


@asynccontextmanager
async def profiled(database: Any) -> AsyncIterator[list[dict[str, Any]]]:
    """What the database did meanwhile, by its own account."""
    found: list[dict[str, Any]] = []
    await database.command("profile", 0)
    await database.drop_collection("system.profile")
    await database.command("profile", 2)
    yield found
    await database.command("profile", 0)
    found += await database["system.profile"].find({"planSummary": {"$exists": True}}).to_list(None)


async def test_every_question_has_an_index(city: Settings) -> None:
    doors = Doors(city)
    try:
        wrong = [line for question in await doors.questions() for line in await faults(doors, question)]
    finally:
        doors.close()
    assert not wrong, "\n".join(wrong)


async def faults(doors: Doors, question: Question) -> list[str]:
    async with profiled(doors.databases[question.service]) as did:
        await question.ask()
    return [f"{question.name}: {fault}: {one['planSummary']}" for one in did for fault in _faults(one, question.name)]


def _faults(did: dict[str, Any], name: str) -> Iterator[str]:
    if "COLLSCAN" in did["planSummary"]:
        yield f"reads all {did['docsExamined']} documents"
    elif did.get("hasSortStage") and did["docsExamined"]:
        yield "sorts in memory"
    elif did["op"] == "query" and did["docsExamined"] > max(did["nreturned"], PAGE) + SPARE:
        yield f"looks at {did['docsExamined']} documents to find {did['nreturned']}"


async def test_what_has_no_index_is_noticed(city: Settings) -> None:
    doors = Doors(city)
    cases = doors.databases["desk"].cases
    try:
        scan = Question("scan", "desk", lambda: cases.find({"state.title": "x"}).to_list(None))
        ordered = Question("sorted", "desk", lambda: cases.find({"number": {"$gt": ""}}).sort("due").to_list(9))
        assert [fault.split(": ")[1] for fault in await faults(doors, scan)] == [f"reads all {CASES} documents"]
        assert [fault.split(": ")[1] for fault in await faults(doors, ordered)] == ["sorts in memory"]
    finally:
        doors.close()
