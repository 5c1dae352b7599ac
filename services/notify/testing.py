"""A gateway for tests, with the memory and the moods of a real one."""

from typing import Literal, NamedTuple

from services.notify.domain.debts import Outcome
from shared.events.deliveries import MessageChannel
from shared.testing import Process

Mood = Literal["ok", "fail", "hang", "accept_then_hang", "forget", "away"]


class Accepted(NamedTuple):
    """One outside effect."""

    message: str
    channel: MessageChannel
    to: str
    text: str


class GatewayMemory:
    """What the gateway took and refused; it survives every crash of those who call it."""

    def __init__(self) -> None:
        self.accepted: list[Accepted] = []
        self.refused: set[str] = set()
        self.forgotten: set[str] = set()
        self.puts: list[str] = []

    def told(self, message: str) -> Outcome:
        if message not in self.forgotten and any(effect.message == message for effect in self.accepted):
            return Outcome("delivered", f"ref-{message}")
        return Outcome("failed", "refused") if message in self.refused else Outcome("not_taken")


class FakeGateway:
    """Answers by its mood; with a schedule each mood in `odds` comes with its chance."""

    def __init__(
        self, memory: GatewayMemory, process: Process | None = None, odds: dict[Mood, float] | None = None
    ) -> None:
        self.memory = memory
        self.mood: Mood = "ok"
        self.asks: Mood = "ok"
        self._process = process or Process()
        self._odds = odds or {}

    async def send(
        self, message: str, channel: MessageChannel, to: str, text: str, timeout_s: float, trace: str = ""
    ) -> Outcome:
        await self._process.point()
        self.memory.puts.append(message)
        mood = self._drawn(self.mood)
        if mood in ("away", "hang"):
            return Outcome("away" if mood == "away" else "silent")
        self._take(mood, Accepted(message, channel, to, text))
        await self._process.point()
        return Outcome("silent") if mood in ("accept_then_hang", "forget") else self.memory.told(message)

    async def ask(self, message: str) -> Outcome:
        await self._process.point()
        mood = self._drawn(self.asks)
        if mood == "away":
            return Outcome("away")
        return Outcome("silent") if mood in ("hang", "accept_then_hang", "forget") else self.memory.told(message)

    def _take(self, mood: Mood, effect: Accepted) -> None:
        if self.memory.told(effect.message).kind != "not_taken":
            return
        if mood == "fail":
            self.memory.refused.add(effect.message)
            return
        self.memory.accepted.append(effect)
        if mood == "forget":
            self.memory.forgotten.add(effect.message)

    def _drawn(self, mood: Mood) -> Mood:
        schedule = self._process.schedule
        for other, chance in self._odds.items() if schedule is not None else ():
            if schedule is not None and schedule.chance(chance):
                return other
        return mood
