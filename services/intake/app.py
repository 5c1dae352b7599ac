"""Wiring and lifecycle of intake: the API role takes requests, the worker role keeps the contacts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from fastapi import FastAPI

from services.intake.accept import Acceptor
from services.intake.agents import Agents
from services.intake.api import IntakeApi
from services.intake.door import Door
from services.intake.guidance import Guidance
from services.intake.handlers import READER, ContactHandler
from services.intake.missed import MissedCalls
from services.intake.missed_store import MongoMissed
from services.intake.outbound_api import OutboundApi
from services.intake.policy import load_ivr, load_lanes, load_outbound
from services.intake.spool import Spool
from services.intake.spool_api import SpoolApi
from services.intake.store import MongoAgents, MongoContacts
from shared.away import AWAY
from shared.bus import AT_LEISURE, Bus
from shared.clock import Clock
from shared.events.topics import LANES, Topics
from shared.health import health_router
from shared.mongo import connect, ping
from shared.plain import Shortcut
from shared.policy import load_city
from shared.producer import KafkaTransport, OrderedPublisher, backoff
from shared.seats import load_seats
from shared.service import install_errors
from shared.settings import Settings
from shared.shelf import Shelf
from shared.tables import Letters, Table
from shared.tasks import end

log = structlog.get_logger()
MB = 1024 * 1024


class Worker:
    """Keeps the contacts' documents. It starts when the broker is there; the door does not wait for it."""

    def __init__(
        self, settings: Settings, clock: Clock, transport: KafkaTransport, database: Any, agents: Agents
    ) -> None:
        self._settings = settings
        self._clock = clock
        topics = Topics(settings.city)
        self._topic = topics.contacts
        self._transport = transport
        publisher = OrderedPublisher(transport, clock)
        self._missed = MongoMissed(database)
        self._handler = ContactHandler(
            MongoContacts(database), publisher, topics.dead_letters, agents.follow,
            MissedCalls(self._missed, load_outbound(settings.policy).call_back),
        )  # fmt: skip
        self._bus: Bus | None = None
        self._stopping = False
        self._starting: asyncio.Task[None] | None = None
        self._database = database

    def start(self) -> None:
        self._starting = asyncio.create_task(self._start())

    async def _start(self) -> None:
        attempt = 0
        while self._bus is None and not self._stopping:
            try:
                await self._transport.partitions(self._topic)
                await self._missed.prepare()
                self._bus = await self._subscribed()
            except (KafkaError, *AWAY) as error:
                log.warning("the worker waits for the broker", error=repr(error))
                await self._clock.sleep(backoff(attempt))
                attempt += 1

    async def _subscribed(self) -> Bus:
        bus = Bus(self._settings, self._clock, self._store_answers)
        bus.subscribe(READER, [self._topic], self._handler.handle, self._handler.poison, gather=AT_LEISURE)
        try:
            await bus.start()
        except BaseException:
            await bus.stop()
            raise
        return bus

    async def stop(self) -> None:
        # A cancellation can get lost inside the Kafka client, so the loop looks at this too.
        self._stopping = True
        if self._starting is not None:
            await end([self._starting])
        if self._bus is not None:
            await self._bus.stop()

    async def ready(self) -> bool:
        return self._bus is not None and all(await asyncio.gather(self._bus.ping(), self._store_answers()))

    async def _store_answers(self) -> bool:
        return await ping(self._database)


class Intake:
    """The parts of one intake process."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.is_door = settings.role in ("api", "all")
        self.is_worker = settings.role in ("worker", "all")
        self.database = connect(settings, "intake")
        self.contacts = MongoContacts(self.database)
        self.transport = KafkaTransport(settings.kafka)
        spools = {lane: Spool(settings.state_dir, lane, settings.spool_max_mb * MB) for lane in LANES}
        self.acceptor = Acceptor(self.transport, spools, clock)
        self.shelf = Shelf()
        topics = Topics(settings.city)
        letters = Letters(settings.kafka, topics.dead_letters, READER, OrderedPublisher(self.transport, clock))
        self.table = Table(settings.kafka, topics.knowledge, self.shelf.read, letters)
        ivr, seats = load_ivr(settings.policy), load_seats(settings.policy)
        self.guidance = Guidance(ivr, seats, self.shelf, clock, lambda: self.table.ready)
        self.agents = Agents(MongoAgents(self.database), self.guidance, clock)
        self.worker = Worker(settings, clock, self.transport, self.database, self.agents)
        self._watching: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        if self.is_door:
            await self.acceptor.start()
            self.table.start()
            self._watching = [asyncio.create_task(self.agents.watch())]
        if self.is_worker:
            self.worker.start()

    async def stop(self) -> None:
        await end(self._watching)
        if self.is_door:
            await self.acceptor.stop()
            await self.table.stop()
        await self.worker.stop()
        await self.transport.stop()
        self.database.client.close()

    async def ready(self) -> bool:
        return self.acceptor.ready() if self.is_door else await self.worker.ready()


def build(settings: Settings, clock: Clock) -> FastAPI:
    """intake's application for the role in the settings."""
    parts = Intake(settings, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await parts.start()
        yield
        await parts.stop()

    app = FastAPI(title="12345 intake", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    install_errors(app)
    if parts.is_door:
        door = Door(
            settings,
            clock,
            parts.acceptor,
            parts.guidance,
            lanes=load_lanes(settings.policy),
            area=load_city(settings.policy).area_code,
            quiet=load_outbound(settings.policy).quiet,
        )
        api = IntakeApi(settings, door, contacts=parts.contacts, guidance=parts.guidance, agents=parts.agents)
        app.include_router(api.router())
        app.include_router(OutboundApi(settings, door, MongoMissed(parts.database)).router())
        app.include_router(SpoolApi(settings, parts.acceptor.spools).router())
        app.add_middleware(Shortcut, busy=api.busy())
    app.include_router(health_router(parts.ready))
    return app
