"""Wiring and lifecycle of notify: per lane a reader and a payer (worker), and the door for persons (api)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI

from services.notify.api import obligations_router
from services.notify.desk import Desk
from services.notify.domain.debts import Debts
from services.notify.domain.view import DebtsView
from services.notify.gateway import HttpGateway
from services.notify.handlers import OwedHandler
from services.notify.outbox import Outbox
from services.notify.payer import WORKERS, Payer
from services.notify.policy import load_messages
from services.notify.store import MongoStore, Store
from shared import names
from shared.away import AWAY
from shared.bus import SOON, Bus, Subscription
from shared.clock import Clock
from shared.events.topics import LANES, Lane, Topics
from shared.health import health_router
from shared.mongo import connect, ping
from shared.parked import parked_router, unpark_all
from shared.producer import GroupedPublisher, KafkaTransport, OrderedPublisher
from shared.reader import CaseReader
from shared.service import install_errors
from shared.settings import Settings
from shared.tasks import end

log = structlog.get_logger()
COUNT_S = 15.0


class Notify:
    """The parts of one notify process."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.topics = Topics(settings.city)
        self.database = connect(settings, "notify")
        self.store = MongoStore(self.database)
        self.transport = KafkaTransport(settings.kafka)
        self.publisher = OrderedPublisher(self.transport, clock)
        self.grouped = GroupedPublisher(self.publisher)
        self.outbox = Outbox(self.topics, clock)
        self.bus = Bus(settings, clock, lambda: ping(self.database))
        self.gateway = HttpGateway(settings.sms_gateway)
        self.reader = CaseReader[Debts](DebtsView(), self.store.cases, self.publisher, self.topics.dead_letters)
        self.payers: list[Payer] = []
        self._messages = load_messages(settings.policy)
        self._seal_key = settings.key("seal_key")
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []

    def _lane(self, lane: Lane) -> None:
        handler = OwedHandler(self.store.cases, self.publisher, self.topics.dead_letters)
        read = self.bus.subscribe(
            f"notify.{lane}", [self.topics.cases(lane)], handler.handle, handler.poison, gather=SOON
        )
        handler.payer = self._payer(lane, read)
        self.payers.append(handler.payer)

    def _payer(self, lane: Lane, read: Subscription) -> Payer:
        return Payer(
            lane,
            self.store,
            self.gateway,
            self.grouped,
            self._clock,
            messages=self._messages,
            outbox=self.outbox,
            seal_key=self._seal_key,
            owned=lambda: {partition.partition for partition in read.owned()},
        )

    async def start(self) -> None:
        await self.store.prepare()
        if self.settings.role in ("worker", "all"):
            await unpark_all(self.reader, self.store.collection)
            for lane in LANES:
                self._lane(lane)
            self._tasks.append(asyncio.create_task(show_waiting(self.store, self._clock)))
        await self.bus.start()
        for payer in self.payers:
            self._tasks.append(asyncio.create_task(payer.watch()))
            self._tasks += [asyncio.create_task(payer.work()) for _ in range(WORKERS)]

    async def stop(self) -> None:
        """The batch in flight is committed and messages under way get their answer, within the drain time."""
        await asyncio.gather(*(payer.drain(self.settings.drain_s) for payer in self.payers), self.bus.stop())
        await end(self._tasks)
        await self.gateway.close()
        await self.transport.stop()
        self.database.client.close()

    async def ready(self) -> bool:
        return all(await asyncio.gather(self.bus.ping(), ping(self.database)))


async def show_waiting(store: Store, clock: Clock) -> None:
    """For the alerts: how many cases owe a reply, for ever."""
    while True:
        try:
            for state, count in (await store.counts()).items():
                names.REPLIES_WAITING.labels(state).set(count)
        except AWAY as error:
            log.warning("database away; nothing is counted", error=repr(error))
        except Exception:
            log.exception("nothing is counted")
        await clock.sleep(COUNT_S)


def build(settings: Settings, clock: Clock) -> FastAPI:
    """notify's application for the role in the settings."""
    parts = Notify(settings, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await parts.start()
        yield
        await parts.stop()

    app = FastAPI(title="12345 notify", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    install_errors(app)
    app.include_router(health_router(parts.ready))
    app.include_router(parked_router(settings, parts.reader, parts.store.collection))
    if settings.role in ("api", "all"):
        desk = Desk(parts.store, parts.grouped, parts.outbox, clock)
        app.include_router(obligations_router(settings, desk))
    return app
