"""What becomes of a case after its registration: judged anew, supplemented, merged. The day's figures stay."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.reports.domain.case_facts import CaseFact, fold
from services.reports.domain.special import Selection, count
from services.reports.rows import Days
from shared.events import cases as e
from shared.events.envelope import Envelope, raw
from tests.factories import START, reporter
from tests.unit.reports.world import DAY, Reporting, registered

THE_DAY = date.fromisoformat(DAY)
NEXT = START + timedelta(days=1)
RAISED = e.CaseRegraded(priority="P0", request_type="TS", topic="05", reason="danger")
AGAIN = e.ContactAttached(reporter=reporter("again"), text="", obligation="")
MERGED = e.CaseMerged(merge="m", target="N-2")
SEPARATED = e.CaseSeparated(merge="m", target="N-2", cycle=2, obligations=())
WINDOW = Selection(since=(START - timedelta(hours=1)).isoformat(), until=NEXT.isoformat())


def folded(*events: Any) -> CaseFact:
    state: CaseFact | None = None
    for number, data in enumerate(events, 1):
        event = Envelope(
            id=str(number), type=e.CASES.type_of(data), source="/dispatch", subject="N-1", time=START, sequence=number,
            data=raw(data),
        )  # fmt: skip
        state = fold(state, event, data)
    assert state is not None
    return state


async def test_a_case_raised_to_p0_is_in_the_list_of_that_day_and_in_the_alerts() -> None:
    world = Reporting()
    for n in range(3):
        name = f"r{n}"
        await world.tell(name, registered(name, topic="", area="130109"), RAISED)
    await world.tell("late", registered("late"))
    await world.tell("late", RAISED, at=NEXT, first=2)
    today, tomorrow = await world.store.urgent(DAY), await world.store.urgent(NEXT.date().isoformat())
    assert [(one.number, one.priority) for one in today] == [(f"SJZ-20210113-r{n}", "P0") for n in range(3)]
    assert [one.number for one in tomorrow] == ["SJZ-20210113-late"]
    assert [(alert.kind, alert.code) for alert in await world.office.alerts(START)] == [("urgent_cluster", "130109")]
    wanted = Selection(since=WINDOW.since, until=START.isoformat(), topic="05", priority="P0")
    assert len(await world.store.facts(wanted, 9)) == 4


async def test_who_is_lowered_again_is_not_urgent() -> None:
    lowered = e.CaseRegraded(priority="P2", request_type="QZ", topic="03", reason="no danger")
    world = Reporting()
    await world.tell("a", registered("a"), RAISED, lowered)
    await world.tell("b", registered("b", priority="P1"), lowered)
    assert await world.store.urgent(DAY) == []


async def test_the_figures_of_its_day_count_a_case_as_it_came() -> None:
    world, plain = Reporting(), Reporting()
    added = e.CaseSupplemented(text="在二楼", address="", area="130109", topic="")
    await world.tell("a", registered("a"), RAISED, added)
    await plain.tell("a", registered("a"))
    tables = [(await one.office.figures(THE_DAY, THE_DAY)).tables for one in (world, plain)]
    assert tables[0] == tables[1]
    assert (await world.store.tally(Days(DAY, DAY))).counts["event:case.regraded.v1"] == 1


def test_what_was_supplemented_is_the_case_now() -> None:
    fact = folded(registered("a", area=""), e.CaseSupplemented(text="在二楼", address="", area="130109", topic=""))
    assert (fact.area, fact.topic, fact.text) == ("130109", "03", "三号楼楼道灯不亮\n在二楼")
    assert (fact.at_birth("area"), fact.at_birth("topic")) == ("", "03")


@pytest.mark.parametrize(("events", "still"), [((), 1), ((MERGED,), 0), ((MERGED, SEPARATED), 1)])
async def test_a_merged_case_is_not_open_until_the_merge_is_undone(events: tuple[Any, ...], still: int) -> None:
    fact = folded(registered("a"), AGAIN, *events)
    assert count({"N-1": fact}, WINDOW).open == still
    assert Selection(since=WINDOW.since, until=WINDOW.until, repeated=True).fits(fact) == bool(still)
    world = Reporting()
    await world.tell("a", registered("a"), AGAIN, *events)
    assert len(await world.store.repeated(START - timedelta(hours=1), START)) == still


async def test_merges_are_counted() -> None:
    world = Reporting()
    await world.tell("a", registered("a"), MERGED)
    assert (await world.office.figures(THE_DAY, THE_DAY)).by_name()["merges"].value == 1
