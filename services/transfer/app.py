"""Wiring and lifecycle of transfer: per lane a reader, a sender and timers (worker); doors for partners and people."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.transfer.api import partners_router, people_router
from services.transfer.composer import Composer
from services.transfer.domain.state import Transfers
from services.transfer.domain.view import TransfersView
from services.transfer.handback import HandBacks
from services.transfer.handlers import CasesHandler
from services.transfer.outbox import Outbox
from services.transfer.partners import HttpPartners
from services.transfer.people import People
from services.transfer.policy import load_transfer
from services.transfer.reception import Reception
from services.transfer.sender import WORKERS, Sender
from services.transfer.signing import Signer, Verifier
from services.transfer.store import MongoStore
from services.transfer.timers import Timers
from shared.bus import SOON, Bus, Subscription
from shared.calendars import load_calendar
from shared.clock import Clock
from shared.events.topics import LANES, Lane, Topics
from shared.health import health_router
from shared.mongo import connect, ping
from shared.parked import parked_router, unpark_all
from shared.producer import GroupedPublisher, KafkaTransport, OrderedPublisher
from shared.reader import CaseReader
from shared.service import install_errors
from shared.settings import Settings


class Transfer:
    """The parts of one transfer process."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.topics = Topics(settings.city)
        self.database = connect(settings, "transfer")
        self.store = MongoStore(self.database)
        self.transport = KafkaTransport(settings.kafka)
        self.publisher = OrderedPublisher(self.transport, clock)
        self.grouped = GroupedPublisher(self.publisher)
        self.outbox = Outbox(self.topics, clock)
        self.bus = Bus(settings, clock, lambda: ping(self.database))
        self.policy = load_transfer(settings.policy)
        signer = Signer(settings.city, settings.key("sign_key"), clock)
        self._composer = Composer(settings.city, settings.key("seal_key"))
        self.partners = HttpPartners(settings.partners, signer)
        view = TransfersView(self.policy.deadlines(load_calendar(settings.policy)), self.policy.progress)
        self.reader = CaseReader[Transfers](view, self.store.cases, self.publisher, self.topics.dead_letters)
        self._clock = clock
        self._senders: list[Sender] = []
        self._timers: list[Timers] = []
        self._tasks: list[asyncio.Task[None]] = []

    def doors(self) -> tuple[Reception, Verifier, People]:
        """For partners, and for people."""
        settings, backs = self.settings, HandBacks(self.store, self.grouped, self._clock, self.outbox)
        reception = Reception(
            settings.city, self.store, self.grouped, self._clock, self.outbox,
            backs=backs, seal_key=settings.key("seal_key"), ref_key=settings.key("ref_key"),
        )  # fmt: skip
        people = People(self.store, backs, self.partners, self.policy)
        return reception, Verifier(settings.partner_keys, self._clock, self.store), people

    def _lane(self, lane: Lane) -> None:
        handler = CasesHandler(self.reader, self.publisher, self.topics.dead_letters)
        read = self.bus.subscribe(
            f"transfer.{lane}", [self.topics.cases(lane)], handler.handle, handler.poison, gather=SOON
        )
        handler.sender = Sender(
            lane, self.store, self.partners, self.grouped, self._clock,
            composer=self._composer,
            outbox=self.outbox,
            waits=self.policy.waits,
            owned=lambda: {partition.partition for partition in read.owned()},
        )  # fmt: skip
        self._senders.append(handler.sender)

        async def horizons() -> dict[int, float]:
            return await _horizons(read, self._clock.real())

        self._timers.append(
            Timers(lane, self.store, self.publisher, self._clock, outbox=self.outbox, horizons=horizons)
        )

    async def start(self) -> None:
        await self.store.prepare()
        if self.settings.role in ("worker", "all"):
            await unpark_all(self.reader, self.store.collection)
            for lane in LANES:
                self._lane(lane)
        await self.bus.start()
        for sender in self._senders:
            self._tasks.append(asyncio.create_task(sender.watch()))
            self._tasks += [asyncio.create_task(sender.work()) for _ in range(WORKERS)]
        self._tasks += [asyncio.create_task(timers.run()) for timers in self._timers]

    async def stop(self) -> None:
        """The batch in flight is committed and requests under way get their answer, within the drain time."""
        await asyncio.gather(*(sender.drain(self.settings.drain_s) for sender in self._senders), self.bus.stop())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.partners.close()
        await self.transport.stop()
        self.database.client.close()

    async def ready(self) -> bool:
        return all(await asyncio.gather(self.bus.ping(), ping(self.database)))


async def _horizons(read: Subscription, now: float) -> dict[int, float]:
    return {partition.partition: await read.read_up_to(partition, now) for partition in read.owned()}


def build(settings: Settings, clock: Clock) -> FastAPI:
    """transfer's application for the role in the settings."""
    parts = Transfer(settings, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await parts.start()
        yield
        await parts.stop()

    app = FastAPI(title="12345 transfer", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    install_errors(app)
    app.include_router(health_router(parts.ready))
    app.include_router(parked_router(settings, parts.reader, parts.store.collection))
    if settings.role in ("api", "all"):
        reception, verifier, people = parts.doors()
        app.include_router(people_router(settings, people))
        app.include_router(partners_router(reception, verifier))
    return app
