"""The agents of the centre: what each does now. Nobody is ready who has not read what every agent must know."""

import msgspec

from services.intake.domain.agents import Agent, AgentState, moved
from services.intake.guidance import Guidance
from services.intake.store import AgentStore
from shared.clock import Clock
from shared.documents import Document, Write
from shared.service import Problem

LOOKS = 5
LOOK_S = 0.1


class Unread(Exception):
    """Bulletins of level I that the agent has to acknowledge first."""

    def __init__(self, bulletins: list[str]) -> None:
        super().__init__(", ".join(bulletins))
        self.bulletins = bulletins


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
        while True:
            document = (await self._store.agents.load([agent])).get(agent)
            known = _agent(document) if document else None
            made = moved(known, agent, state, self._clock.now())
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
        fields: Document = {"state": made.state, "since": made.since}
        saved = await self._store.agents.save([Write(made.agent, rev, fields, {})])
        return made.agent in saved.written


def _agent(document: Document) -> Agent:
    return msgspec.convert({"agent": document["_id"], "state": document["state"], "since": document["since"]}, Agent)
