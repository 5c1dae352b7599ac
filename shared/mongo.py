"""MongoDB: the only file that knows the driver (motor today; pymongo's own async client passes the same tests)."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import InsertOne, UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError

from shared import names
from shared.away import StoreAway
from shared.documents import Document, Kept, Saved, Write, nested
from shared.settings import Settings

JOURNALED = WriteConcern(w="majority", j=True, wtimeout=20_000)
DUPLICATE_KEY, GUARD_FAILED, EXISTS = 11000, 121, 48
GUARD: Document = {"$expr": {"$eq": ["$rev", {"$add": ["$was", 1]}]}}
"""What mongod checks of every guarded document that it is to write: its revision follows `was`, the one that the write
was decided on (docs/decisions/0025)."""
_PROCESS = os.urandom(6).hex()
_tokens = count()
Operation = InsertOne[Document] | UpdateOne


def connect(settings: Settings, service: str, client: Any = AsyncIOMotorClient) -> Any:
    """A service's own database; every write is journaled on a majority.

    The driver repeats no write: each is guarded or may happen twice, its owner repeats it on StoreAway, and mongod
    would keep a record of each that may be repeated (docs/decisions/0024).
    """
    made = client(
        settings.mongo,
        serverSelectionTimeoutMS=4_000,
        connectTimeoutMS=4_000,
        socketTimeoutMS=30_000,
        retryWrites=False,
        tz_aware=True,
        appname=settings.name,
    )
    return made.get_database(settings.database(service), write_concern=JOURNALED)


async def ping(database: Any) -> bool:
    """Whether the database answers within its selection timeout."""
    try:
        await database.command("ping")
    except PyMongoError:
        return False
    return True


@contextmanager
def reachable() -> Iterator[None]:
    """Turns what the driver says of an absent server into StoreAway; what it says of content passes."""
    try:
        yield
    except ConnectionFailure as error:
        raise StoreAway(str(error)) from error
    except OperationFailure as error:
        if error.code in _AWAY_CODES:
            raise StoreAway(str(error)) from error
        raise


# Interrupted, step-down, shutdown, write concern timeout, maximum time, a member that cannot reach another: the server
# is there but not for us; an index is being built.
_AWAY_CODES = {6, 7, 50, 64, 89, 91, 100, 189, 262, 9001, 11600, 11602, 12587, 13435, 13436, 10107}


class MongoDocuments:
    """Documents over one collection."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection
        self._guarded = False
        self._kept = Kept()

    async def load(self, ids: Collection[str], omit: Sequence[str] = ()) -> dict[str, Document]:
        if not ids:
            return {}
        projection = dict.fromkeys(omit, 0) or None
        with reachable():
            found = await self._collection.find({"_id": {"$in": list(ids)}}, projection).to_list(None)
        return {document["_id"]: document for document in found}

    async def save(self, writes: Sequence[Write], keep: bool = False) -> Saved:
        self._kept.forget(writes)
        saved = await self._save(writes) if writes else Saved(frozenset(), frozenset())
        if keep:
            self._kept.put(writes, saved)
        return saved

    def recall(self, ids: Collection[str]) -> dict[str, Document]:
        return self._kept.take(ids)

    async def _save(self, writes: Sequence[Write]) -> Saved:
        token = f"{_PROCESS}.{next(_tokens)}"
        with reachable():
            await self._guard()
            done, clashed = await self._bulk([_operation(write, token) for write in writes], writes)
            if done == len(writes):
                return Saved(frozenset(write.id for write in writes), clashed)
            names.GUARD_FAILURES.labels(self._collection.name).inc(len(writes) - done)
            return Saved(await self._marked([write.id for write in writes], token), clashed)

    async def _guard(self) -> None:
        """Before the first write of this process: without the check on the server no write has a guard."""
        if self._guarded:
            return
        if (await self._collection.options()).get("validator") != GUARD:
            await self._check()
        self._guarded = True

    async def _check(self) -> None:
        """Have mongod check the collection's documents, whether it is there or not; known to a majority."""
        database, name = self._collection.database, self._collection.name
        concern = JOURNALED.document
        try:
            await database.command("create", name, validator=GUARD, writeConcern=concern)
        except OperationFailure as error:
            if error.code != EXISTS:
                raise
            await database.command("collMod", name, validator=GUARD, validationLevel="strict", writeConcern=concern)

    async def _bulk(self, operations: list[Operation], writes: Sequence[Write]) -> tuple[int, frozenset[str]]:
        try:
            result = await self._collection.bulk_write(operations, ordered=False)
        except BulkWriteError as error:
            return _read_failures(error, writes)
        return result.matched_count + result.inserted_count, frozenset()

    async def _marked(self, ids: list[str], token: str) -> frozenset[str]:
        """A total is not enough: ask which documents carry this very write's mark."""
        found = await self._collection.find({"_id": {"$in": ids}, "by": token}, {"_id": 1}).to_list(None)
        return frozenset(document["_id"] for document in found)


