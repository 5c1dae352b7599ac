"""Walks over linked cases, on the real database: who waits, how far a walk has come, and that the index serves it."""

from services.dispatch.domain.case import Case
from services.dispatch.store import MongoStore, write_of
from services.dispatch.walks import MongoWalks, Waiter, Walk
from shared.events import commands as c
from shared.mongo import connect
from shared.settings import Settings
from tests.factories import START, case_of
from tests.unit.dispatch.test_event_case import EVENT, linked
from tests.unit.dispatch.test_merging import do


async def test_waiters_leases_and_ends(servers: Settings) -> None:
    database = connect(servers, "walks")
    store, walks = MongoStore(database), MongoWalks(database)
    await store.prepare()
    await walks.prepare()
    cases: list[Case] = [linked(f"w{n}") for n in range(3)]
    do(cases[2], c.Detach(reason="another cause"))
    await store.cases.save([write_of(case, 0, "", []) for case in cases])
    waiting = sorted(Waiter(case.id, 1) for case in cases[:2])
    assert await walks.waiters(EVENT, "", 10) == waiting
    assert await walks.waiters(EVENT, waiting[0].case, 10) == waiting[1:]
    assert await walks.waiting(EVENT, waiting[0].case, waiting[1].case) == 2
    plan = await database.cases.find({"link.to": EVENT, "link.waits": True, "_id": {"$gt": ""}}).sort("_id").explain()
    assert "link.to" in str(plan["queryPlanner"]["winningPlan"])
    walk = Walk(id="w", event_case=EVENT, answer="mended", time=START)
    await walks.begin(walk)
    taken = await walks.take(1_000.0)
    assert taken is not None
    assert await walks.take(1_001.0) is None
    taken.after = case_of("w0")
    await walks.went(taken, 1_002.0)
    again = await walks.take(1_100.0)
    assert again is not None
    assert again.after == case_of("w0")
    await walks.end(again)
    await walks.begin(walk)
    assert await walks.take(9_999.0) is None
