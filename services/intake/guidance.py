"""What knowledge says now, as intake needs it. Until the topic is read: no texts, and the city's own default."""

from collections.abc import Callable, Iterable

from services.intake.domain.agents import Agent
from services.intake.domain.ivr import Ivr, Voice
from shared.clock import Clock
from shared.events.knowledge import Bulletin
from shared.seats import Seats
from shared.shelf import Shelf


class Guidance:
    """The voice that follows the shelf, surge mode, and what an agent has not read; `whole`: the topic was read."""

    def __init__(self, ivr: Ivr, seats: Seats, shelf: Shelf, clock: Clock, whole: Callable[[], bool]) -> None:
        self.voice = Voice(ivr, self._text)
        self.whole = whole
        self._default = ivr.surge
        self._seats = seats
        self._shelf = shelf
        self._clock = clock

    def surge(self) -> bool:
        """Whether the menu plays now."""
        return self._shelf.surge_on(self._default, self._clock.now())

    def unacknowledged(self, agent: str) -> list[str]:
        """Ids of the bulletins of level I that the agent must still confirm."""
        names = self._seats.names_of(agent)
        return [one.id for one in self._shelf.unacknowledged(agent, names, self._clock.now())]

    def overdue(self) -> list[Bulletin]:
        """Bulletins of level I whose time for confirming is over."""
        return [one for one in self.grave() if self.is_overdue(one)]

    def grave(self) -> list[Bulletin]:
        """Bulletins of level I in force, the newest first."""
        return self._shelf.grave(self._clock.now())

    def is_overdue(self, bulletin: Bulletin) -> bool:
        return bulletin.effective_from + self._seats.limit <= self._clock.now()

    def unread(self, bulletin: Bulletin, agents: Iterable[Agent]) -> list[Agent]:
        """Those whom it concerns and who have not confirmed it."""
        mine = [agent for agent in agents if bulletin.concerns(self._seats.names_of(agent.agent))]
        return [agent for agent in mine if not self._shelf.has_acknowledged(bulletin.id, agent.agent)]

    def read(self, bulletin: Bulletin) -> int:
        """How many have confirmed it."""
        return len(self._shelf.acknowledged.get(bulletin.id, {}))

    def _text(self, place: str) -> str:
        return self._shelf.spoken(place, self._clock.now())
