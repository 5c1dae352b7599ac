"""A city in one process: intake's and dispatch's real doors and handlers over a log in memory, for stories."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from msgspec import Struct

from hotline.story.play import Player
from hotline.story.result import Played, Result
from hotline.story.script import Story
from hotline.story.stage import Stage, Town
from hotline.surge.desks import Reply
from hotline.surge.http import Answer
from services.dispatch.api import CasesApi
from services.dispatch.bridge import Bridge
from services.dispatch.desk import Desk
from services.dispatch.handlers import CommandHandler
from services.dispatch.numbers import Numbers
from services.dispatch.policy import load_rules
from services.dispatch.store import MemoryState, MemoryStore
from services.intake.handlers import ContactHandler
from shared.auth import issue
from shared.codes import Codes
from shared.documents import Document
from shared.events import cases as e
from shared.events import commands as c
from shared.events.envelope import Envelope, decode, raw
from shared.events.feeds import FEEDS
from shared.events.topics import LANES, Topics, lane_of
from shared.follow import Outcomes
from shared.ids import caused_command_id
from shared.policy import feed_units, load_units
from shared.privacy import unseal
from shared.records import record_of
from shared.service import install_errors
from shared.testing import FakeClock, MemoryPublisher, MemoryTransport, Stored
from tests.unit.intake.world import SECRET, SETTINGS
from tests.unit.intake.world import World as Intake
from tests.unit.intake.world import world as intake_world

POLICY = Path("policy/130100")
TOPICS = Topics("130100")
SILENCE = timedelta(minutes=30)
"""The sign limit of a P1 (deadlines.yaml)."""


class StoryClock(FakeClock):
    """Sleeping takes no time but moves domain time on."""

    def domain(self, unix_s: float) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.forward(seconds=seconds)
        await asyncio.sleep(0.001)


class ListedStore(MemoryStore):
    """With the queries of the API."""

    async def by_number(self, number: str) -> list[Document]:
        return [row for row in self.state.cases.rows.values() if row["number"] == number]

    async def page(self, query: Document, after: str, limit: int) -> list[Document]:
        return list(self.state.cases.rows.values())


class City:
    """What happens behind the doors: every record is carried to whoever reads it."""

    def __init__(self, intake: Intake, clock: StoryClock) -> None:
        self.log = intake.broker.log
        self.clock = clock
        self.messages: list[dict[str, str]] = []
        self.outcomes = Outcomes()
        self.publisher = MemoryPublisher(self.log)
        self.store = ListedStore(MemoryState())
        feeds = feed_units(POLICY)
        self._commands = CommandHandler(
            self.store, self.publisher, MemoryTransport(self.log), clock,
            topics=TOPICS, rules=load_rules(POLICY), feeds=frozenset(feeds), numbers=Numbers(self.store, "SJZ"),
        )  # fmt: skip
        self._bridge = Bridge(self.publisher, clock, TOPICS, feeds)
        self._contacts = ContactHandler(
            intake.contacts, self.publisher, TOPICS.dead_letters, intake.agents.follow, intake.missed
        )
        self._read: dict[tuple[str, int], int] = {}
        self._unsigned: dict[str, tuple[str, datetime]] = {}

    def desk(self) -> Desk:
        return Desk(self.store, self.publisher, self.outcomes, self.clock, TOPICS, Codes(POLICY))

    async def run(self) -> None:
        while True:
            await self.carry()
            await asyncio.sleep(0.001)

    async def carry(self) -> None:
        await self._accept_silence()
        for (topic, number), queue in list(self.log.topics.items()):
            start = self._read.get((topic, number), 0)
            self._read[topic, number] = len(queue)
            for record in queue[start:]:
                await self._deliver(topic, record)

    async def _deliver(self, topic: str, record: Stored) -> None:
        if topic in [TOPICS.commands(lane) for lane in LANES]:
            await self._commands.handle([record])
        elif topic.endswith(".answers"):
            await self._bridge.handle([record])
        elif topic == TOPICS.contacts:
            await self._contacts.handle([record])
        elif topic in [TOPICS.cases(lane) for lane in LANES]:
            self.outcomes.see(record)
            await self._react(decode(record.value))

    async def _react(self, event: Envelope) -> None:
        """What notify and sla do."""
        data = e.CASES.data(event)
        if isinstance(data, e.ReplyOwed):
            number = unseal(SETTINGS.seal_key.get_secret_value(), data.reporter.person.sealed)
            self.messages.append({"id": data.obligation, "to": number, "text": f"编号{data.number}：{data.answer}"})
            await self._send(event.subject, c.SettleReply(obligation=data.obligation, how="sms"), event.id)
        elif isinstance(data, e.WorkOrderIssued) and data.priority == "P1":
            self._unsigned[data.order] = (event.subject, event.time + SILENCE)
        elif isinstance(data, e.WorkOrderSigned | e.WorkOrderReturnAsked):
            self._unsigned.pop(data.order, None)

    async def _accept_silence(self) -> None:
        due = [(order, *rest) for order, rest in self._unsigned.items() if rest[1] <= self.clock.now()]
        for order, case, moment in due:
            del self._unsigned[order]
            await self._send(case, c.Breach(clock="sign", order=order, due=moment), f"breach {order}")
            await self._send(case, c.Sign(order=order, due=moment), f"sign {order}")

    async def _send(self, case: str, data: Struct, cause: str) -> None:
        kind = c.COMMANDS.type_of(data)
        command = Envelope(
            id=caused_command_id(cause, kind, case), type=kind, source="/test", subject=case,
            time=self.clock.now(), actor="service:test", data=raw(data),
        )  # fmt: skip
        await self.publisher.publish([record_of(TOPICS.commands(lane_of(case)), command)])


class MemoryDoor:
    """A surge Door over an application in this process."""

    def __init__(self, client: httpx.AsyncClient, subject: str, role: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {issue(SECRET, subject, role, 1)}"}

    async def get(self, path: str) -> Answer:
        return _answer(await self._client.get(path, headers=self._headers))

    async def post(self, path: str, body: Any, key: str = "") -> Answer:
        headers = {**self._headers, **({"Idempotency-Key": key} if key else {})}
        return _answer(await self._client.post(path, json=body, headers=headers))


def _answer(response: httpx.Response) -> Answer:
    return Answer(response.status_code, response.json(), 0.0)


class MemoryFeeds:
    """The departments' topics in the log."""

    def __init__(self, city: City) -> None:
        self._city = city

    async def order(self, unit: str, case: str) -> str:
        events = [decode(record.value) for record in self._city.log.all(TOPICS.feed(unit))]
        issued = [event for event in events if event.type == "work_order.issued.v1" and event.subject == case]
        return str(FEEDS.data(issued[-1]).order) if issued else ""

    async def send(self, reply: Reply) -> str:
        await self._city.publisher.publish([reply.record(TOPICS, self._city.clock.now())])
        return reply.command


