"""Many at once, a long outage, another policy, and what people see of it."""

from datetime import datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import yaml
from fastapi import FastAPI
from pydantic import SecretStr

from services.sla.api import clocks_router, notices_router
from services.sla.domain.view import ClocksView
from services.sla.notices import window_of
from services.sla.policy import load_schedule, with_deadlines
from services.sla.recount import recount
from services.sla.store import MemoryStore
from shared.auth import issue
from shared.clock import CHINA
from shared.events.envelope import decode
from shared.service import install_errors
from shared.settings import Settings
from tests.unit.sla.world import (
    COMMANDS_TOPIC,
    POLICY,
    SCHEDULE,
    Watching,
    World,
    case_of,
    clock_of,
    event,
    issued,
    signed,
    told_of,
)

START = datetime(2021, 1, 13, 10, 0, tzinfo=CHINA)
SECRET = "s" * 40
TIGHT = (POLICY / "deadlines.yaml").read_text(encoding="utf-8").replace("resolve: 5wd", "resolve: 1h")


async def many(count: int) -> Watching:
    one = Watching(World(), START)
    events = []
    for n in range(count):
        case, at = case_of(f"c{n}"), START + timedelta(seconds=n)
        events.append(event(case, 1, at, issued("o", "P0")))
    await one.read(*events)
    return one


async def test_five_hundred_breaches_are_a_few_notices_and_no_case_is_forgotten() -> None:
    one = await many(500)
    while await one.fire(START + timedelta(hours=1)):
        pass
    told = one.world.told()
    assert len({told_one.id for told_one in told if (told_one.verb, told_one.clock) == ("breach", "sign")}) == 500
    rows = [row for row in one.world.notices.rows.values() if (row["clock"], row["rung"]) == ("sign", "urge")]
    assert len(rows) <= 2, "one per officer, channel and window of fifteen minutes"
    assert sum(len(row["cases"]) for row in rows) == 500
    shown = max(await one.world.notices.page("unit", "", None, 99), key=lambda row: int(row["count"]))
    assert len(shown["cases"]) == 20 < shown["count"]


async def test_after_an_outage_the_oldest_are_told_first_and_none_is_skipped() -> None:
    one = await many(1200)
    until = START + timedelta(minutes=40)
    while await one.fire(until):
        pass
    told = [(stored.partition, told_of(decode(stored.value))) for stored in one.world.log.all(COMMANDS_TOPIC)]
    breaches = [(partition, rung.due) for partition, rung in told if (rung.verb, rung.clock) == ("breach", "sign")]
    assert len(breaches) == 1200
    assert breaches == sorted(breaches), "within each partition, across the pages"


async def test_another_policy_counts_running_clocks_anew_and_leaves_what_is_over() -> None:
    one = await many(3)
    done = case_of("c0")
    await one.read(event(case_of("d"), 1, START, issued("o", "P2")))
    other = with_deadlines(SCHEDULE, TIGHT.replace('version: "2021-01-13.3"', 'version: "tight"'))
    store = MemoryStore(one.world.table)
    assert await recount(store, other, one.clock) == 4
    assert await recount(store, other, one.clock) == 0
    assert clock_of(one.world.clocks(case_of("d")), "resolve").due == START + timedelta(hours=1)
    assert one.world.table.rows[done]["version"] == other.version


