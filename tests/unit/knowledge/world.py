"""knowledge in memory: its real door and desk over documents and a log in memory."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from services.knowledge.api import articles_router
from services.knowledge.bulletins_api import bulletins_router, surge_router
from services.knowledge.desk import Desk
from services.knowledge.library import Library
from services.knowledge.profiles_api import profiles_router
from services.knowledge.store import MemoryStore
from shared.auth import issue
from shared.deadlines import Profiles
from shared.events.envelope import decode
from shared.events.knowledge import KNOWLEDGE, Entry
from shared.events.topics import Topics
from shared.policy import load
from shared.records import Record
from shared.seats import load_seats
from shared.service import install_errors
from shared.settings import Settings
from shared.testing import FakeClock, MemoryLog, MemoryPublisher, MemoryTable

POLICY = Path(__file__).parents[3] / "policy" / "130100"
SECRET = "a secret of at least thirty-two bytes"
TOPIC = Topics("130100").knowledge
SEATS = load_seats(Path("policy/130100"))
ARTICLE = {"question": "小区什么时候解封", "answer": "以区县公告为准", "ivr": "policy.4"}
BULLETIN = {
    "level": "I",
    "title": "全员核酸",
    "text": "今天起开展第二轮全员核酸检测",
    "script": "请按社区通知参加",
    "expires_at": "2021-01-20T00:00:00+08:00",
}


class Crash(Exception):
    """The process ends before the log has the record."""


class Publisher(MemoryPublisher):
    """Publishes, crashes first, or waits for a log that does not answer."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__(log)
        self.crashes = False
        self.silent = False

    async def publish(self, records: Sequence[Record]) -> None:
        if self.crashes:
            raise Crash
        if self.silent:
            await asyncio.sleep(60)
        await super().publish(records)


class World:
    """What survives: the entries and the log. `library` and `desk` are of one replica."""

    def __init__(self) -> None:
        self.entries = MemoryTable()
        self.reports = MemoryTable()
        self.log = MemoryLog(partitions=1)
        self.clock = FakeClock()
        self.store = MemoryStore(self.entries, self.reports)
        self.start()

    def start(self) -> None:
        """A replica that has read the log whole."""
        self.publisher = Publisher(self.log)
        self.library = Library(self.clock)
        self.desk = Desk(self.store, self.publisher, self.library, self.clock, topic=TOPIC, answer_s=0.05)
        self.read = 0
        self.follow()
        app = FastAPI()
        settings = Settings(jwt_secret=SecretStr(SECRET))
        install_errors(app)
        app.include_router(articles_router(settings, self.desk, self.store, self.library.search, self.clock))
        app.include_router(bulletins_router(settings, self.desk, self.library.shelf, SEATS, self.clock))
        app.include_router(surge_router(settings, self.desk, self.store, self.clock))
        profiles = load(POLICY, "profiles", Profiles)
        app.include_router(profiles_router(settings, self.desk, self.store, profiles, self.clock))
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://knowledge")

    def follow(self) -> None:
        """Read what the log has got."""
        stored = self.log.all(TOPIC)
        for record in stored[self.read :]:
            self.library.read(record)
        self.read = len(stored)

    def logged(self) -> list[Entry]:
        return [KNOWLEDGE.data(decode(stored.value)) for stored in self.log.all(TOPIC)]

    async def call(
        self, method: str, path: str, body: Any = None, *, who: str = "editor:e1", key: str = ""
    ) -> httpx.Response:
        role, _, name = who.rpartition(":")
        headers = {"Authorization": f"Bearer {issue(SECRET, name, role, 1)}"}
        headers |= {"Idempotency-Key": key} if key else {}
        answer = await self.client.request(method, path, json=body, headers=headers)
        self.follow()
        return answer

    async def bulletin(self, key: str = "b", publish: bool = True, **fields: Any) -> str:
        """A bulletin by e1, published by e2."""
        made = await self.call("POST", "/bulletins", {**BULLETIN, **fields}, key=key)
        assert made.status_code == 201, made.text
        if publish:
            done = await self.call("POST", f"/bulletins/{made.json()['id']}/publish", who="editor:e2")
            assert done.status_code == 200, done.text
        return str(made.json()["id"])
