"""Two whole hotlines without servers: dispatch and transfer over the fakes, and real signed HTTP between them."""

import asyncio
import base64
import logging
from itertools import count
from typing import Any, NamedTuple

import uvicorn
from fastapi import FastAPI
from msgspec import Struct

from hotline.keys import public_key
from hotline.ports import free_port
from services.dispatch.domain.case import Case
from services.dispatch.domain.states import state_of
from services.dispatch.handlers import CommandHandler
from services.dispatch.numbers import Numbers
from services.dispatch.policy import load_rules
from services.dispatch.store import MemoryState, read_case
from services.dispatch.store import MemoryStore as CaseStore
from services.transfer.api import partners_router
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
from services.transfer.sender import Sender
from services.transfer.signing import Signer, Verifier
from services.transfer.store import MemoryStore
from shared.calendars import load_calendar
from shared.events.commands import COMMANDS
from shared.events.envelope import Envelope, decode, raw
from shared.events.topics import Topics
from shared.ids import derive
from shared.policy import load_city
from shared.reader import CaseReader
from shared.records import record_of
from shared.service import install_errors
from shared.testing import FakeClock, MemoryLog, MemoryPublisher, MemoryTable, MemoryTransport, Process
from tests.unit.transfer.world import POLICIES

logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


class Neighbour(NamedTuple):
    """What one hotline must know of another."""

    area: str
    port: int
    sign_key: str


class Server:
    """An application behind a real port; closed at first."""

    def __init__(self, app: FastAPI, port: int) -> None:
        config = uvicorn.Config(app, port=port, ws="none", access_log=False, log_config=None)
        self._server = uvicorn.Server(config)
        self._serving: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        if self._serving is not None:
            self._server.should_exit = True
            await self._serving


class City:
    """One hotline. `pump` carries records from the log to their readers until nothing is new."""

    def __init__(self, area: str, clock: FakeClock) -> None:
        self.area, self.clock, self.topics = area, clock, Topics(area)
        self.port = free_port()
        self.sign_key = base64.b64encode(area.encode().ljust(32, b"s")).decode()
        self.seal_key = base64.b64encode(area.encode().ljust(32, b"k")).decode()
        self.log = MemoryLog()
        self.publisher = MemoryPublisher(self.log)
        self.cases, self.table = MemoryState(), MemoryTable()
        self._read: dict[tuple[str, int], int] = {}
        self._said = count()
        store, folder = CaseStore(self.cases), POLICIES / area
        self.dispatch = CommandHandler(
            store, self.publisher, MemoryTransport(self.log), clock, topics=self.topics, rules=load_rules(folder),
            feeds=frozenset(), numbers=Numbers(store, load_city(folder).number_prefix),
        )  # fmt: skip

    @property
    def neighbour(self) -> Neighbour:
        return Neighbour(self.area, self.port, self.sign_key)

    def meet(self, *others: Neighbour) -> None:
        """Get addresses and public keys, and start the transfer service."""
        self.store = MemoryStore(self.table)
        self.outbox, policy = Outbox(self.topics, self.clock), load_transfer(POLICIES / self.area)
        urls = {one.area: f"http://127.0.0.1:{one.port}" for one in others}
        self.partners = HttpPartners(urls, Signer(self.area, self.sign_key, self.clock))
        self.sender = Sender(
            "normal", self.store, self.partners, self.publisher, self.clock,
            composer=Composer(self.area, self.seal_key), outbox=self.outbox, waits=policy.waits, owned=lambda: {0, 1},
        )  # fmt: skip
        view = TransfersView(policy.deadlines(load_calendar(POLICIES / self.area)), policy.progress)
        reader = CaseReader[Transfers](view, self.store.cases, self.publisher, self.topics.dead_letters)
        self.transfer = CasesHandler(reader, self.publisher, self.topics.dead_letters)
        self.transfer.sender = self.sender
        self.backs = HandBacks(self.store, self.publisher, self.clock, self.outbox)
        self.people = People(self.store, self.backs, self.partners, policy)
        self.process = Process()
        self.process.spawn(self.sender.work())
        self.server = Server(self._app({one.area: public_key(one.sign_key) for one in others}), self.port)

    def _app(self, keys: dict[str, str]) -> FastAPI:
        reception = Reception(
            self.area, self.store, self.publisher, self.clock, self.outbox,
            backs=self.backs, seal_key=self.seal_key, ref_key="r",
        )  # fmt: skip
        app = FastAPI()
        install_errors(app)
        app.include_router(partners_router(reception, Verifier(keys, self.clock, self.store)))
        return app

    async def close(self) -> None:
        self.process.crash()
        await self.partners.close()
        await self.server.close()

    def say(self, case: str, data: Struct, actor: str = "supervisor:s") -> None:
        """A command of somebody here."""
        envelope = Envelope(
            id=derive("test", self.area, next(self._said)), type=COMMANDS.type_of(data),
            source="/test", subject=case, time=self.clock.now(), actor=actor, data=raw(data),
        )  # fmt: skip
        self.log.produce(record_of(self.topics.commands("normal"), envelope))

    async def pump(self) -> bool:
        """Hand every new record to its reader; whether there were any."""
        moved = False
        for (topic, number), queue in sorted(self.log.topics.items()):
            new = queue[self._read.get((topic, number), 0) :]
            self._read[topic, number] = len(queue)
            if new and topic.startswith(f"{self.area}.commands"):
                await self.dispatch.handle(new)
            elif new and topic.startswith(f"{self.area}.cases"):
                await self.transfer.handle(new)
            moved = moved or bool(new)
        await self.sender.scan()
        await self.sender.idle()
        return moved

    def case(self, case: str) -> Case:
        return read_case(self.cases.cases.rows[case])

    def state(self, case: str) -> str:
        return state_of(self.case(case))

    def only_case(self) -> str:
        (case,) = self.cases.cases.rows
        return str(case)

    def events(self, case: str) -> list[str]:
        """Types of the case's events in order, each sequence once."""
        found = [decode(s.value) for lane in ("normal", "urgent") for s in self.log.all(f"{self.area}.cases.{lane}")]
        by_sequence = {one.sequence: one.type for one in found if one.subject == case}
        return [by_sequence[number] for number in sorted(by_sequence)]


async def settle(*cities: City, rounds: int = 12) -> None:
    """Until nothing moves any more; between rounds time passes, so that what waits is tried again."""
    for _ in range(rounds):
        moved: list[Any] = [await city.pump() for city in cities]
        if not any(moved):
            cities[0].clock.forward(seconds=61)
