"""intake in memory: its real door and acceptor over a log in memory and spools in a temporary folder."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from services.intake.accept import Acceptor
from services.intake.agents import Agents
from services.intake.api import IntakeApi
from services.intake.door import Door
from services.intake.guidance import Guidance
from services.intake.missed import MissedCalls
from services.intake.missed_store import MemoryMissed
from services.intake.outbound_api import OutboundApi
from services.intake.policy import load_ivr, load_lanes, load_outbound
from services.intake.spool import Spool
from services.intake.spool_api import SpoolApi
from services.intake.store import MemoryAgents, MemoryContacts
from shared.auth import issue
from shared.away import BrokerAway, Refused
from shared.events.topics import LANES
from shared.policy import load_city
from shared.records import Record
from shared.seats import load_seats
from shared.service import install_errors
from shared.settings import Settings
from shared.shelf import Shelf
from shared.testing import FakeClock, MemoryLog, MemoryTransport

SECRET = "a secret of at least thirty-two bytes"
POLICY = Path("policy/130100")
SETTINGS = Settings(
    jwt_secret=SecretStr(SECRET),
    seal_key=SecretStr(base64.b64encode(b"k" * 32).decode()),
    ref_key=SecretStr("reference"),
)


class Broker(MemoryTransport):
    """A broker that can be away, silent, or refuse what holds a word."""

    def __init__(self) -> None:
        super().__init__(MemoryLog(partitions=3))
        self.away = False
        self.silent = False
        self.refuses = b""
        self.batches: list[int] = []
        self.flying: set[tuple[str, int]] = set()

    async def send(self, topic: str, partition: int, records: Sequence[Record]) -> int:
        assert (topic, partition) not in self.flying, "two batches of one partition in flight"
        self.flying.add((topic, partition))
        try:
            return await self._send(topic, partition, records)
        finally:
            self.flying.discard((topic, partition))

    async def _send(self, topic: str, partition: int, records: Sequence[Record]) -> int:
        while self.silent:
            await _turn()
        await _turn()
        if self.away:
            raise BrokerAway("away")
        if self.refuses and any(self.refuses in record.value for record in records):
            raise Refused("no")
        self.batches.append(len(records))
        return await super().send(topic, partition, records)

    def values(self) -> list[bytes]:
        """Everything in the log, each once, in the order of its first occurrence in its partition."""
        return list(dict.fromkeys(stored.value or b"" for queue in self.log.topics.values() for stored in queue))


class World:
    """One intake process; `client` speaks to it."""

    def __init__(
        self, folder: Path, *, max_bytes: int = 1024 * 1024, ack_s: float = 0.05, clock: FakeClock | None = None
    ) -> None:
        self.broker = Broker()
        self.clock = clock or FakeClock()
        self.contacts = MemoryContacts()
        spools = {lane: Spool(folder, lane, max_bytes) for lane in LANES}
        self.acceptor = Acceptor(self.broker, spools, self.clock, ack_s)
        self.shelf = Shelf()
        self.whole = True
        guidance = Guidance(load_ivr(POLICY), load_seats(POLICY), self.shelf, self.clock, lambda: self.whole)
        outbound = load_outbound(POLICY)
        door = Door(
            SETTINGS, self.clock, self.acceptor, guidance,
            lanes=load_lanes(POLICY), area=load_city(POLICY).area_code, quiet=outbound.quiet,
        )  # fmt: skip
        missed = MemoryMissed(self.contacts)
        self.missed = MissedCalls(missed, outbound.call_back)
        self.guidance = guidance
        self.agents = Agents(MemoryAgents(), guidance, self.clock)
        api = IntakeApi(
            SETTINGS,
            door,
            contacts=self.contacts,
            guidance=guidance,
            agents=self.agents,
        )
        self.app = FastAPI()
        install_errors(self.app)
        self.app.include_router(api.router())
        self.app.include_router(OutboundApi(SETTINGS, door, missed).router())
        self.app.include_router(SpoolApi(SETTINGS, spools).router())
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://intake")

    async def post(self, path: str, body: object, role: str = "service", **headers: str) -> httpx.Response:
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        return await self.client.post(path, headers={**token(role), **headers}, **content)

    async def get(self, path: str, role: str = "operator") -> httpx.Response:
        return await self.client.get(path, headers=token(role))


def token(role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue(SECRET, role, role, 1)}"}


@asynccontextmanager
async def world(
    folder: Path, *, max_bytes: int = 1024 * 1024, ack_s: float = 0.05, clock: FakeClock | None = None
) -> AsyncIterator[World]:
    made = World(folder, max_bytes=max_bytes, ack_s=ack_s, clock=clock)
    await made.acceptor.start()
    try:
        yield made
    finally:
        made.broker.silent = False
        await made.acceptor.stop()
        await made.client.aclose()


async def _turn() -> None:
    await asyncio.sleep(0.001)
