"""Wiring and lifecycle of knowledge: the table in every replica, the door (api), first articles and sweep (worker)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import structlog
from fastapi import Depends, FastAPI

from services.knowledge.api import articles_router
from services.knowledge.bulletins_api import bulletins_router, surge_router
from services.knowledge.desk import Desk
from services.knowledge.domain import articles
from services.knowledge.domain.denied import Denied
from services.knowledge.library import Library
from services.knowledge.policy import load_articles
from services.knowledge.profiles_api import profiles_router
from services.knowledge.store import MongoStore
from shared.clock import Clock
from shared.deadlines import Profiles
from shared.events.knowledge import Article
from shared.events.topics import Topics
from shared.health import health_router
from shared.mongo import connect, ping
from shared.policy import load
from shared.producer import GroupedPublisher, KafkaTransport, OrderedPublisher, backoff
from shared.seats import load_seats
from shared.service import Problem, install_errors
from shared.settings import Settings
from shared.tables import Letters, Table

log = structlog.get_logger()
READER = "knowledge"
POLICY = "service:knowledge"
"""Who wrote the articles that a city begins with."""


class Knowledge:
    """The parts of one knowledge process."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        topics = Topics(settings.city)
        self.database = connect(settings, "knowledge")
        self.store = MongoStore(self.database)
        self.transport = KafkaTransport(settings.kafka)
        publisher = GroupedPublisher(OrderedPublisher(self.transport, clock))
        self.library = Library(clock)
        letters = Letters(settings.kafka, topics.dead_letters, READER, publisher)
        self.table = Table(settings.kafka, topics.knowledge, self.library.read, letters, self.library.settle)
        self.desk = Desk(self.store, publisher, self.library, clock, topic=topics.knowledge)
        self.seats = load_seats(settings.policy)
        self._first = load_articles(settings.policy)
        self.profiles = load(settings.policy, "profiles", Profiles)
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self.store.prepare()
        self.table.start()
        if self.settings.role in ("worker", "all"):
            self._tasks.append(asyncio.create_task(self._begin()))

    async def _begin(self) -> None:
        """The city's first articles, then the sweep."""
        attempt = 0
        while not await self._filled():
            await self._clock.sleep(backoff(attempt))
            attempt += 1
        await self.desk.watch(lambda: self.table.ready)

    async def _filled(self) -> bool:
        try:
            await self._fill()
        except Exception as error:
            log.warning("the first articles wait", error=repr(error))
            return False
        return True

    async def _fill(self) -> None:
        """Articles that are not known yet; what an editor has made of one stays."""
        for content in self._first:
            decide = partial(articles.written, content=content, by=POLICY, now=self._clock.now())
            try:
                await self.desk.put(articles.article_id(content), Article, decide, POLICY)
            except Denied as error:
                log.info("kept as it is", why=error.detail)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.table.stop()
        await self.transport.stop()
        self.database.client.close()

    async def ready(self) -> bool:
        return self.table.ready and await ping(self.database)

    def caught_up(self) -> None:
        """Raises Problem while the topic has not been read whole: half an answer may be a wrong one."""
        if not self.table.ready:
            raise Problem(503, "not_now", "the articles are being read; repeat the request", {"Retry-After": "2"})


def build(settings: Settings, clock: Clock) -> FastAPI:
    """knowledge's application for the role in the settings."""
    parts = Knowledge(settings, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await parts.start()
        yield
        await parts.stop()

    app = FastAPI(title="12345 knowledge", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    install_errors(app)
    app.include_router(health_router(parts.ready))
    if settings.role in ("api", "all"):
        whole = [Depends(parts.caught_up)]
        search = parts.library.search
        app.include_router(articles_router(settings, parts.desk, parts.store, search, clock), dependencies=whole)
        shelf = parts.library.shelf
        app.include_router(bulletins_router(settings, parts.desk, shelf, parts.seats, clock), dependencies=whole)
        app.include_router(surge_router(settings, parts.desk, parts.store, clock), dependencies=whole)
        profiles = profiles_router(settings, parts.desk, parts.store, parts.profiles, clock)
        app.include_router(profiles, dependencies=whole)
    return app
