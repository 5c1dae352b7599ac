"""How far the platform is, cheaply: cases by state from the database, lag by group from the broker."""

import asyncio
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from motor.motor_asyncio import AsyncIOMotorClient
from msgspec import Struct, field
from pymongo.errors import PyMongoError

from shared.settings import Settings
from shared.tasks import closed

log = structlog.get_logger()
BROKER_S = 5.0
OPEN_STATES = (
    "PENDING_DISPATCH", "DISPATCHED", "HANDLING", "PENDING_AUDIT", "PENDING_REPLY", "PENDING_CALLBACK",
    "REOPEN_REQUESTED", "TRANSFERRED",
)  # fmt: skip


class Status(Struct, frozen=True, kw_only=True):
    """`cases` in dispatch's database, those that are open by state, waiting commands, and records behind by group."""

    cases: int = 0
    states: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    lag: dict[str, int] = field(default_factory=dict)
    known: bool = False
    """Broker and database answered."""

    @property
    def open(self) -> int:
        return sum(self.states.values())

    @property
    def at_rest(self) -> bool:
        return self.known and not self.open and not self.waiting and not any(self.lag.values())


class Monitor:
    """Looks at one city."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Any = AsyncIOMotorClient(settings.mongo, serverSelectionTimeoutMS=1500, socketTimeoutMS=5000)
        self._broker: tuple[Any, Any] | None = None
        self._last = Status()

    async def look(self) -> Status:
        """The present status, or the last one, marked unknown, while a server is away."""
        try:
            self._last = await self._read()
        except (PyMongoError, KafkaError, OSError, TimeoutError) as error:
            log.debug("status unknown", error=repr(error))
            self._last = Status(cases=self._last.cases, states=self._last.states, lag=self._last.lag)
        return self._last

    async def _read(self) -> Status:
        dispatch = self._client[self._settings.database("dispatch")]
        counts = {state: await dispatch.cases.count_documents({"state": state}) for state in OPEN_STATES}
        return Status(
            cases=await dispatch.cases.estimated_document_count(),
            states={state: count for state, count in counts.items() if count},
            waiting=await dispatch.waiting.estimated_document_count(),
            lag=await self.lag(),
            known=True,
        )

    async def lag(self) -> dict[str, int]:
        """Records behind the end, by consumer group of this city."""
        if self._broker is None:
            self._broker = await _connect(self._settings.kafka)
        admin, consumer = self._broker
        try:
            async with asyncio.timeout(BROKER_S):
                groups = [group for group, *_ in await admin.list_consumer_groups() if self._settings.city in group]
                return {group: await _behind(admin, consumer, group) for group in sorted(groups)}
        except (KafkaError, OSError, TimeoutError):
            await self._leave_broker()
            raise

    async def _leave_broker(self) -> None:
        """After an outage a new connection is surer than the old one."""
        broker, self._broker = self._broker, None
        await _close(broker)

    async def stuck(self, limit: int = 10) -> list[str]:
        """Some open cases with their states, for the person who asks why nothing moves."""
        dispatch = self._client[self._settings.database("dispatch")]
        try:
            rows = await dispatch.cases.find({"state": {"$ne": "CLOSED"}}, {"state": 1}).limit(limit).to_list(None)
        except PyMongoError as error:
            return [f"the database does not answer: {error!r}"]
        return [f"{row['_id']} {row['state']}" for row in rows]

    async def close(self) -> None:
        self._client.close()
        await self._leave_broker()


async def _connect(bootstrap: str) -> tuple[Any, Any]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=3000)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, request_timeout_ms=3000)
    try:
        async with asyncio.timeout(BROKER_S):
            await admin.start()
            await consumer.start()
    except BaseException:
        await _close((admin, consumer))
        raise
    return admin, consumer


async def _close(broker: tuple[Any, Any] | None) -> None:
    for one, stop in zip(broker or (), ("close", "stop"), strict=False):
        await closed(BROKER_S, getattr(one, stop)())


async def _behind(admin: Any, consumer: Any, group: str) -> int:
    committed = await admin.list_consumer_group_offsets(group)
    ends = await consumer.end_offsets(list(committed))
    return sum(max(0, end - max(0, committed[partition].offset)) for partition, end in ends.items())
