"""An agent's state: what he does, and since when."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

AgentState = Literal["ready", "busy", "wrap_up", "break", "offline"]


class Agent(Struct, frozen=True, kw_only=True):
    agent: str
    state: AgentState
    since: datetime


def moved(known: Agent | None, agent: str, state: AgentState, now: datetime) -> Agent:
    """The agent in the state; who is in it already stays in it since then."""
    if known is not None and known.state == state:
        return known
    return Agent(agent=agent, state=state, since=now)
