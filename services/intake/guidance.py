"""What knowledge says now, as intake needs it. Until the topic is read: no texts, and the city's own default."""

from collections.abc import Callable

from services.intake.domain.ivr import Ivr, Voice
from shared.clock import Clock
from shared.shelf import Shelf


class Guidance:
    """The voice that follows the shelf, surge mode, and what an agent has not read; `whole`: the topic was read."""

    def __init__(self, ivr: Ivr, shelf: Shelf, clock: Clock, whole: Callable[[], bool]) -> None:
        self.voice = Voice(ivr, self._text)
        self.whole = whole
        self._default = ivr.surge
        self._shelf = shelf
        self._clock = clock

    def surge(self) -> bool:
        """Whether the menu plays now."""
        return self._shelf.surge_on(self._default, self._clock.now())

    def unacknowledged(self, agent: str) -> list[str]:
        """Ids of the bulletins of level I that the agent must still confirm."""
        return self._shelf.unacknowledged(agent, self._clock.now())

    def _text(self, place: str) -> str:
        return self._shelf.spoken(place, self._clock.now())
