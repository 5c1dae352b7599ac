"""Live updates: what was written becomes small messages to the open pages, which fetch again with their own rights."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import msgspec
import structlog
from fastapi.sse import ServerSentEvent
from msgspec import Struct

from services.desk.store import OPENED, Change, Store
from shared.auth import Identity
from shared.away import AWAY
from shared.producer import backoff

log = structlog.get_logger()
GATHER_S = 0.4
PING_S = 5.0
MOST_KEYS = 100


class Message(Struct, frozen=True):
    """`resync`: fetch everything; `cases`: these changed (none named: many); `queue`: calls; `call`: yours."""

    type: str
    keys: list[str] = []


class Listener:
    """One open stream. What is not yet sent is a set, so a slow page costs no memory: it is told less exactly."""

    def __init__(self, who: Identity, followed: bool = True) -> None:
        self._who = who
        self._pending: dict[str, set[str]] = {}
        self._news = asyncio.Event()
        if followed:
            self.offer(OPENED)

    def offer(self, change: Change) -> None:
        for kind, key in self._told(change):
            self._pending.setdefault(kind, set()).add(key)
            self._news.set()

    def _told(self, change: Change) -> Iterator[tuple[str, str]]:
        """A call is news only to the agent who took it; a unit learns no ids of cases."""
        if change.kind == OPENED.kind:
            yield "resync", ""
            return
        if change.kind == "cases":
            yield "cases", "" if self._who.unit else change.key
            return
        if self._who.role != "agent":
            yield "queue", ""
        elif change.agent == self._who.subject:
            yield "call", change.key

    async def take(self) -> list[Message]:
        """What happened since the last time; empty after PING_S without anything."""
        try:
            await asyncio.wait_for(self._news.wait(), PING_S)
        except TimeoutError:
            return []
        pending, self._pending = self._pending, {}
        self._news.clear()
        return [Message(kind, _few(keys)) for kind, keys in pending.items()]


def _few(keys: set[str]) -> list[str]:
    return sorted(keys) if len(keys) <= MOST_KEYS and "" not in keys else []


class Hub:
    """Follows the store while somebody listens."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listeners: set[Listener] = set()
        self._somebody = asyncio.Event()
        self._followed = False
        self._ids = itertools.count(1)

    @contextmanager
    def listening(self, who: Identity) -> Iterator[Listener]:
        listener = Listener(who, self._followed)
        self._listeners.add(listener)
        self._somebody.set()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                self._somebody.clear()

    async def events(self, who: Identity) -> AsyncIterator[ServerSentEvent]:
        """The stream of one page; begins with `resync` as soon as nothing more can be missed, here or in the store."""
        with self.listening(who) as listener:
            while True:
                messages = await listener.take()
                if not messages:
                    yield ServerSentEvent(comment="ping", event="ping", raw_data="")
                for message in messages:
                    data = msgspec.json.encode(message).decode()
                    yield ServerSentEvent(id=str(next(self._ids)), raw_data=data)
                await asyncio.sleep(GATHER_S)

    async def run(self) -> None:
        """Until cancelled; a failure is logged and followed by another start."""
        for attempt in itertools.count():
            await self._somebody.wait()
            try:
                await self._follow()
                continue
            except AWAY as error:
                log.warning("live updates wait", error=repr(error))
            except Exception:
                log.exception("live updates failed; they go on")
            await asyncio.sleep(backoff(min(attempt, 5)))

    async def _follow(self) -> None:
        """Tell of every change until nobody listens."""
        changes = self._store.changes()
        try:
            async for change in changes:
                self._followed = True
                for listener in self._listeners:
                    listener.offer(change)
                if not self._listeners:
                    return
        finally:
            self._followed = False
