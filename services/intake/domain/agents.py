"""An agent's state: what he does, and since when."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

AgentState = Literal["ready", "busy", "wrap_up", "break", "offline"]


class Agent(Struct, frozen=True, kw_only=True):
    """`why`: the reason of a state that he has not chosen himself."""

    agent: str
    state: AgentState
    since: datetime
    why: str = ""


def moved(known: Agent | None, agent: str, state: AgentState, now: datetime) -> Agent:
    """The agent in the state; who is in it already stays in it since then."""
    if known is not None and known.state == state:
        return known
    return Agent(agent=agent, state=state, since=now)


def called_away(known: Agent | None, agent: str, now: datetime) -> Agent:
    """Who was ready has a break until he has confirmed what every agent must know; others stay as they are."""
    if known is None or known.state != "ready":
        return known or Agent(agent=agent, state="offline", since=now)
    return Agent(agent=agent, state="break", since=now, why="unacknowledged_bulletins")
