"""What all actors at dispatch's lists share: list cases by state, act on each, a bounded number at once."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal, TypeVar
from urllib.parse import urlencode

from hotline.surge.door import Door
from hotline.surge.journal import Commanded, Journal
from hotline.surge.mix import Chance, Mix
from hotline.surge.wall import Wall
from shared.ids import client_command_id

PAGE = 500
LATER_S = 2.0
"""A case whose command was refused, or has no outcome yet, is looked at again after this."""
Item = dict[str, Any]
One = TypeVar("One")
Outcome = Literal["done", "refused", "later"]


class World:
    """What every actor of a run knows: its name, when it began (domain time), the mix, the chances."""

    def __init__(
        self,
        run: str,
        began: datetime,
        mix: Mix,
        chance: Chance,
        units: tuple[str, ...],
        partners: Sequence[str],
        wall: Wall,
    ) -> None:
        self.run = run
        self.began = began
        self.mix = mix
        self.chance = chance
        self.units = units
        self.partners = tuple(partners)
        self.wall = wall


class Actor(ABC):
    """A person or department at dispatch's door, with a journal of its own."""

    busy_s: ClassVar[float] = 0.5
    """Pause after a round with work."""
    idle_s: ClassVar[tuple[float, float]] = (1.0, 4.0)
    """Pauses of who had no work, doubled from the first to the second."""

    def __init__(self, world: World, door: Door, journal: Journal, parallel: int = 64) -> None:
        self.world = world
        self.door = door
        self.journal = journal
        self.acted = 0
        self._slots = asyncio.Semaphore(parallel)
        self._tries: dict[str, int] = {}
        self._asked: dict[str, str] = {}
        self._not_before: dict[str, float] = {}

    async def run(self) -> None:
        """Rounds until cancelled."""
        shortest, longest = self.idle_s
        idle = shortest
        while True:
            before = self.acted
            await self.round()
            worked = self.acted > before
            await asyncio.sleep(self.busy_s if worked else idle)
            idle = shortest if worked else min(2 * idle, longest)

    @abstractmethod
    async def round(self) -> None:
        """One look at everything this actor is responsible for."""

    @property
    def intends(self) -> int:
        """What this actor will still do to cases that are at rest."""
        return 0

    async def each(self, act: Callable[[Item], Awaitable[None]], **query: str) -> None:
        """Act on every case the list holds now."""
        async for page in self._pages(query):
            await asyncio.gather(*(self._bounded(act, item) for item in page))

    async def all(self, act: Callable[[str], Awaitable[None]], cases: Sequence[str]) -> None:
        """Act on every one of these cases."""
        await asyncio.gather(*(self._bounded(act, case) for case in cases))

    async def _bounded(self, act: Callable[[One], Awaitable[None]], one: One) -> None:
        async with self._slots:
            await act(one)

    async def _pages(self, query: Mapping[str, str]) -> AsyncIterator[list[Item]]:
        after = ""
        while True:
            text = urlencode({**query, "limit": str(PAGE), **({"after": after} if after else {})})
            answer = await self.door.get(f"/cases?{text}")
            if answer.status != 200:
                self.journal.refused(f"cases?{text}", answer.status, answer.body)
                return
            items: list[Item] = answer.body["items"]
            yield items
            if len(items) < PAGE:
                return
            after = items[-1]["id"]

    def draw(self, question: str, *ids: object) -> float:
        return self.world.chance.draw(question, *ids)

    def tries(self, verb: str, target: str) -> int:
        """How many commands of this verb about the target have an outcome."""
        return self._tries.get(f"{verb}:{target}", 0)

    async def command(self, case: str, verb: str, target: str, body: Item) -> Outcome:
        """Ask once for this outcome, then for the outcome until it is known; a new try has a new key.

        `later`: not decided yet, or too soon after a refusal.
        """
        name = f"{verb}:{target}"
        if self._not_before.get(name, 0.0) > time.time():
            return "later"
        if name in self._asked:
            answer = await self.door.get(self._asked[name])
        else:
            key = f"{self.world.run}:{name}:{self._tries.get(name, 0)}"
            answer = await self.door.post(f"/cases/{case}/commands/{verb}", body, key)
            self._write(case, verb, key, answer.status, answer.body)
        return self._judge(name, answer.status, answer.body)

    def _write(self, case: str, verb: str, key: str, status: int, body: Any) -> None:
        if status not in (200, 202, 404, 409):
            self.journal.refused(f"{verb} {case}", status, body)
        if status not in (200, 202, 409):
            return
        command = client_command_id(self.door.actor, key)
        self.journal.write(Commanded(time.time(), case, command, verb, status, str(body.get("reason", ""))))

    def _judge(self, name: str, status: int, body: Any) -> Outcome:
        if status == 202:
            self._asked[name] = body["outcome"]
        if status in (202, 404):
            self._not_before[name] = time.time() + LATER_S / 4
            return "later"
        self._asked.pop(name, None)
        self._tries[name] = self._tries.get(name, 0) + 1
        self.acted += 1
        if status == 200:
            self._not_before.pop(name, None)
            return "done"
        self._not_before[name] = time.time() + LATER_S
        return "refused"
