"""Reading one generation of the facts from the log: its collections and its consumers."""

from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from services.reports.domain.case_facts import CaseFact
from services.reports.handlers import READER, CaseHandler, ContactHandler
from services.reports.numbers import groups_of
from services.reports.store import MongoStore
from shared.bus import AT_LEISURE, Bus, Subscription
from shared.clock import Clock
from shared.deadletters import Writer
from shared.events.topics import LANES, Topics
from shared.mongo import ping
from shared.parked import unpark_all
from shared.producer import Publisher
from shared.reader import Change
from shared.records import Received
from shared.settings import Settings
from shared.tasks import within

_LETTERS = Writer(READER)


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
        sources = [(self._topics.cases(lane), self.cases.handle) for lane in LANES]
        sources.append((self._topics.contacts, self._contacts.handle))
        self._subscriptions = [
            self.bus.subscribe(group, [topic], handle, self._poison, gather=AT_LEISURE)
            for group, (topic, handle) in zip(groups_of(self.number), sources, strict=True)
        ]

    async def stop(self) -> None:
        await self.bus.stop()

    async def ping(self) -> bool:
        return await self.bus.ping()

    async def unpark(self, case: str, replaced: dict[str, bytes | None] | None) -> Change[CaseFact] | None:
        """shared/reader.py, CaseReader.unpark"""
        return await self.cases.reader.unpark(case, replaced)

    async def _poison(self, record: Received, error: Exception) -> None:
        """A record that raised three times alone."""
        await self._publisher.publish([_LETTERS.letter(self._topics.dead_letters, record, repr(error))])

    async def caught_up(self) -> bool:
        """Whether every partition of every topic is handled to its end, by whichever replica."""
        return all([await _caught_up(subscription) for subscription in self._subscriptions])


async def _caught_up(subscription: Subscription) -> bool:
    consumer = subscription.consumer
    if consumer is None:
        return False
    try:
        partitions = [TopicPartition(t, p) for t in subscription.topics for p in consumer.partitions_for_topic(t) or ()]
        ends = await within(5, consumer.end_offsets(partitions))
        done = {one: await within(5, consumer.committed(one)) or 0 for one in partitions}
    except (KafkaError, IllegalStateError, TimeoutError, OSError):
        return False
    return bool(partitions) and all(done[one] >= ends[one] for one in partitions)
