"""An agent's state: what he does, and since when. He chooses it himself, but for what calls and bulletins do to it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from msgspec import Struct

AgentState = Literal["ready", "busy", "wrap_up", "break", "offline"]


class Agent(Struct, frozen=True, kw_only=True):
    """`why`: the reason of a state that he has not chosen himself; `contact`: the call that is the reason."""

    agent: str
    state: AgentState
    since: datetime
    why: str = ""
    contact: str = ""


class Heard(NamedTuple):
    """A call was answered by this agent, or, where none is named, is over."""

    contact: str
    agent: str
    at: datetime


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


def followed(known: Mapping[str, Agent], heard: Sequence[Heard]) -> dict[str, Agent]:
    """All agents after these calls, told in any order; who is not known does not become so.

    One agent at a time is on a call: whoever else has it, for it was handed on or is over, is so no longer.
    """
    made = dict(known)
    had: defaultdict[str, set[str]] = defaultdict(set)
    for one in known.values():
        had[one.contact].add(one.agent)
    for contact, agent, at in sorted(heard, key=lambda one: (one.at, not one.agent)):
        for other in had[contact] - {agent}:
            made[other] = _off_call(made[other], contact, at)
        if agent in made:
            made[agent] = _on_call(made[agent], contact, at)
            had[contact].add(agent)
    return made


def _on_call(known: Agent, contact: str, at: datetime) -> Agent:
    """Who answers a call is on it, whatever he said before; what he said since counts more."""
    return _by_call(known, "busy", contact, at)


def _off_call(known: Agent, contact: str, at: datetime) -> Agent:
    """After-call work of the call that he was on, until he says what is next."""
    on_it = known.state == "busy" and known.contact == contact
    return _by_call(known, "wrap_up", contact, at) if on_it else known


def _by_call(known: Agent, state: AgentState, contact: str, at: datetime) -> Agent:
    return known if known.since > at else Agent(agent=known.agent, state=state, since=at, why="call", contact=contact)
