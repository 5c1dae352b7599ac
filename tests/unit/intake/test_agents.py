"""Calls move the agents who take them: on the line, then after-call work, in any order and however often told."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from services.intake.agents import Agents
from services.intake.domain.agents import Agent, AgentState, Heard
from services.intake.handlers import ContactHandler
from services.intake.store import MemoryAgents, MemoryContacts
from shared.documents import Document, Write
from shared.testing import MemoryPublisher
from tests.factories import START
from tests.unit.intake.test_handlers import CONTACT, FACTS, event, read
from tests.unit.intake.world import World, world

ANSWERED, OVER = (Heard("c1", "a1", START + timedelta(seconds=5)), Heard("c1", "", START + timedelta(seconds=65)))
NEXT = Heard("c2", "a1", START + timedelta(seconds=70))


@pytest.fixture
async def intake(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def is_in(intake: World, *states: AgentState) -> Agent:
    """What he says, ten seconds apart."""
    for state in states:
        known = await intake.agents.move("a1", state)
        intake.clock.forward(seconds=10)
    return known


async def after(intake: World, *heard: Heard) -> tuple[str, str, str]:
    await intake.agents.follow(heard)
    known = await intake.agents.known("a1")
    return known.state, known.why, known.contact


async def test_on_the_line_then_after_call_work_until_he_says_what_is_next(intake: World) -> None:
    await is_in(intake, "ready")
    assert await after(intake, ANSWERED) == ("busy", "call", "c1")
    assert await after(intake, OVER) == ("wrap_up", "call", "c1")
    intake.clock.forward(seconds=90)
    assert await is_in(intake, "ready") == await intake.agents.known("a1")
    assert await after(intake, ANSWERED, OVER) == ("ready", "", "")


@pytest.mark.parametrize("order", [*permutations((ANSWERED, OVER, NEXT))])
async def test_of_one_batch_the_time_counts_not_the_order(intake: World, order: Sequence[Heard]) -> None:
    await is_in(intake, "ready")
    assert await after(intake, *order) == ("busy", "call", "c2")
    assert await after(intake, *order) == ("busy", "call", "c2")


async def test_what_he_said_after_the_call_began_stays(intake: World) -> None:
    await is_in(intake, "ready", "break")
    assert await after(intake, ANSWERED, OVER) == ("break", "", "")


async def test_the_end_of_another_call_is_not_his(intake: World) -> None:
    await is_in(intake, "ready")
    await after(intake, ANSWERED)
    assert await after(intake, Heard("c9", "", OVER.at)) == ("busy", "call", "c1")


async def test_who_never_said_what_he_does_is_not_made_known(intake: World) -> None:
    await intake.agents.follow([ANSWERED, OVER])
    assert await intake.agents.list() == []


class Overtaken(MemoryAgents):
    """A store whose list is old before anybody has read it."""

    async def all_agents(self) -> list[Document]:
        rows = [dict(row) for row in await super().all_agents()]
        row = rows[0]
        own = {"state": "break", "since": START + timedelta(seconds=3), "why": "", "contact": ""}
        await self.agents.save([Write(row["_id"], row["rev"], own, {})])
        return rows


async def test_who_says_something_in_that_moment_is_looked_at_again(intake: World) -> None:
    intake.agents = Agents(Overtaken(), intake.guidance, intake.clock)
    await is_in(intake, "ready")
    assert await after(intake, ANSWERED) == ("busy", "call", "c1")


async def test_the_handler_tells_of_answers_and_ends(intake: World) -> None:
    heard: list[Heard] = []

    async def hears(told: Sequence[Heard]) -> None:
        heard.extend(told)

    handler = ContactHandler(MemoryContacts(), MemoryPublisher(), "dead-letters", hears)
    await handler.handle(read(*(event(fact, number) for number, fact in enumerate(FACTS))))
    assert [(one.contact, one.agent) for one in heard] == [(CONTACT, "a1"), (CONTACT, "")]
