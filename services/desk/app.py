"""Wiring and lifecycle of the desk: readers of cases and contacts (worker), pages and live updates (api)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from services.desk import errors
from services.desk.assets import FONT, LIBRARIES
from services.desk.clients import HttpServices
from services.desk.desk import Desk
from services.desk.domain.view import SheetView
from services.desk.handlers import READER, Handlers
from services.desk.lags import BrokerLags
from services.desk.live import Hub
from services.desk.pages_agent import agent_router
from services.desk.pages_audit import audit_router
from services.desk.pages_case import case_router
from services.desk.pages_citizen import citizen_router
from services.desk.pages_inbox import inbox_router
from services.desk.pages_missed import missed_router
from services.desk.pages_notices import notices_router
from services.desk.pages_office import office_router
from services.desk.pages_proposals import proposals_router
from services.desk.pages_replies import replies_router
from services.desk.pages_reveals import reveals_router
from services.desk.pages_session import session_router
from services.desk.pages_specials import specials_router
from services.desk.pages_supervisor import supervisor_router
from services.desk.pages_surge import surge_router
from services.desk.pages_ties import ties_router
from services.desk.pages_work import work_router
from services.desk.policy import City
from services.desk.render import HERE, Renderer
from services.desk.reveals import MongoReveals
from services.desk.session import Guard
from services.desk.store import MongoStore
from shared.bus import LATER, Bus
from shared.clock import Clock
from shared.events.topics import LANES, Topics
from shared.groups import Groups
from shared.health import health_router
from shared.mongo import connect, ping
from shared.parked import parked_router, unpark_all
from shared.producer import KafkaTransport, OrderedPublisher
from shared.settings import Settings


class DeskProcess:
    """The parts of one desk process."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.database = connect(settings, READER)
        self.store = MongoStore(self.database)
        self.reveals = MongoReveals(self.database)
        self.transport = KafkaTransport(settings.kafka)
        self.services = HttpServices(settings.urls)
        self.city = City(settings.policy)
        self.hub = Hub(self.store)
        self.bus = Bus(settings, clock, lambda: ping(self.database))
        self.topics = Topics(settings.city)
        publisher = OrderedPublisher(self.transport, clock)
        self.handlers = Handlers(SheetView(self.city.dues), self.store, publisher, self.topics.dead_letters)
        self.lags = BrokerLags(Groups(settings.kafka, settings.city), clock)
        self.desk = Desk(
            settings, clock, self.store, self.services, self.hub, self.city, Renderer(self.city, clock), self.lags,
            self.reveals,
        )  # fmt: skip
        self._live: asyncio.Task[None] | None = None

    def _subscribe(self) -> None:
        handlers = self.handlers
        for lane in LANES:
            self.bus.subscribe(f"desk.{lane}", [self.topics.cases(lane)], handlers.cases, handlers.poison, gather=LATER)
        self.bus.subscribe("desk.contacts", [self.topics.contacts], handlers.contacts, handlers.poison, gather=LATER)

    async def start(self) -> None:
        await self.store.prepare()
        await self.reveals.prepare()
        if self.settings.role in ("worker", "all"):
            await unpark_all(self.handlers.reader, self.store.collection)
            self._subscribe()
        await self.bus.start()
        if self.settings.role in ("api", "all"):
            self._live = asyncio.create_task(self.hub.run())

    async def stop(self) -> None:
        if self._live is not None:
            self._live.cancel()
            await asyncio.gather(self._live, return_exceptions=True)
        await self.bus.stop()
        await asyncio.gather(self.services.close(), self.lags.close())
        await self.transport.stop()
        self.database.client.close()

    async def ready(self) -> bool:
        return all(await asyncio.gather(self.bus.ping(), ping(self.database)))


def add_pages(app: FastAPI, desk: Desk) -> None:
    """Every page, its assets, and the guard around them."""
    errors.install(app, desk.renderer)
    for router in (
        session_router, agent_router, work_router, missed_router, inbox_router, case_router, ties_router,
        replies_router, supervisor_router, surge_router, proposals_router, reveals_router, notices_router,
        citizen_router, office_router, specials_router, audit_router,
    ):  # fmt: skip
        app.include_router(router(desk))
    for name, path in LIBRARIES.items():
        app.get(f"/lib/{name}", include_in_schema=False)(_file(path))
    app.mount("/lib/font", StaticFiles(directory=FONT, check_dir=False))
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.add_middleware(Guard)


def _file(path: Path) -> Callable[[], Awaitable[FileResponse]]:
    async def library() -> FileResponse:
        return FileResponse(path, headers={"Cache-Control": "no-cache"})

    return library


def build(settings: Settings, clock: Clock) -> FastAPI:
    """The desk's application for the role in the settings."""
    parts = DeskProcess(settings, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await parts.start()
        yield
        await parts.stop()

    app = FastAPI(title="12345 desk", version="1", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(health_router(parts.ready))
    app.include_router(parked_router(settings, parts.handlers.reader, parts.store.collection))
    if settings.role in ("api", "all"):
        add_pages(app, parts.desk)
    else:
        errors.install(app, parts.desk.renderer)
    return app
