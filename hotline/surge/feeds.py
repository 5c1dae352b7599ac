"""The departments that read a feed topic and write an answers topic, with their own consumer and producer."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from hotline.surge.departments import answer_of, plan_of, return_of
from hotline.surge.journal import Commanded, Journal
from hotline.surge.rounds import World
from shared.clock import Clock
from shared.events.envelope import Envelope, Unreadable, decode, encode
from shared.events.topics import Topics
from shared.ids import client_command_id
from shared.producer import Publisher
from shared.records import Received, Record
from shared.tasks import closed, within

log = structlog.get_logger()
STUCK_S = 10.0
STOP_S = 3.0
HANDLING = frozenset(
    {"work_order.signed.v1", "work_order.sent_back.v1", "work_order.return_refused.v1", "case.arbitration_opened.v1"}
)
"""Feed records after which the order is the department's to answer."""


class About(Struct, frozen=True):
    """What a department looks at in any record of its feed."""

    order: str = ""
    verb: str = ""
    reason: str = ""


class Reply(Struct, frozen=True):
    """A command that a department sends: verb, data, and its own id for it."""

    unit: str
    case: str
    verb: str
    data: dict[str, Any]
    own_id: str

    @property
    def command(self) -> str:
        """The command's id as dispatch derives it for a client."""
        return client_command_id(f"unit:{self.unit}", self.own_id)

    def record(self, topics: Topics, now: datetime) -> Record:
        """What the department puts into its answers topic."""
        envelope = Envelope(
            id=self.own_id,
            type=f"case.{self.verb}.v1",
            source=f"/units/{self.unit}",
            subject=self.case,
            time=now,
            actor=f"unit:{self.unit}",
            data=msgspec.Raw(msgspec.json.encode(self.data)),
        )
        return Record(topics.answers(self.unit), self.case.encode(), encode(envelope), (), 0)


class Desks:
    """What the departments decide from their feeds. Pure: each feed record is looked at once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._steps: dict[str, int] = {}
        self._handling: set[str] = set()
        self._about = msgspec.json.Decoder(About)

    def read(self, unit: str, event: Envelope) -> Reply | None:
        """The department's next command about the order, if the record calls for one."""
        about = self._about.decode(event.data)
        if not about.order or event.ordersequence <= self._steps.get(about.order, 0):
            return None
        self._steps[about.order] = event.ordersequence
        if event.type in HANDLING:
            self._handling.add(about.order)
            return self._reply(unit, event, about.order, "answer")
        if event.type == "work_order.issued.v1":
            return self._first(unit, event, about.order)
        if event.type == "command.rejected.v1" and about.verb == "ask_return" and about.order not in self._handling:
            return self._reply(unit, event, about.order, "sign")
        return None

    def _first(self, unit: str, event: Envelope, order: str) -> Reply | None:
        plan = plan_of(self._world, order)
        if plan == "silent":
            return None
        return self._reply(unit, event, order, "ask_return" if plan == "return" else "sign")

    def _reply(self, unit: str, event: Envelope, order: str, verb: str) -> Reply:
        data = {"sign": {"order": order}, "ask_return": return_of(order), "answer": answer_of(order)}[verb]
        own_id = f"{self._world.run}:{order}:{event.ordersequence}:{verb}"
        return Reply(unit, event.subject, verb, data, own_id)


class FeedDepartments:
    """Reads the feeds from their present end and answers until cancelled."""

    def __init__(
        self, world: World, topics: Topics, units: Sequence[str], bootstrap: str, publisher: Publisher, clock: Clock,
        journals: dict[str, Journal],
    ) -> None:  # fmt: skip
        self.acted = 0
        self._desks = Desks(world)
        self._units = {topics.feed(unit): unit for unit in units}
        self._topics = topics
        self._bootstrap = bootstrap
        self._publisher = publisher
        self._clock = clock
        self._journals = journals
        self._positions: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        while self._units:
            consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, enable_auto_commit=False)
            try:
                await consumer.start()
                await self._read(consumer)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("departments read their feeds again", error=repr(error))
                await asyncio.sleep(0.5)
            finally:
                await closed(STOP_S, consumer.stop())

    async def find_ends(self) -> None:
        """Where the feeds end now: what comes later is this round's."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            self._positions = await consumer.end_offsets([TopicPartition(topic, 0) for topic in self._units])
        finally:
            await closed(STOP_S, consumer.stop())

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        consumer.assign(list(self._positions))
        for partition, offset in self._positions.items():
            consumer.seek(partition, offset)
        heard = time.monotonic()
        while True:
            batches = await consumer.getmany(timeout_ms=500)
            if batches:
                heard = time.monotonic()
                await self._answer([record for records in batches.values() for record in records])
                self._positions |= {partition: records[-1].offset + 1 for partition, records in batches.items()}
            elif time.monotonic() - heard > STUCK_S:
                await self._check(consumer)
                heard = time.monotonic()

    async def _check(self, consumer: AIOKafkaConsumer) -> None:
        """A consumer can stay alive but stuck after a broker restart (aiokafka #1154): then start another."""
        ends = await within(STUCK_S, consumer.end_offsets(list(self._positions)))
        if any(ends[partition] > position for partition, position in self._positions.items()):
            raise TimeoutError("feeds have records that do not arrive")

    async def _answer(self, records: Sequence[Received]) -> None:
        replies = [reply for record in records if (reply := self._decide(record))]
        await self._publisher.publish([reply.record(self._topics, self._clock.now()) for reply in replies])
        now = time.time()
        for reply in replies:
            self._journals[reply.unit].write(Commanded(now, reply.case, reply.command, reply.verb, 0))
        self.acted += len(replies)

    def _decide(self, record: Received) -> Reply | None:
        unit = self._units[record.topic]
        try:
            return self._desks.read(unit, decode(record.value))
        except (Unreadable, msgspec.MsgspecError) as error:
            self._journals[unit].refused("feed record", 0, repr(error))
            return None
