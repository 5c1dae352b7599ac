"""reports' store answers the same in memory and on MongoDB, and adds up a large day quickly."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from services.reports.domain.case_facts import CaseFact
from services.reports.domain.special import Selection
from services.reports.domain.view import FactsView
from services.reports.issues import Issues, MemoryIssues, MongoIssues
from services.reports.rows import Days
from services.reports.store import MongoStore
from shared.events import cases as e
from shared.mongo import connect
from shared.settings import Settings
from tests.factories import LEAD, SECOND, START, reporter
from tests.unit.reports.test_figures import CALLS, a_day
from tests.unit.reports.test_matters import ARTICLE, GRAVE
from tests.unit.reports.world import DAY, Reporting, issued, registered

pytestmark = pytest.mark.real
CASES = 100_000


@pytest.fixture
async def database(servers: Settings) -> AsyncIterator[Any]:
    made = connect(servers, f"reports_{uuid4().hex[:8]}")
    yield made
    await made.client.drop_database(made.name)
    made.client.close()


async def filled(store: MongoStore | None = None) -> Reporting:
    """A day with everything, a gap, a repeat that is open, and cases of other days."""
    world = await a_day(store)
    await world.read(*CALLS)
    again = e.ContactAttached(reporter=reporter("x"), text="", obligation="")
    await world.tell("again", registered("again", priority="P0"), again)
    await world.tell("gap", registered("gap"), at=START - timedelta(days=1))
    await world.tell("gap", e.CaseClosed(reason="x"), first=4)
    asked = e.WorkOrderReturnAsked(order="o", unit=LEAD, reason="not_ours", basis="", proposed_unit="")
    await world.tell("back", registered("back"), issued("o"), asked)
    await world.tell("merged", registered("merged", priority="P1"), again, e.CaseMerged(merge="m", target="N-2"))
    raised = e.CaseRegraded(priority="P0", request_type="QZ", topic="05", reason="x")
    await world.tell("raised", registered("raised", topic=""), raised)
    for topic in ("01", "0104", "0104", "1001"):
        await world.tell(topic, registered(topic, topic=topic), *([again] if topic == "01" else []))
    later = [issued("o1"), e.CaseDispatched(rule="r", why="w", policy_version="1", units=(SECOND,))]
    await world.tell("later", registered("later"), *later)
    given_up = e.ReplySettled(obligation="debt-nobody", how="unreachable", proof="p")
    await world.tell("nobody", registered("nobody"), given_up)
    await world.learn(ARTICLE)
    await world.learn(msgspec.structs.replace(GRAVE, version=4, state="recalled"))
    return world


def selection(**more: Any) -> Selection:
    since, until = START - timedelta(days=2), START + timedelta(hours=1)
    return Selection(since=since.isoformat(), until=until.isoformat(), **more)


SELECTIONS = (
    selection(), selection(topic="01"), selection(topic="0104"), selection(topic="03", area="130102"),
    selection(priority="P0"), selection(repeated=True), selection(topic="01", repeated=True), selection(topic="0"),
    selection(topic=".."),
)  # fmt: skip


async def answers(world: Reporting) -> list[Any]:
    store, start = world.store, START.replace(hour=0)
    return [
        await store.tally(Days(DAY, DAY)),
        await store.tally(Days("2021-01-01", "2021-01-12")),
        await store.tally(None),
        await store.urgent(DAY),
        sorted(await store.texts(start, start + timedelta(days=1), 100)),
        len(await store.texts(start - timedelta(days=9), start + timedelta(days=1), 2)),
        sorted(await store.opened(start, START)),
        sorted(await store.repeated(start - timedelta(days=7), START)),
        await store.gaps(),
        await store.disputes(DAY),
        await store.on_duty(DAY),
        await store.known(),
    ]


async def test_both_stores_choose_the_same_cases(database: Any) -> None:
    store = MongoStore(database, 5)
    await store.prepare()
    worlds = await filled(), await filled(store)
    memory, mongo = [[await world.store.facts(one, 99) for one in SELECTIONS] for world in worlds]
    assert mongo == memory
    counts = [len(found) for found in memory]
    assert counts[1:3] == [2, 1]
    assert all(counts[:-2])
    assert counts[-2:] == [0, 0]
    assert len(await store.facts(SELECTIONS[0], 3)) == 3


async def test_both_stores_answer_the_same(database: Any) -> None:
    store = MongoStore(database, 3)
    await store.prepare()
    memory, mongo = await answers(await filled()), await answers(await filled(store))
    assert mongo == memory
    assert all(memory)


@pytest.mark.parametrize("kind", ["memory", "mongo"])
async def test_issues_are_numbered_once_and_final_ones_stay(database: Any, kind: str) -> None:
    world = await a_day()
    made = await world.office.make(world.office.today())
    issues: Issues = MongoIssues(database) if kind == "mongo" else MemoryIssues()
    if isinstance(issues, MongoIssues):
        await issues.prepare()
    assert (await issues.put(made)).number == 1
    other = msgspec.structs.replace(made, date="2021-01-12", final=True, made_at="first")
    assert (await issues.put(other)).number == 2
    assert (await issues.put(msgspec.structs.replace(other, made_at="second"))).made_at == "first"
    assert (await issues.put(msgspec.structs.replace(made, final=True, made_at="later"))).made_at == "later"
    assert [(one.date, one.number) for one in await issues.listed()] == [(DAY, 1), ("2021-01-12", 2)]
    assert await issues.get("2020-01-01") is None


async def test_a_day_of_100_000_cases_is_added_up_in_seconds(database: Any, request: pytest.FixtureRequest) -> None:
    store = MongoStore(database, 0)
    await store.prepare()
    await store.collection.insert_many([_document(n) for n in range(CASES)], ordered=False)
    began = time.monotonic()
    tally = await store.tally(Days(DAY, DAY))
    took = time.monotonic() - began
    reporter_of_tests: Any = request.config.pluginmanager.get_plugin("terminalreporter")
    reporter_of_tests.write_line(f" tally of {CASES} cases: {took:.2f} s")
    assert (tally.counts["accepted"], tally.counts["area:130102"]) == (CASES, CASES // 20)
    assert tally.counts["repeated"] == CASES - 4_500


def _document(n: int) -> dict[str, Any]:
    fact = CaseFact(last=1, number=f"S-{n}", title="楼道灯不亮", text="三号楼楼道灯不亮" * 15, registered_at=START)
    fact.request_type, fact.priority, fact.topic, fact.area = "QZ", "P2", f"{n % 18:02}", f"1301{n % 20:02}"
    fact.answered_at = START if n % 3 else None
    fact.caller = f"ref-{n % 500}"
    state = msgspec.to_builtins(fact)
    return {"_id": f"N-{n}", "rev": 1, "sequence": 1, "parked": [], "state": state, **FactsView().index(fact)}
