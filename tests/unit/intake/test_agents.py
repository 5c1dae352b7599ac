"""Calls move the agents who take them: on the line, then after-call work, in any order and however often told."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from functools import reduce
from itertools import chain, combinations, pairwise, permutations
from pathlib import Path

import pytest

from services.intake.agents import Agents
from services.intake.domain.agents import Agent, AgentState, Heard, followed
from services.intake.handlers import ContactHandler
from services.intake.store import MemoryAgents, MemoryContacts
from shared.documents import Document, Write
from shared.testing import MemoryPublisher
from tests.factories import START
from tests.unit.intake.test_handlers import CONTACT, FACTS, event, missed_of, read
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


HANDED_ON = (
    Heard("c1", "a2", START + timedelta(seconds=5)),
    Heard("c1", "a1", START + timedelta(seconds=25)),
    Heard("c2", "a2", START + timedelta(seconds=40)),
    Heard("c1", "", START + timedelta(seconds=65)),
    Heard("c2", "a3", START + timedelta(seconds=65)),
    Heard("c2", "", START + timedelta(seconds=80)),
)
"""a2 hands a call to a1, and one to a3, who never said what he does."""


def after_each(known: Mapping[str, Agent], batches: Sequence[Sequence[Heard]]) -> Mapping[str, Agent]:
    return reduce(followed, batches, known)


def splits(heard: Sequence[Heard]) -> list[list[Sequence[Heard]]]:
    """Every way to cut the calls into batches that follow each other."""
    borders = chain.from_iterable(combinations(range(1, len(heard)), n) for n in range(len(heard)))
    return [[heard[a:b] for a, b in pairwise((0, *cuts, len(heard)))] for cuts in borders]


@pytest.mark.parametrize("told", range(1, len(HANDED_ON) + 1))
def test_where_a_batch_ends_makes_no_difference_also_when_a_call_is_handed_on(told: int) -> None:
    known = {name: Agent(agent=name, state="ready", since=START) for name in ("a1", "a2")}
    heard = HANDED_ON[:told]
    once = followed(known, heard)
    for batches in splits(heard):
        assert after_each(known, batches) == once
        assert after_each(once, batches) == once, "told again"


def test_who_hands_a_call_on_has_after_call_work_and_who_took_it_is_on_it() -> None:
    known = {name: Agent(agent=name, state="ready", since=START) for name in ("a1", "a2")}
    made = followed(known, HANDED_ON[:2])
    assert {name: (one.state, one.since) for name, one in made.items()} == {
        "a1": ("busy", HANDED_ON[1].at), "a2": ("wrap_up", HANDED_ON[1].at),
    }  # fmt: skip
    over = followed(made, HANDED_ON[2:])
    assert [(one.state, one.contact) for one in over.values()] == [("wrap_up", "c1"), ("wrap_up", "c2")]


@pytest.mark.parametrize("order", [*permutations((ANSWERED, ANSWERED._replace(agent="")))])
def test_of_a_call_that_is_over_in_the_moment_of_its_answer_after_call_work_is_left(order: Sequence[Heard]) -> None:
    made = followed({"a1": Agent(agent="a1", state="ready", since=START)}, order)
    assert made["a1"].state == "wrap_up"


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

    contacts = MemoryContacts()
    handler = ContactHandler(contacts, MemoryPublisher(), "dead-letters", hears, missed_of(contacts))
    await handler.handle(read(*(event(fact, number) for number, fact in enumerate(FACTS))))
    assert [(one.contact, one.agent) for one in heard] == [(CONTACT, "a1"), (CONTACT, "")]
