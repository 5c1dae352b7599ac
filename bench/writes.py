"""What a write costs mongod: its CPU a document for an upsert, an insert and updates under guard, with and without the
driver's retryable writes, in turn on one embedded server. `python -m bench.writes [--documents N] [--rounds N]`.
"""

import argparse
import asyncio
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pymongo import AsyncMongoClient, InsertOne, UpdateOne
from rich.console import Console
from rich.table import Table

from bench.cpu import seconds
from hotline.embedded.mongo import EmbeddedMongo
from hotline.ports import free_port
from hotline.supervisor import Supervisor
from shared.mongo import GUARD, JOURNALED, Operation

BATCH = 100
BODY: dict[str, Any] = {
    "sequence": 1, "lane": "N", "number": "n", "state": {"text": "来电反映小区停水" * 60, "orders": [{"unit": "u"}] * 9}
}  # fmt: skip


class Way(NamedTuple):
    """One way to write a document's revision `rev`; those above 1 follow each other on what was inserted."""

    name: str
    operation: Callable[[str, int], Operation]
    rev: int = 1


def _upsert(one: str, rev: int) -> Operation:
    return UpdateOne({"_id": one, "rev": {"$exists": False}}, {"$set": _body(rev)}, upsert=True)


def _insert(one: str, rev: int) -> Operation:
    return InsertOne({"_id": one, **_body(rev)})


def _asked(one: str, rev: int) -> Operation:
    return UpdateOne({"_id": one, "rev": rev - 1}, {"$set": _body(rev)})


def _checked(one: str, rev: int) -> Operation:
    return UpdateOne({"_id": one}, {"$set": {**BODY, "was": rev - 1}, "$inc": {"rev": 1}})


def _body(rev: int) -> dict[str, Any]:
    return {**BODY, "rev": rev, "was": rev - 1}


WAYS = (
    Way("upsert", _upsert),
    Way("insert", _insert),
    Way("update, its guard in the query", _asked, rev=2),
    Way("update, checked by the server", _checked, rev=3),
)


async def run(documents: int, rounds: int) -> dict[tuple[str, bool], float]:
    """Microseconds of mongod's CPU a document, the least of the rounds, by way and whether the driver may repeat."""
    folder = Path(tempfile.mkdtemp(prefix="writes-"))
    mongo, supervisor = EmbeddedMongo(folder, free_port()), Supervisor(folder)
    try:
        await supervisor.start(mongo.prepare())
        pid = supervisor.children["mongo"].pid
        assert pid is not None
        found: dict[tuple[str, bool], float] = {}
        for turn in range(rounds):
            for retried in (True, False):
                for way, spent in (await _round(mongo.address, pid, f"{turn}{retried}", documents, retried)).items():
                    found[way, retried] = min(spent, found.get((way, retried), spent))
        return found
    finally:
        await supervisor.stop_all()
        shutil.rmtree(folder, ignore_errors=True)


async def _round(address: str, pid: int, name: str, documents: int, retried: bool) -> dict[str, float]:
    client: AsyncMongoClient[Any] = AsyncMongoClient(address, retryWrites=retried)
    database = client.get_database("writes", write_concern=JOURNALED)
    spent: dict[str, float] = {}
    for way in WAYS:
        collection = database[f"insert{name}" if way.rev > 1 else f"{way.name}{name}"]
        if way.rev == 1:
            await database.create_collection(collection.name, validator=GUARD)
            await collection.create_index("number")
        before = seconds({"mongod": pid})["mongod"]
        for start in range(0, documents, BATCH):
            ids = [f"{number:08d}" for number in range(start, min(documents, start + BATCH))]
            await collection.bulk_write([way.operation(one, way.rev) for one in ids], ordered=False)
        spent[way.name] = (seconds({"mongod": pid})["mongod"] - before) / documents * 1e6
    await client.close()
    return spent


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--documents", type=int, default=10_000)
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    found = asyncio.run(run(given.documents, given.rounds))
    table = Table("write", "driver may repeat it", "it may not", title="mongod's CPU, µs a document")
    for way in WAYS:
        table.add_row(way.name, *(f"{found[way.name, retried]:.0f}" for retried in (True, False)))
    Console().print(table)


if __name__ == "__main__":
    main()
