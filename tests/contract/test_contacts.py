"""Contacts: one behaviour, in memory and on MongoDB."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.intake.store import Contacts, MemoryContacts, MongoContacts
from shared.mongo import connect
from shared.settings import Settings
from tests.factories import START


@pytest.fixture(params=["memory", "mongo"])
async def contacts(request: pytest.FixtureRequest) -> AsyncIterator[Contacts]:
    if request.param == "memory":
        yield MemoryContacts()
        return
    servers: Settings = request.getfixturevalue("servers")
    database = connect(servers, f"contract_{uuid4().hex[:8]}")
    yield MongoContacts(database)
    await database.client.drop_database(database.name)
    database.client.close()


def fact(later_s: int, **more: Any) -> dict[str, Any]:
    return {"time": START + timedelta(seconds=later_s), **more}


async def test_facts_come_together_and_the_first_of_repeats_stays(contacts: Contacts) -> None:
    await contacts.apply(
        {"a": {"events.2": fact(2), "ended": fact(2, by="ivr", served=True)}, "b": {"events.1": fact(1)}}
    )
    await contacts.apply(
        {"a": {"events.1": fact(1), "offered": fact(1, person={"masked": "138****1234", "sealed": "x"})}}
    )
    await contacts.apply({"a": {"events.2": fact(9), "ended": fact(9, by="caller", served=False)}})
    known = await contacts.get("a")
    assert known is not None
    assert (known["caller"], known["ended"]["by"], known["offered"]) == ("138****1234", "ivr", fact(1))
    assert [(event["number"], event["time"]) for event in known["events"]] == [
        (1, START + timedelta(seconds=1)),
        (2, START + timedelta(seconds=2)),
    ]


async def test_a_call_out_shows_whom_it_reached_masked(contacts: Contacts) -> None:
    await contacts.apply(
        {"o": {"placed": fact(1, purpose="checkpoint", person={"masked": "138****1234", "sealed": "x"})}}
    )
    known = await contacts.get("o")
    assert known is not None
    assert (known["caller"], known["called"]) == ("", "138****1234")
    assert known["placed"] == fact(1, purpose="checkpoint")


async def test_who_is_unknown_is_nobody(contacts: Contacts) -> None:
    await contacts.apply({})
    assert await contacts.get("nobody") is None
