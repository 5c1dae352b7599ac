"""Generations of the facts: a rebuild reads the whole log into new collections, and is served once it has caught up.

The number that is built and the number that is served stand in the database, so every replica follows; until the new
facts are complete the old ones answer.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from pymongo import ReturnDocument

from services.reports.domain.case_facts import CaseFact
from services.reports.handlers import READER, CaseHandler, ContactHandler
from services.reports.store import MongoStore
from shared import names
from shared.away import AWAY
from shared.bus import Bus, Subscription
from shared.clock import Clock
from shared.deadletters import dead_letter
from shared.events.topics import LANES, Topics
from shared.mongo import ping, reachable
from shared.parked import unpark_all
from shared.producer import Publisher
from shared.reader import Change
from shared.records import Received
from shared.settings import Settings

log = structlog.get_logger()
LOOK_S = 1.0
FAREWELL_S = 3.0
"""How long the old facts stay for replicas that have not looked yet."""


class Numbers(NamedTuple):
    """The generation that is built from the log, and the one that answers."""

    built: int
    served: int


class Reading:
    """One generation: its collections and its consumers."""

    def __init__(self, number: int, database: Any, publisher: Publisher, settings: Settings, clock: Clock) -> None:
        self.number = number
        self.store = MongoStore(database, number)
        self._topics = Topics(settings.city)
        self._publisher = publisher
        self.cases = CaseHandler(self.store.cases, publisher, self._topics.dead_letters)
        self._contacts = ContactHandler(self.store.contacts, publisher, self._topics.dead_letters)
        self.bus = Bus(settings, clock, lambda: ping(database))
        self._subscriptions: list[Subscription] = []

    async def start(self, works: bool) -> None:
        """A worker's indexes, parked events and consumers; else only what asks the broker whether it answers."""
        if works:
            await self._subscribe()
        await self.bus.start()

    async def _subscribe(self) -> None:
        await self.store.prepare()
        await unpark_all(self.cases.reader, self.store.collection)
        suffix = f".{self.number}" if self.number else ""
        sources = [(f"reports.{lane}", self._topics.cases(lane), self.cases.handle) for lane in LANES]
        sources.append(("reports.contacts", self._topics.contacts, self._contacts.handle))
        self._subscriptions = [
            self.bus.subscribe(f"{group}{suffix}", [topic], handle, self._poison) for group, topic, handle in sources
        ]

    async def stop(self) -> None:
        await self.bus.stop()

    async def _poison(self, record: Received, error: Exception) -> None:
        """A record that raised three times alone."""
        names.DEAD_LETTERS.labels(READER).inc()
        await self._publisher.publish([dead_letter(self._topics.dead_letters, record, READER, repr(error))])

    async def caught_up(self) -> bool:
        """Whether every partition of every topic is handled to its end, by whichever replica."""
        return all([await _caught_up(subscription) for subscription in self._subscriptions])


async def _caught_up(subscription: Subscription) -> bool:
    consumer = subscription.consumer
    if consumer is None:
        return False
    try:
        partitions = [TopicPartition(t, p) for t in subscription.topics for p in consumer.partitions_for_topic(t) or ()]
        ends = await asyncio.wait_for(consumer.end_offsets(partitions), 5)
        done = {one: await asyncio.wait_for(consumer.committed(one), 5) or 0 for one in partitions}
    except (KafkaError, IllegalStateError, TimeoutError, OSError):
        return False
    return bool(partitions) and all(done[one] >= ends[one] for one in partitions)


class Generations:
    """Follows the numbers in the database: reads the built generation (a worker), answers from the served one."""

    def __init__(self, database: Any, publisher: Publisher, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._publisher = publisher
        self._settings = settings
        self._clock = clock
        self._works = settings.role in ("worker", "all")
        self.numbers = Numbers(0, 0)
        self.served = MongoStore(database, 0)
        self.reading = self._new(0)
        self._watching: asyncio.Task[None] | None = None

    def _new(self, number: int) -> Reading:
        return Reading(number, self._database, self._publisher, self._settings, self._clock)

    async def start(self) -> None:
        self.numbers = await self.read_numbers()
        self.served = MongoStore(self._database, self.numbers.served)
        await self._begin(self.numbers.built)
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self.reading.stop()

    async def rebuild(self) -> Numbers:
        """Begin a new generation; every replica turns to it within a second or two."""
        with reachable():
            row = await self._database.meta.find_one_and_update(
                {"_id": "generation"}, {"$inc": {"built": 1}}, upsert=True, return_document=ReturnDocument.AFTER
            )
        return _read(row)

    async def ping(self) -> bool:
        return await self.reading.bus.ping()

    async def unpark(self, case: str, replaced: dict[str, bytes | None] | None = None) -> Change[CaseFact] | None:
        """shared/parked.py, Unparks."""
        return await self.reading.cases.reader.unpark(case, replaced)

    def find(self, *query: Any) -> Any:
        """The parked cases' collection, for shared/parked.py."""
        return self.reading.store.collection.find(*query)

    async def read_numbers(self) -> Numbers:
        with reachable():
            return _read(await self._database.meta.find_one({"_id": "generation"}))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look()
            except AWAY as error:
                log.warning("generations not looked at", error=repr(error))
            except Exception:
                log.exception("looking at generations failed; it goes on")

    async def _look(self) -> None:
        self.numbers = await self.read_numbers()
        if self.numbers.built != self.reading.number:
            log.info("turning to other facts", generation=self.numbers.built)
            await self.reading.stop()
            await self._begin(self.numbers.built)
        if self._works and self.numbers.served != self.numbers.built and await self.reading.caught_up():
            await self._serve(self.numbers)
        if self.numbers.served != self.served.number:
            self.served = MongoStore(self._database, self.numbers.served)

    async def _begin(self, number: int) -> None:
        """Read a generation; where that fails, the next look tries again."""
        fresh = self._new(number)
        try:
            await fresh.start(self._works)
        except BaseException:
            await fresh.stop()
            raise
        self.reading = fresh
        names.GENERATION.set(number)

    async def _serve(self, numbers: Numbers) -> None:
        """The new generation is complete: it answers from now on, and what came before it is dropped."""
        with reachable():
            await self._database.meta.update_one(
                {"_id": "generation", "built": numbers.built}, {"$set": {"served": numbers.built}}
            )
        self.numbers = await self.read_numbers()
        self.served = MongoStore(self._database, self.numbers.served)
        log.info("the rebuilt facts are served", generation=self.numbers.served)
        await asyncio.sleep(FAREWELL_S)
        await self._drop(range(self.numbers.served))

    async def _drop(self, numbers: Iterable[int]) -> None:
        with reachable():
            for number in numbers:
                for collection in MongoStore(self._database, number).collections:
                    await collection.drop()


def _read(row: dict[str, Any] | None) -> Numbers:
    row = row or {}
    return Numbers(row.get("built", 0), row.get("served", 0))
