"""Which generation of the facts is built from the log, and which one answers: two numbers that every replica reads."""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from pymongo import ReturnDocument

from services.reports.handlers import READER
from services.reports.store import MongoStore
from shared.events.topics import LANES
from shared.mongo import reachable

_ID = {"_id": "generation"}


class Numbers(NamedTuple):
    """A rebuild is over when both are equal."""

    built: int = 0
    served: int = 0


def groups_of(number: int) -> list[str]:
    """The consumer groups that read a generation: both lanes of the cases, and the contacts."""
    suffix = f".{number}" if number else ""
    return [f"{READER}.{source}{suffix}" for source in (*LANES, "contacts")]


class NumberBook(Protocol):
    """Every method raises StoreAway while the database is away."""

    async def read(self) -> Numbers: ...

    async def begin(self) -> Numbers:
        """Another generation is to be built."""
        ...

    async def serve(self, built: int) -> Numbers:
        """This generation answers from now on, unless a later one is being built already."""
        ...

    async def drop(self, numbers: Iterable[int]) -> None:
        """Delete the facts of these generations."""
        ...


class MongoNumbers:
    """The numbers in MongoDB."""

    def __init__(self, database: Any) -> None:
        self._database = database

    async def read(self) -> Numbers:
        with reachable():
            row = await self._database.meta.find_one(_ID) or {}
        return Numbers(row.get("built", 0), row.get("served", 0))

    async def begin(self) -> Numbers:
        with reachable():
            row = await self._database.meta.find_one_and_update(
                _ID, {"$inc": {"built": 1}}, upsert=True, return_document=ReturnDocument.AFTER
            )
        return Numbers(row["built"], row.get("served", 0))

    async def serve(self, built: int) -> Numbers:
        with reachable():
            await self._database.meta.update_one({**_ID, "built": built}, {"$set": {"served": built}})
        return await self.read()

    async def drop(self, numbers: Iterable[int]) -> None:
        with reachable():
            for number in numbers:
                for collection in MongoStore(self._database, number).collections:
                    await collection.drop()


class MemoryNumbers:
    """The numbers in memory, for tests."""

    def __init__(self) -> None:
        self.numbers = Numbers()
        self.dropped: list[int] = []

    async def read(self) -> Numbers:
        return self.numbers

    async def begin(self) -> Numbers:
        self.numbers = self.numbers._replace(built=self.numbers.built + 1)
        return self.numbers

    async def serve(self, built: int) -> Numbers:
        if self.numbers.built == built:
            self.numbers = self.numbers._replace(served=built)
        return self.numbers

    async def drop(self, numbers: Iterable[int]) -> None:
        self.dropped += numbers