class Door:
    """sla's API over a world."""

    def __init__(self, one: Watching) -> None:
        app, given = FastAPI(), Settings(jwt_secret=SecretStr(SECRET))
        install_errors(app)
        app.include_router(clocks_router(given, MemoryStore(one.world.table), SCHEDULE, one.clock))
        app.include_router(notices_router(given, one.world.notices))
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://sla")

    async def ask(self, method: str, path: str, role: str = "operator", content: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {issue(SECRET, 'x', role, 1)}"}
        return await self.client.request(method, path, headers=headers, content=content.encode() or None)


async def test_a_deadline_is_explained() -> None:
    one = Watching(World(), START)
    case = case_of("a")
    epidemic = msgspec.structs.replace(issued("o"), topic="01", profile="epidemic")
    await one.read(event(case, 1, START, epidemic), event(case, 2, START + timedelta(hours=1), signed("o")))
    found = (await Door(one).ask("GET", f"/clocks/{case}")).json()
    assert found["version"] == SCHEDULE.version
    clocks = {clock["clock"]: clock for clock in found["clocks"]}
    assert clocks["resolve"]["rule"] == "epidemic-help"
    assert clocks["resolve"]["due"] < clocks["resolve"]["normal_due"]
    assert clocks["resolve"]["holidays_known"] is True
    assert clocks["sign"]["intervals"] == [[START.isoformat(), (START + timedelta(hours=1)).isoformat()]]
    kinds = [rung["kind"] for rung in clocks["resolve"]["rungs"]]
    assert kinds == ["warn", "breach", "urge", "supervise", "notify_leaders"]


async def test_what_another_policy_would_change_is_shown_before_it_holds() -> None:
    one = Watching(World(), START)
    await one.read(*(event(case_of(f"c{n}"), 1, START, issued("o", "P2")) for n in range(30)))
    one.clock.forward(hours=2)
    before = dict(one.world.table.rows)
    answer = (await Door(one).ask("POST", "/deadlines/diff?most=25", content=TIGHT)).json()
    assert (answer["cases"], answer["whole"]) == (25, False)
    assert answer["counts"] == {"resolve overdue at once": 25}
    assert len(answer["examples"]) == 20
    assert one.world.table.rows == before, "nothing was changed"
    same = (POLICY / "deadlines.yaml").read_text(encoding="utf-8")
    answer = (await Door(one).ask("POST", "/deadlines/diff", content=same)).json()
    assert (answer["counts"], answer["whole"]) == ({}, True)


async def test_bad_requests_get_a_reason() -> None:
    door = Door(await many(1))
    for method, path, role, content, status in (
        ("GET", f"/clocks/{case_of('none')}", "operator", "", 404),
        ("GET", f"/clocks/{case_of('c0')}", "unit:130100-02-001", "", 403),
        ("POST", "/deadlines/diff", "agent", TIGHT, 403),
        ("POST", "/deadlines/diff", "operator", "limits: [", 422),
        ("POST", "/deadlines/diff", "operator", "version: x", 422),
        ("POST", "/deadlines/diff", "operator", "x" * 70_000, 413),
        ("GET", "/notices?role=leader", "agent", "", 403),
        ("GET", "/notices?role=leader", "unit:130100-02-001", "", 403),
    ):
        answer = await door.ask(method, path, role, content)
        assert (answer.status_code, set(answer.json())) == (status, {"reason", "detail"}), path


async def test_a_unit_reads_its_own_notices() -> None:
    one = await many(2)
    await one.fire(START + timedelta(minutes=11))
    door = Door(one)
    [item] = (await door.ask("GET", "/notices", "unit:130100-02-001")).json()["items"][:1]
    assert (item["role"], item["unit"]) == ("unit", "130100-02-001")
    assert (await door.ask("GET", "/notices", "unit:130100-02-002")).json()["items"] == []


def test_both_cities_have_a_whole_policy_of_their_own() -> None:
    first, other = (load_schedule(POLICY.parent / city) for city in ("130100", "130200"))
    assert first.ladder != other.ladder
    assert window_of(first.ladder.digest_every) < window_of(other.ladder.digest_every)


def test_every_rule_is_data() -> None:
    """A line added to the file is a clock of the next case, without any code."""
    policy = yaml.safe_load(Path(POLICY / "deadlines.yaml").read_text(encoding="utf-8"))
    policy["limits"].insert(0, {"id": "schools", "topics": ["10"], "resolve": "2h"})
    other = with_deadlines(SCHEDULE, yaml.safe_dump(policy))
    schools = msgspec.structs.replace(issued("o"), topic="10.02")
    state = ClocksView(other).fold(None, event(case_of("a"), 1, START, schools), schools)
    assert state is not None
    assert (clock_of(state, "resolve").rule, clock_of(state, "sign").rule) == ("schools", "general")
