"""The agents of the centre: what each does now. Nobody is ready who has not read what every agent must know."""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
import structlog
from msgspec import Struct

from services.intake.domain.agents import Agent, AgentState, Heard, called_away, followed, moved
from services.intake.guidance import Guidance
from services.intake.store import AgentStore
from shared.clock import Clock
from shared.documents import Document, Write
from shared.service import Problem
from shared.tasks import repeating

log = structlog.get_logger()
FIELDS = ("state", "since", "why", "contact")
LOOKS = 5
LOOK_S = 0.1
WATCH_S = 2.0
"""Between two looks at who must confirm."""


class Unread(Exception):
    """Bulletins of level I that the agent has to acknowledge first."""

    def __init__(self, bulletins: list[str]) -> None:
        super().__init__(", ".join(bulletins))
        self.bulletins = bulletins


class Unconfirmed(Struct, frozen=True, kw_only=True):
    """A bulletin of level I, how many have confirmed it, and the agents at work who have not."""

    bulletin: str
    title: str
    effective_from: datetime
    overdue: bool
    read: int
    agents: list[Agent]


class Agents:
    """States under guard; nothing of this is on the accept path."""

    def __init__(self, store: AgentStore, guidance: Guidance, clock: Clock) -> None:
        self._store = store
        self._guidance = guidance
        self._clock = clock

    async def move(self, agent: str, state: AgentState) -> Agent:
        """The agent in his new state. Raises Unread, StoreAway, and Problem (503) before the bulletins are known."""
        if state == "ready":
            await self._check(agent)
        return await self._change(agent, lambda known: moved(known, agent, state, self._clock.now()))

    async def known(self, agent: str) -> Agent:
        """What the agent does; who never said it is offline."""
        document = (await self._store.agents.load([agent])).get(agent)
        return _agent(document) if document else Agent(agent=agent, state="offline", since=self._clock.now())

    async def unread(self) -> list[Unconfirmed]:
        """Every bulletin of level I in force, and who of those at work has not confirmed it."""
        present = [agent for agent in await self.list() if agent.state != "offline"]
        return [
            Unconfirmed(
                bulletin=one.id,
                title=one.title,
                effective_from=one.effective_from,
                overdue=self._guidance.is_overdue(one),
                read=self._guidance.read(one),
                agents=self._guidance.unread(one, present),
            )
            for one in self._guidance.grave()
        ]

    async def watch(self) -> None:
        """For ever: nobody stays ready who lets the time for confirming pass."""
        await repeating(self.call_away, WATCH_S, self._clock.sleep)

    async def follow(self, heard: Sequence[Heard]) -> None:
        """Calls move the agents who take them; who never said what he does is not known here. Raises StoreAway."""
        rows = await self._store.all_agents() if heard else []
        while rows:
            known = {row["_id"]: _agent(row) for row in rows}
            made = followed(known, heard)
            revs = {row["_id"]: int(row["rev"]) for row in rows}
            writes = [_write(one, revs[name]) for name, one in made.items() if one != known[name]]
            # Who said something himself meanwhile is looked at again.
            refused = {write.id for write in writes} - set((await self._store.agents.save(writes)).written)
            rows = [*(await self._store.agents.load(sorted(refused))).values()] if refused else []

    async def call_away(self) -> list[str]:
        """The agents who were ready and are no longer."""
        overdue = self._guidance.overdue() if self._guidance.whole() else []
        if not overdue:
            return []
        ready = [agent for agent in await self.list() if agent.state == "ready"]
        gone = {agent.agent for bulletin in overdue for agent in self._guidance.unread(bulletin, ready)}
        for agent in sorted(gone):
            await self._call_away(agent)
        if gone:
            log.info("no longer ready: a bulletin is not confirmed", agents=len(gone))
        return sorted(gone)

    async def _call_away(self, agent: str) -> None:
        await self._change(agent, lambda known: called_away(known, agent, self._clock.now()))

    async def _change(self, agent: str, change: Callable[[Agent | None], Agent]) -> Agent:
        while True:
            document = (await self._store.agents.load([agent])).get(agent)
            known = _agent(document) if document else None
            made = change(known)
            if made is known or await self._save(made, int(document["rev"]) if document else 0):
                return made

    async def list(self) -> list[Agent]:
        """Every agent that ever said what he does, by name."""
        return [_agent(document) for document in await self._store.all_agents()]

    async def _check(self, agent: str) -> None:
        if not self._guidance.whole():
            raise Problem(503, "not_now", "the bulletins are not read yet; repeat the request", {"Retry-After": "2"})
        for _ in range(LOOKS):
            unread = self._guidance.unacknowledged(agent)
            if not unread:
                return
            # An acknowledgement of a moment ago may still be on its way here.
            await self._clock.sleep(LOOK_S)
        raise Unread(unread)

    async def _save(self, made: Agent, rev: int) -> bool:
        saved = await self._store.agents.save([_write(made, rev)])
        return made.agent in saved.written


def _write(made: Agent, rev: int) -> Write:
    return Write(made.agent, rev, {name: getattr(made, name) for name in FIELDS}, {})


def _agent(document: Document) -> Agent:
    said: Document = {name: document[name] for name in FIELDS if name in document}
    said["agent"] = document["_id"]
    return msgspec.convert(said, Agent)
