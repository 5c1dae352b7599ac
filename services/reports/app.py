"""Wiring and lifecycle of reports: the readers of cases and contacts (worker), and the door for the office (api)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.reports.api import figures_router, rebuild_router
from services.reports.generations import Generations
from services.reports.issues import MongoIssues
from services.reports.issues_api import issues_router
from services.reports.knowledge import KnowledgeBook
from services.reports.numbers import MongoNumbers
from services.reports.office import Office
from services.reports.policy import load_report, load_words
from services.reports.pool import WorkerProcess
from services.reports.press import Press
from services.reports.reading import Reading
from services.reports.specials import MongoSpecials, SpecialDesk
from services.reports.specials_api import specials_router
from services.reports.store import MongoStore
from shared.clock import Clock
from shared.events.topics import Topics
from shared.groups import Groups
from shared.health import health_router
from shared.mongo import connect, ping
from shared.parked import parked_router
from shared.producer import KafkaTransport, OrderedPublisher
from shared.seats import load_seats
from shared.service import install_errors
from shared.settings import Settings
from shared.tables import Letters, Table
from shared.tasks import end


class Reports:
    """The parts of one reports process."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        file, seats = load_report(settings.policy), load_seats(settings.policy)
        self.database = connect(settings, "reports")
        self.transport = KafkaTransport(settings.kafka)
        publisher = OrderedPublisher(self.transport, clock)
        self.book = MongoNumbers(self.database)
        self.groups = Groups(settings.kafka, settings.city)
        self.generations = Generations(
            self.book,
            lambda number: Reading(number, self.database, publisher, settings, clock),
            lambda number: MongoStore(self.database, number),
            clock,
            works=settings.role in ("worker", "all"),
            leave=self.groups.leave,
        )
        self.issues = MongoIssues(self.database)
        self.worker = WorkerProcess()
        self.office = Office(lambda: self.generations.served, self.issues, file, clock, self.worker, seats)
        self.table = self._table(settings, publisher, clock)
        store = MongoSpecials(self.database)
        self.specials, self._store = SpecialDesk(lambda: self.generations.served, store, self.office, clock), store
        self._works = settings.role in ("worker", "all")
        self._watching: list[asyncio.Task[None]] = []
        self.press = Press(file, load_words(settings.policy, file), settings.fonts)

    def _table(self, settings: Settings, publisher: OrderedPublisher, clock: Clock) -> Table:
        topics = Topics(settings.city)
        letters = Letters(settings.kafka, topics.dead_letters, "reports.knowledge", publisher)
        book = KnowledgeBook(self.generations.served.knowledge, clock)
        return Table(settings.kafka, topics.knowledge, book.read, letters, book.write)

    async def start(self) -> None:
        await self.issues.prepare()
        await self._store.prepare()
        await self.generations.start()
        if self._works:
            self.table.start()
            self._watching = [asyncio.create_task(self.specials.watch())]

    async def stop(self) -> None:
        await end(self._watching)
        await self.table.stop()
        await self.generations.stop()
        await self.groups.close()
        await self.transport.stop()
        await self.worker.stop()
        self.database.client.close()

    async def ready(self) -> bool:
        return all(await asyncio.gather(self.generations.ping(), ping(self.database)))


def build(settings: Settings, clock: Clock) -> FastAPI:
    """reports' application for the role in the settings."""
    parts = Reports(settings, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await parts.start()
        yield
        await parts.stop()

    app = FastAPI(title="12345 reports", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    install_errors(app)
    app.include_router(health_router(parts.ready))
    app.include_router(parked_router(settings, parts.generations, parts.generations))
    app.include_router(rebuild_router(settings, parts.book))
    if settings.role in ("api", "all"):
        app.include_router(figures_router(settings, parts.office))
        app.include_router(issues_router(settings, parts.office, parts.press))
        app.include_router(specials_router(settings, parts.specials, parts.office, parts.press))
    return app