def _operation(write: Write, token: str) -> Operation:
    """What is born is inserted, for an eighth of what an upsert costs, and its guard is the unique id.

    A change names the document alone, so that mongod need not plan; its guard is GUARD.
    """
    fields: Document = {**write.set, "was": write.rev, "by": token}
    if write.rev == 0:
        return InsertOne({"_id": write.id, **fields, "rev": 1, **write.push})
    change: Document = {"$set": fields, "$inc": {"rev": 1}}
    if write.push:
        change["$push"] = {field: {"$each": values} for field, values in write.push.items()}
    return UpdateOne({"_id": write.id}, change)


def _read_failures(error: BulkWriteError, writes: Sequence[Write]) -> tuple[int, frozenset[str]]:
    """How many were written, and which broke a unique index other than the id."""
    failures = _refused(error, {DUPLICATE_KEY, GUARD_FAILED})
    clashed = {writes[f["index"]].id for f in failures if "_id" not in f.get("keyPattern", {"_id": 1})}
    return error.details["nMatched"] + error.details["nInserted"], frozenset(clashed)


def _refused(error: BulkWriteError, expected: Collection[int]) -> list[Document]:
    """The failures, where each has one of the expected codes; raises StoreAway, or the error itself."""
    if error.details.get("writeConcernErrors"):
        raise StoreAway(str(error.details["writeConcernErrors"][0])) from error
    failures: list[Document] = error.details["writeErrors"]
    if any(failure["code"] in _AWAY_CODES for failure in failures):
        raise StoreAway(str(failures[0])) from error
    if any(failure["code"] not in expected for failure in failures):
        raise error
    return failures


async def merge(collection: Any, changes: Mapping[str, Document], new: Collection[str]) -> None:
    """Merge into documents that have many writers, by changes (`$min`, `$max`) that may happen twice, in any order.

    `new`: ids that are probably not there yet, inserted for an eighth of what an upsert costs. Raises StoreAway where
    two writers insert one document: write again.
    """
    with reachable():
        there = await _insert(collection, {one: _born(changes[one]) for one in new})
        late = [(one, change) for one, change in changes.items() if one not in new or one in there]
        try:
            if late:
                operations = [UpdateOne({"_id": one}, change, upsert=True) for one, change in late]
                await collection.bulk_write(operations, ordered=False)
        except BulkWriteError as error:
            _refused(error, {DUPLICATE_KEY})
            raise StoreAway("two writers inserted one document; the batch is written again") from error


def _born(change: Document) -> Document:
    """What the change makes of nothing."""
    return nested({place: value for given in change.values() for place, value in given.items()})


async def _insert(collection: Any, births: Mapping[str, Document]) -> set[str]:
    """Insert them; returns the ids that were there before."""
    if not births:
        return set()
    operations = [InsertOne({"_id": one, **document}) for one, document in births.items()]
    try:
        await collection.bulk_write(operations, ordered=False)
    except BulkWriteError as error:
        return {failure["op"]["_id"] for failure in _refused(error, {DUPLICATE_KEY})}
    return set()
