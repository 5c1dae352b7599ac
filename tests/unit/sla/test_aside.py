"""A case whose clocks cannot be counted: the others go on, it rings, and it comes again."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY
from pydantic import SecretStr

from services.sla.api import clocks_router
from services.sla.policy import with_deadlines
from services.sla.recount import recount
from services.sla.store import MemoryStore
from services.sla.timers import AGAIN
from shared.auth import issue
from shared.events.envelope import decode
from shared.service import install_errors
from shared.settings import Settings
from tests.unit.deploy.observability import rules
from tests.unit.sla.world import (
    COMMANDS_TOPIC,
    HOUR,
    MINUTE,
    POLICY,
    SCHEDULE,
    WEDNESDAY,
    Watching,
    World,
    case_of,
    event,
    issued,
    signed,
)

BROKEN, SOUND = case_of("broken"), case_of("sound")
SECRET = "s" * 40
POLICIES = (POLICY / "deadlines.yaml").read_text(encoding="utf-8")


def rang() -> float:
    return REGISTRY.get_sample_value("hotline_parked_events_total", {"reader": "sla"}) or 0.0


async def watching(due: str = "0001-01-01T00:00:00+08:00") -> Watching:
    """Two urgent cases; the clock to sign of the first has a day that cannot be counted with."""
    one = Watching(World(), WEDNESDAY)
    await one.read(*(event(case, 1, WEDNESDAY, issued("o", "P0")) for case in (BROKEN, SOUND)))
    clock(one)["due"] = due
    return one


def clock(one: Watching) -> dict[str, Any]:
    found: dict[str, Any] = one.world.table.rows[BROKEN]["state"]["orders"]["o"]["clocks"]["sign"]
    return found


def told_of(one: Watching, case: str) -> list[str]:
    commands = [decode(stored.value) for stored in one.world.log.all(COMMANDS_TOPIC)]
    return [command.type for command in commands if command.subject == case]


@pytest.mark.parametrize("due", ["0001-01-01T00:00:00+08:00", "when it is done"])
async def test_one_case_that_cannot_be_counted_holds_up_no_other(due: str) -> None:
    one, before = await watching(due), rang()
    await one.fire(WEDNESDAY + HOUR)
    assert "case.breach.v1" in told_of(one, SOUND)
    assert told_of(one, BROKEN) == []
    assert rang() == before + 1


async def test_it_comes_again_and_rings_again_until_it_is_mended() -> None:
    one, before = await watching(), rang()
    due = "2021-01-13T10:10:00+08:00"
    for minutes in (15, 24, 26, 36):
        one.clock.forward(seconds=(WEDNESDAY + minutes * MINUTE - one.clock.now()).total_seconds())
        await one.fire(one.clock.now())
    assert rang() == before + 3, "after ten minutes, and not at every look"
    clock(one)["due"] = due
    await one.fire(WEDNESDAY + HOUR)
    assert "case.breach.v1" in told_of(one, BROKEN), "nothing of it was lost"


def test_it_rings_again_before_the_window_of_the_alarm_is_over() -> None:
    [rule] = [rule for rule in rules() if rule["alert"] == "EventsParked"]
    assert "[15m]" in rule["expr"]
    assert timedelta(minutes=15) > AGAIN


async def test_what_happens_to_it_meanwhile_is_parked_and_not_lost() -> None:
    one = Watching((await watching()).world, WEDNESDAY)
    await one.read(*(event(case, 2, WEDNESDAY + HOUR, signed("o")) for case in (BROKEN, SOUND)))
    assert [len(one.world.table.rows[case]["parked"]) for case in (BROKEN, SOUND)] == [1, 0]
    clock(one)["due"] = "2021-01-13T10:10:00+08:00"
    await one.reader.unpark(BROKEN)
    assert (one.world.table.rows[BROKEN]["sequence"], one.world.table.rows[BROKEN]["parked"]) == (2, [])


async def test_another_policy_is_counted_for_all_but_that_case() -> None:
    one, before = await watching("when it is done"), rang()
    other, store = with_deadlines(SCHEDULE, POLICIES.replace('version: "', 'version: "x')), MemoryStore(one.world.table)
    assert await recount(store, other, one.clock) == 2
    assert one.world.clocks(SOUND).version == other.version
    assert rang() == before + 1
    assert await store.due("N", [0], one.clock.now() + AGAIN, 9), "the timers try it again, and ring"


async def test_another_policy_can_be_tried_on_all_but_that_case() -> None:
    one, app, given = await watching("when it is done"), FastAPI(), Settings(jwt_secret=SecretStr(SECRET))
    install_errors(app)
    app.include_router(clocks_router(given, MemoryStore(one.world.table), SCHEDULE, one.clock))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://sla") as client:
        headers = {"Authorization": f"Bearer {issue(SECRET, 'x', 'operator', 1)}"}
        answer = (await client.post("/deadlines/diff", content=POLICIES.encode(), headers=headers)).json()
    assert (answer["cases"], answer["uncounted"]) == (1, 1)