class MemoryTown(Town):
    """A City's doors."""

    def __init__(self, city: City, clients: dict[str, httpx.AsyncClient]) -> None:
        self.units = load_units(POLICY).by_code()
        self.feeds = MemoryFeeds(city)  # type: ignore[assignment]
        self._city = city
        self._http = clients

    def door(self, service: str, subject: str, role: str) -> Any:
        return MemoryDoor(self._http[service], subject, role)

    async def messages(self) -> list[dict[str, Any]]:
        return list(self._city.messages)


@asynccontextmanager
async def stage_of(story: Story, folder: Path, alive: bool = True) -> AsyncIterator[Stage]:
    """A stage whose platform runs meanwhile; not `alive`: its doors take everything, and nothing happens."""
    clock = StoryClock(story.begins)
    async with intake_world(folder, ack_s=5, clock=clock) as intake:
        city = City(intake, clock)
        app = FastAPI()
        install_errors(app)
        app.include_router(CasesApi(SETTINGS, city.store, city.desk(), load_rules(POLICY)).router())  # type: ignore[arg-type]
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://dispatch") as dispatch:
            running = asyncio.create_task(city.run() if alive else asyncio.sleep(0))
            try:
                town = MemoryTown(city, {"intake": intake.client, "dispatch": dispatch})
                yield Stage(story, clock, {"": town, "130200": town})
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)


async def play(
    story: Story, folder: Path, *, patience_s: float = 10.0, alive: bool = True
) -> tuple[Result, list[Played]]:
    """The result, and what was said meanwhile."""
    said: list[Played] = []
    async with stage_of(story, folder, alive) as stage:
        return await Player(stage, said.append, "test", patience_s).play(), said
