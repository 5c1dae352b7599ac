"""Partners for tests, with the memory and the moods of real ones."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from services.transfer.domain.messages import TransferRequest, TransferUpdate
from services.transfer.domain.outgoing import Outcome
from shared.testing import Process

Mood = Literal["ok", "refuse", "hang", "accept_then_hang", "away"]


class PartnerMemory:
    """What a partner took and refused; it survives every crash of those who call it."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, int]] = []
        """Outside effects: (transfer, update) in the order taken, each once; update 0 is the transfer itself."""
        self.refused: set[tuple[str, int]] = set()
        self.requests: dict[str, TransferRequest] = {}
        self.updates: dict[tuple[str, int], TransferUpdate] = {}
        self.posts: list[bytes] = []

    def told(self, key: tuple[str, int]) -> Outcome:
        if key in self.taken:
            return Outcome("taken")
        return Outcome("refused", "not_local") if key in self.refused else Outcome("not_taken")


class FakePartners:
    """Answers by its mood; with a schedule each mood in `odds` comes with its chance."""

    def __init__(
        self, memory: PartnerMemory, process: Process | None = None, odds: dict[Mood, float] | None = None
    ) -> None:
        self.memory = memory
        self.mood: Mood = "ok"
        self.asks: Mood = "ok"
        self._process = process or Process()
        self._odds = odds or {}

    async def send(self, to: str, path: str, body: bytes, timeout_s: float) -> Outcome:
        await self._process.point()
        self.memory.posts.append(body)
        mood = self._drawn(self.mood, ("refuse", "hang", "accept_then_hang", "away"))
        if mood in ("away", "hang"):
            return Outcome("away" if mood == "away" else "silent")
        key = self._take(path, body, mood)
        await self._process.point()
        return Outcome("silent") if mood == "accept_then_hang" else self.memory.told(key)

    async def ask(self, to: str, transfer: str, update: int) -> Outcome:
        await self._process.point()
        mood = self._drawn(self.asks, ("hang", "away"))
        if mood in ("hang", "away"):
            return Outcome("away" if mood == "away" else "silent")
        outcome = self.memory.told((transfer, update))
        return outcome if outcome.kind == "taken" else Outcome("not_taken")

    def _take(self, path: str, body: bytes, mood: Mood) -> tuple[str, int]:
        """Once per (transfer, update); a refusal is as deterministic as a door's."""
        if path == "/transfers":
            request = msgspec.json.decode(body, type=TransferRequest)
            key = (request.transfer, 0)
            self.memory.requests[request.transfer] = request
        else:
            update = msgspec.json.decode(body, type=TransferUpdate)
            key = (path.split("/")[2], update.update)
            self.memory.updates[key] = update
        if self.memory.told(key).kind == "not_taken":
            self.memory.refused.add(key) if mood == "refuse" else self.memory.taken.append(key)
        return key

    def _drawn(self, mood: Mood, possible: Iterable[Mood]) -> Mood:
        schedule = self._process.schedule
        for other in possible if schedule is not None else ():
            if schedule is not None and schedule.chance(self._odds.get(other, 0.0)):
                return other
        return mood
