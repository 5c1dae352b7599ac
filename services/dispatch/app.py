"""Wiring and lifecycle of dispatch: the API role follows outcomes, the worker role decides."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.dispatch.api import CasesApi
from services.dispatch.bridge import Bridge
from services.dispatch.desk import Desk
from services.dispatch.domain.likeness import DuplicatesPolicy
from services.dispatch.duplicates import Duplicates
from services.dispatch.handlers import READER, CommandHandler
from services.dispatch.keepers import watch_unkept
from services.dispatch.links import LinksHandler
from services.dispatch.numbers import Numbers
from services.dispatch.past import MongoPast
from services.dispatch.policy import keeper_within, load_router, load_rules, load_topics
from services.dispatch.profiles import Switchboard
from services.dispatch.proposer import Proposer
from services.dispatch.routing_api import routing_router
from services.dispatch.store import MongoStore
from services.dispatch.sweeper import Sweeper
from services.dispatch.ties_api import TiesApi
from services.dispatch.waiting_api import waiting_router
from services.dispatch.walker import Walker
from services.dispatch.walks import MongoWalks
from shared.bus import SOON, Bus
from shared.clock import Clock
from shared.codes import Codes
from shared.events.topics import LANES, Topics
from shared.follow import Outcomes, follow
from shared.health import health_router
from shared.mongo import connect, ping
from shared.plain import Shortcut
from shared.policy import feed_units, load, load_city
from shared.producer import GroupedPublisher, KafkaTransport, OrderedPublisher
from shared.records import Received
from shared.service import install_errors
from shared.settings import Settings
from shared.tables import Letters, Table
from shared.tasks import end


class Dispatch:
    """The parts of one dispatch process."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.database = connect(settings, "dispatch")
        self.store = MongoStore(self.database)
        self.topics = Topics(settings.city)
        self.transport = KafkaTransport(settings.kafka)
        self.publisher = OrderedPublisher(self.transport, clock)
        self.outcomes = Outcomes()
        self.bus = Bus(settings, clock, lambda: ping(self.database))
        self.desk = Desk(
            self.store, GroupedPublisher(self.publisher), self.outcomes, clock, self.topics, Codes(settings.policy)
        )
        self.rules = load_rules(settings.policy)
        self.duplicates = Duplicates(self.store, load(settings.policy, "duplicates", DuplicatesPolicy))
        self.walks = MongoWalks(self.database)
        self.walker = Walker(self.walks, self.publisher, clock, self.topics)
        self.sweeper = Sweeper(self.store, self.publisher, clock, self.topics)
        letters = Letters(settings.kafka, self.topics.dead_letters, READER, self.publisher)
        self.switches = Switchboard(lambda: self.table.ready)
        self.table = Table(settings.kafka, self.topics.knowledge, self.switches.read, letters)
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []

    def subscribe(self) -> None:
        """Two consumers per lane, of commands and of events, and one for the departments' answers."""
        policy = self.settings.policy
        feeds = feed_units(policy)
        handler = CommandHandler(
            self.store,
            self.publisher,
            self.transport,
            self._clock,
            topics=self.topics,
            rules=self.rules,
            feeds=frozenset(feeds),
            numbers=Numbers(self.store, load_city(policy).number_prefix),
            active=self.switches.active,
        )
        for lane in LANES:
            self.bus.subscribe(f"dispatch.{lane}", [self.topics.commands(lane)], handler.handle, handler.poison)
        links = LinksHandler(self.store, self.walks, self.publisher, self.topics)
        for lane in LANES:
            self.bus.subscribe(
                f"dispatch.links.{lane}", [self.topics.cases(lane)], links.handle, links.poison, gather=SOON
            )
        bridge = Bridge(self.publisher, self._clock, self.topics, feeds)
        answers = [self.topics.answers(unit) for unit in feeds]
        if answers:
            self.bus.subscribe("dispatch.bridge", answers, bridge.handle, bridge.poison, gather=SOON)

    async def start(self) -> None:
        role = self.settings.role
        await self.store.prepare()
        await self.walks.prepare()
        if role in ("api", "all"):
            cases = [self.topics.cases(lane) for lane in LANES]
            self._tasks.append(asyncio.create_task(follow(self.settings.kafka, cases, self._see)))
            self._tasks.append(asyncio.create_task(self.duplicates.run()))
        if role in ("worker", "all"):
            self.table.start()
            self.subscribe()
            within = keeper_within(self.settings.policy)
            own = (self.sweeper.run(), self.walker.run(), watch_unkept(self.store, self._clock, within))
            self._tasks += [asyncio.create_task(one) for one in own]
        await self.bus.start()

    def _see(self, record: Received) -> None:
        self.outcomes.see(record)
        self.duplicates.see(record)
        self.desk.see(record)

    async def stop(self) -> None:
        await self.bus.stop()
        await self.table.stop()
        await end(self._tasks)
        await self.transport.stop()
        self.database.client.close()

    async def ready(self) -> bool:
        return all(await asyncio.gather(self.bus.ping(), ping(self.database)))


def build(settings: Settings, clock: Clock) -> FastAPI:
    """dispatch's application for the role in the settings."""
    parts = Dispatch(settings, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await parts.start()
        yield
        await parts.stop()

    app = FastAPI(title="12345 dispatch", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    install_errors(app)
    app.include_router(health_router(parts.ready))
    if settings.role in ("api", "all"):
        ties = TiesApi(settings, parts.store, parts.walks, parts.duplicates, clock, parts.rules)
        cases = CasesApi(settings, parts.store, parts.desk, parts.rules)
        for api in (ties, cases):
            app.include_router(api.router())
        app.add_middleware(Shortcut, busy={**cases.busy(), **ties.busy()})
        router = load_router(settings.policy)
        proposer = Proposer(settings.topic_model, load_topics(settings.policy), router)
        app.include_router(waiting_router(settings, parts.store))
        app.include_router(routing_router(settings, clock, router, MongoPast(parts.database), proposer))
    return app
