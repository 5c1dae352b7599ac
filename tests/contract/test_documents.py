"""Guarded documents: one behaviour, in memory and on MongoDB through both drivers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient

from shared.documents import KEPT, Documents, Write
from shared.mongo import MongoDocuments, connect
from shared.settings import Settings
from shared.testing import MemoryDocuments, MemoryTable


@pytest.fixture(params=["memory", "motor", "pymongo"])
async def documents(request: pytest.FixtureRequest) -> AsyncIterator[Documents]:
    if request.param == "memory":
        yield MemoryDocuments(MemoryTable(unique=("contact",)))
        return
    servers: Settings = request.getfixturevalue("servers")
    client: Any = AsyncIOMotorClient if request.param == "motor" else AsyncMongoClient
    database = connect(servers, "contract", client)
    collection = database[uuid4().hex]
    await collection.create_index("contact", unique=True, sparse=True)
    yield MongoDocuments(collection)
    await collection.drop()
    closed = database.client.close()
    if closed is not None:
        await closed


def write(one: str, rev: int, value: int, *log: int, **more: Any) -> Write:
    return Write(one, rev, {"value": value, **more}, {"log": list(log)} if log else {})


async def test_a_new_document_has_revision_one(documents: Documents) -> None:
    saved = await documents.save([write("a", 0, 1, 10, 11)])
    assert saved.written == {"a"}
    row = (await documents.load(["a", "b"]))["a"]
    assert (row["rev"], row["value"], row["log"]) == (1, 1, [10, 11])


async def test_a_write_appends_and_omitted_fields_stay_away(documents: Documents) -> None:
    await documents.save([write("a", 0, 1, 10)])
    await documents.save([write("a", 1, 2, 11)])
    assert (await documents.load(["a"]))["a"]["log"] == [10, 11]
    assert "log" not in (await documents.load(["a"], omit=("log",)))["a"]


async def test_only_the_write_whose_guard_fails_is_missing(documents: Documents) -> None:
    await documents.save([write("a", 0, 1), write("b", 0, 1), write("c", 0, 1)])
    await documents.save([write("b", 1, 5)])
    saved = await documents.save([write("a", 1, 2), write("b", 1, 2), write("c", 1, 2), write("d", 0, 2)])
    assert saved.written == {"a", "c", "d"}
    rows = await documents.load(["a", "b", "c", "d"])
    assert {one: row["value"] for one, row in rows.items()} == {"a": 2, "b": 5, "c": 2, "d": 2}


async def test_a_document_is_born_once(documents: Documents) -> None:
    first, second = await asyncio.gather(documents.save([write("a", 0, 1)]), documents.save([write("a", 0, 2)]))
    assert len(first.written) + len(second.written) == 1


async def test_a_unique_field_that_is_taken_is_told_apart(documents: Documents) -> None:
    await documents.save([write("a", 0, 1, contact="x")])
    saved = await documents.save([write("b", 0, 1, contact="x"), write("c", 0, 1, contact="y")])
    assert saved.written == {"c"}
    assert saved.clashed == {"b"}


async def test_of_many_writers_on_one_revision_one_wins(documents: Documents) -> None:
    await documents.save([write("a", 0, 0)])
    saved = await asyncio.gather(*(documents.save([write("a", 1, n, n)]) for n in range(10)))
    assert sum(len(one.written) for one in saved) == 1
    row = (await documents.load(["a"]))["a"]
    assert (row["rev"], len(row["log"])) == (2, 1)


async def test_what_was_kept_is_given_back_once(documents: Documents) -> None:
    await documents.save([write("a", 0, 1, 10), write("b", 0, 1)], keep=True)
    assert documents.recall(["a", "x"]) == {"a": {"_id": "a", "rev": 1, "value": 1}}
    assert documents.recall(["a"]) == {}
    assert "b" in documents.recall(["a", "b"])


async def test_what_was_written_over_or_refused_is_not_kept(documents: Documents) -> None:
    await documents.save([write("a", 0, 1), write("b", 0, 1)], keep=True)
    await documents.save([write("a", 1, 2)])
    await documents.save([write("b", 7, 2)], keep=True)
    assert documents.recall(["a", "b"]) == {}


async def test_only_the_latest_are_kept(documents: Documents) -> None:
    await documents.save([write(str(n), 0, n) for n in range(KEPT + 5)], keep=True)
    assert documents.recall(["4"]) == {}
    assert len(documents.recall([str(n) for n in range(KEPT + 5)])) == KEPT
