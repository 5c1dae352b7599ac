"""Lost calls: one behaviour, in memory and on MongoDB, and no question that reads every contact there ever was."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from services.intake.domain.missed import CallBacks, Missed
from services.intake.missed import MissedCalls
from services.intake.missed_store import Came, Mark, MemoryMissed, MissedStore, MongoMissed, mark_of
from services.intake.store import Contacts, MemoryContacts, MongoContacts
from shared.mongo import connect
from shared.settings import Settings
from tests.factories import START

POLICY = CallBacks(short_s=5, tries=3, apart_minutes=60)
KEY, BACK = "contact.key_pressed.v1", "contact.called_back.v1"


class Stores(NamedTuple):
    contacts: Contacts
    missed: MissedStore
    database: Any


@pytest.fixture(params=["memory", "mongo"])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    if request.param == "memory":
        contacts = MemoryContacts()
        yield Stores(contacts, MemoryMissed(contacts), None)
        return
    servers: Settings = request.getfixturevalue("servers")
    database = connect(servers, f"contract_{uuid4().hex[:8]}")
    missed = MongoMissed(database)
    await missed.prepare()
    yield Stores(MongoContacts(database), missed, database)
    await database.client.drop_database(database.name)
    database.client.close()


def call(begins_s: int, ref: str = "r", **more: Any) -> dict[str, Any]:
    """Facts of a call that was lost after half a minute, and what is said beside or instead."""
    person = {"caller_ref": ref, "masked": "138****1234", "sealed": f"k1.{ref}"}
    begins = {"offered": fact(begins_s, channel="call", person=person, receipt="R")}
    keys = {"events.2": fact(begins_s + 9, type=KEY, action="person")}
    return {**begins, **keys, "ended": fact(begins_s + 30, by="caller", served=False), **more}


def fact(later_s: int, **more: Any) -> dict[str, Any]:
    return {"time": START + timedelta(seconds=later_s), **more}


def tried(later_s: int, result: str) -> dict[str, Any]:
    return {f"events.{10_000_000 + later_s}": fact(later_s, type=BACK, actor="agent:a", result=result, text="")}


async def follow(stores: Stores, **changes: dict[str, Any]) -> None:
    await stores.contacts.apply(changes)
    await MissedCalls(stores.missed, POLICY).follow(changes)


async def listed(stores: Stores, after: Mark | None = None, limit: int = 10) -> list[str]:
    return [row["_id"] for row in await stores.missed.page(after, limit)]


async def test_lost_calls_are_listed_in_pages_who_waits_longest_first(stores: Stores) -> None:
    await follow(stores, **{f"c{n}": call(100 - n, f"r{n}") for n in range(5)})
    assert await listed(stores, limit=2) == ["c4", "c3"]
    second = mark_of((await stores.missed.page(None, 2))[1])
    assert await listed(stores, second) == ["c2", "c1", "c0"]
    assert await listed(stores, second._replace(contact="c4")) == ["c2", "c1", "c0"]
    assert await listed(stores, second._replace(contact="c2")) == ["c3", "c2", "c1", "c0"]
    known = await stores.missed.lost("c1")
    assert known is not None
    assert known["offered"]["person"]["sealed"] == "k1.r1"
    assert await stores.missed.lost("nobody") is None


async def test_a_caller_who_was_served_since_falls_out_whichever_is_read_first(stores: Stores) -> None:
    served = {"answered": fact(204, agent="a"), "ended": fact(230, by="agent", served=True)}
    await follow(stores, lost=call(0))
    await follow(stores, again={**call(200), **served})
    await follow(stores, later={**call(300, "s"), **served})
    await follow(stores, earlier=call(100, "s"), open=call(400, "s"))
    assert await listed(stores) == ["open"]
    assert await stores.missed.served(["lost", "again", "open"]) == [
        Came("again", "r", START + timedelta(seconds=200), True)
    ]


async def test_of_several_lost_calls_of_one_caller_the_last_is_called_back(stores: Stores) -> None:
    await follow(stores, second=call(100))
    await follow(stores, first=call(0))
    await follow(stores, third=call(200), other=call(50, "other"))
    assert await listed(stores) == ["other", "third"]


async def test_tries_settle_a_lost_call_and_nothing_opens_it_again(stores: Stores) -> None:
    for hour in range(3):
        await follow(stores, lost=call(0) if hour == 0 else {}, far=call(0, "far") if hour == 0 else {})
        await follow(stores, lost=tried(3600 * hour, "no_answer"), far=tried(60 * hour, "busy"))
    assert await listed(stores) == ["far"]
    await follow(stores, far=tried(9, "connected"))
    assert (await listed(stores), await stores.missed.any_open()) == ([], False)
    for contact in ("lost", "far"):
        opened = Missed(state="open", ref="r", at=START, again_from=None)
        await stores.missed.put({contact: opened})
    assert await listed(stores) == []
    known = [await stores.contacts.get(contact) for contact in ("lost", "far")]
    assert [one and one["missed"] for one in known] == ["unreachable", "reached"]


async def test_a_call_that_was_answered_after_all_was_never_lost(stores: Stores) -> None:
    await follow(stores, a=call(0), b=call(0, "b"))
    await stores.contacts.apply({"a": {"answered": fact(9, agent="a")}})
    assert await listed(stores) == ["b"], "also before anybody has followed it"
    assert await stores.missed.lost("a") is None
    await follow(stores, a={})
    assert await stores.missed.open_of(["r", "b"]) == [Came("b", "b", START, False)]


@pytest.mark.parametrize("stores", ["mongo"], indirect=True)
async def test_no_question_reads_every_contact(stores: Stores) -> None:
    served = {"answered": fact(4, agent="a"), "ended": fact(30, by="agent", served=True)}
    many = {f"s{n}": {**call(n, f"r{n % 50}"), **served} for n in range(400)}
    await follow(stores, **many, **{f"l{n}": call(1000 + n, f"q{n}") for n in range(40)})
    await stores.database.command("profile", 2)
    after = Mark(START + timedelta(seconds=1004), "l4")
    assert len(await listed(stores, limit=5)) == len(await listed(stores, after, 5)) == 5
    assert await stores.missed.any_open()
    assert len(await stores.missed.open_of(["q1", "q2", "r3"])) == 2
    assert not await stores.missed.came_after(Came("x", "r3", START + timedelta(seconds=900), False))
    await stores.missed.unanswered(["l1", "s1"])
    await stores.missed.served(["l1", "s1"])
    await stores.database.command("profile", 0)
    did = await stores.database["system.profile"].find({"planSummary": {"$exists": True}, "op": "query"}).to_list(None)
    assert len(did) == 7
    for one in did:
        assert "COLLSCAN" not in one["planSummary"], one["planSummary"]
        assert one["docsExamined"] <= 8, (one["planSummary"], one["docsExamined"])
        assert not one.get("hasSortStage"), one["planSummary"]
