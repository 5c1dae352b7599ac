"""What a write costs mongod: its CPU a document for an upsert, an insert and a guarded update, with and without the
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
from shared.mongo import JOURNALED, Operation

BATCH = 100
BODY: dict[str, Any] = {
    "sequence": 1, "lane": "N", "number": "n", "state": {"text": "来电反映小区停水" * 60, "orders": [{"unit": "u"}] * 9}
}  # fmt: skip


class Way(NamedTuple):
    """One way to write a document's nth revision; `again`: where it was written before."""

    name: str
    operation: Callable[[str, int], Operation]
    again: bool = False


def _upsert(one: str, rev: int) -> Operation:
    return UpdateOne({"_id": one, "rev": {"$exists": False}}, {"$set": {**BODY, "rev": rev}}, upsert=True)


def _insert(one: str, rev: int) -> Operation:
    return InsertOne({"_id": one, **BODY, "rev": rev})


def _update(one: str, rev: int) -> Operation:
    return UpdateOne({"_id": one, "rev": rev - 1}, {"$set": {**BODY, "rev": rev}})


WAYS = (Way("upsert", _upsert), Way("insert", _insert), Way("guarded update", _update, again=True))


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
        collection = database[f"insert{name}" if way.again else f"{way.name}{name}"]
        await collection.create_index("number")
        before = seconds({"mongod": pid})["mongod"]
        for start in range(0, documents, BATCH):
            ids = [f"{number:08d}" for number in range(start, min(documents, start + BATCH))]
            await collection.bulk_write([way.operation(one, 1 + way.again) for one in ids], ordered=False)
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
