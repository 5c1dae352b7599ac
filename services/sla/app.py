"""Wiring and lifecycle of sla: per lane a reader and its timers (worker), and the door for people (api)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from services.sla.api import clocks_router, notices_router
from services.sla.domain.clocks import Clocks
from services.sla.domain.view import ClocksView
from services.sla.notices import MongoNotices
from services.sla.policy import load_schedule
from services.sla.recount import recount
from services.sla.store import MongoStore
from services.sla.timers import Timers
from shared.bus import SOON, Bus, Subscription
from shared.clock import Clock
from shared.deadletters import Writer
from shared.events.topics import LANES, Lane, Topics
from shared.health import health_router
from shared.mongo import connect, ping
from shared.parked import parked_router, unpark_all
from shared.producer import KafkaTransport, OrderedPublisher
from shared.reader import CaseReader
from shared.records import Received
from shared.service import install_errors
from shared.settings import Settings
from shared.tasks import end

_LETTERS = Writer("sla")


class Sla:
    """The parts of one sla process."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.topics = Topics(settings.city)
        self.database = connect(settings, "sla")
        self.store = MongoStore(self.database)
        self.transport = KafkaTransport(settings.kafka)
        self.publisher = OrderedPublisher(self.transport, clock)
        self.bus = Bus(settings, clock, lambda: ping(self.database))
        self.schedule = load_schedule(settings.policy)
        self.notices = MongoNotices(self.store.notices, self.schedule.ladder.digest_every)
        view = ClocksView(self.schedule)
        self.reader = CaseReader[Clocks](view, self.store.cases, self.publisher, self.topics.dead_letters)
        self._clock = clock
        self._timers: list[Timers] = []
        self._tasks: list[asyncio.Task[Any]] = []

    async def handle(self, records: Sequence[Received]) -> None:
        await self.reader.handle(records)

    async def poison(self, record: Received, error: Exception) -> None:
        """A record that raised three times alone."""
        await self.publisher.publish([_LETTERS.letter(self.topics.dead_letters, record, repr(error))])

    def _lane(self, lane: Lane) -> None:
        read = self.bus.subscribe(f"sla.{lane}", [self.topics.cases(lane)], self.handle, self.poison, gather=SOON)

        async def horizons() -> dict[int, float]:
            return await _horizons(read, self._clock.real())

        timers = Timers(
            lane, self.store, self.publisher, self._clock,
            topics=self.topics, horizons=horizons, schedule=self.schedule, notices=self.notices,
        )  # fmt: skip
        self._timers.append(timers)

    async def start(self) -> None:
        await self.store.prepare()
        await self.notices.prepare()
        if self.settings.role in ("worker", "all"):
            await unpark_all(self.reader, self.store.collection)
            for lane in LANES:
                self._lane(lane)
        await self.bus.start()
        self._tasks = [asyncio.create_task(timers.run()) for timers in self._timers]
        if self._timers:
            self._tasks.append(asyncio.create_task(recount(self.store, self.schedule, self._clock)))

    async def stop(self) -> None:
        await end(self._tasks)
        await self.bus.stop()
        await self.transport.stop()
        self.database.client.close()

    async def ready(self) -> bool:
        return all(await asyncio.gather(self.bus.ping(), ping(self.database)))


async def _horizons(read: Subscription, now: float) -> dict[int, float]:
    return {partition.partition: await read.read_up_to(partition, now) for partition in read.owned()}


def build(settings: Settings, clock: Clock) -> FastAPI:
    """sla's application for the role in the settings."""
    parts = Sla(settings, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await parts.start()
        yield
        await parts.stop()

    app = FastAPI(title="12345 sla", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    install_errors(app)
    app.include_router(health_router(parts.ready))
    app.include_router(parked_router(settings, parts.reader, parts.store.collection))
    if settings.role in ("api", "all"):
        app.include_router(clocks_router(settings, parts.store, parts.schedule, clock))
        app.include_router(notices_router(settings, parts.notices))
    return app
