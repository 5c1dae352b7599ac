"""The departments of a story that read a feed topic and write an answers topic."""

from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from hotline.surge.desks import About, Reply
from shared.clock import Clock
from shared.events.envelope import Envelope, decode
from shared.events.topics import Topics
from shared.policy import feed_units
from shared.producer import KafkaTransport, OrderedPublisher
from shared.settings import Settings

LOOK_MS = 100
ENDS = frozenset({"work_order.done.v1", "work_order.returned.v1"})


class Feeds:
    """Every feed from its beginning, read when somebody asks."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._topics = Topics(settings.city)
        self._units = {self._topics.feed(unit): unit for unit in feed_units(settings.policy)}
        self._partitions = [TopicPartition(topic, 0) for topic in self._units]
        self._clock = clock
        self._transport = KafkaTransport(settings.kafka)
        self._publisher = OrderedPublisher(self._transport, clock)
        self._bootstrap = settings.kafka
        self._consumer: Any = None
        self._orders: dict[tuple[str, str], str] = {}
        self._about = msgspec.json.Decoder(About)

    async def start(self) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await self._consumer.start()
        self._consumer.assign(self._partitions)

    async def stop(self) -> None:
        if self._consumer is not None:
            await self._consumer.stop()
        await self._transport.stop()

    async def order(self, unit: str, case: str) -> str:
        """The unit's order at work on the case, or empty while its feed has none."""
        await self._read_to_the_end()
        return self._orders.get((unit, case), "")

    async def _read_to_the_end(self) -> None:
        """As it is now: an order that the consumer has not fetched yet may have replaced the one it knows."""
        ends = await self._consumer.end_offsets(self._partitions)
        while any([await self._consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await self._consumer.getmany(timeout_ms=LOOK_MS)).values():
                for record in records:
                    self._take(self._units[record.topic], decode(record.value))

    def _take(self, unit: str, event: Envelope) -> None:
        """An order that has ended is no longer meant, though the feed does not know the next one yet."""
        order, place = self._about.decode(event.data).order, (unit, event.subject)
        if event.type == "work_order.issued.v1":
            self._orders[place] = order
        elif event.type in ENDS and self._orders.get(place) == order:
            del self._orders[place]

    async def send(self, reply: Reply) -> str:
        """The department's command into its answers topic; returns the command's id at dispatch."""
        await self._publisher.publish([reply.record(self._topics, self._clock.now())])
        return reply.command
