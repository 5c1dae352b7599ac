"""The check of revisions that mongod makes: it is there before the first write, whoever made the collection."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo.errors import WriteError

from shared.documents import Write
from shared.mongo import GUARD, MongoDocuments, connect
from shared.settings import Settings


@pytest.fixture
async def collection(servers: Settings) -> AsyncIterator[Any]:
    database = connect(servers, "contract")
    made = database[uuid4().hex]
    yield made
    await made.drop()
    database.client.close()


def write(rev: int, value: int) -> Write:
    return Write("a", rev, {"value": value}, {})


async def test_a_collection_is_made_with_it(collection: Any) -> None:
    await MongoDocuments(collection).save([write(0, 1)])
    assert (await collection.options())["validator"] == GUARD


async def test_a_collection_that_was_there_gets_it_with_the_next_write(collection: Any) -> None:
    await collection.insert_one({"_id": "a", "rev": 3, "value": 0})
    assert not (await MongoDocuments(collection).save([write(2, 1)])).written
    assert (await collection.find_one({"_id": "a"}))["value"] == 0
    assert (await MongoDocuments(collection).save([write(3, 1)])).written == {"a"}


async def test_it_also_stands_in_the_way_of_who_does_not_ask(collection: Any) -> None:
    await MongoDocuments(collection).save([write(0, 1)])
    with pytest.raises(WriteError, match="validation"):
        await collection.update_one({"_id": "a"}, {"$set": {"value": 2}, "$inc": {"rev": 1}})


async def test_a_change_of_what_is_not_there_is_not_written(collection: Any) -> None:
    assert not (await MongoDocuments(collection).save([write(1, 1)])).written
    assert await collection.find_one({"_id": "a"}) is None
