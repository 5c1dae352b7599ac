"""A case goes from one city to the other and comes back with its result, though the partner is away for a while."""

import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.mongo import connect
from shared.settings import Settings
from tests.e2e.cities import Cities, City, until

pytestmark = pytest.mark.real
PHONE = "+8613812341234"
STUCK = "货车在外市高速卡口滞留，请协助放行"


@pytest.fixture
async def cities(servers: Settings, tmp_path: Path) -> AsyncIterator[Cities]:
    made = Cities(servers, tmp_path)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


async def case_about(city: City, text: str) -> dict[str, Any] | None:
    rows = await city.call("GET", "dispatch", "/cases?limit=1000")
    return next((row for row in rows["items"] if text in row["title"]), None)


async def work_through(city: City, case: dict[str, Any], answer: str) -> None:
    """The departments of a case sign and answer, an auditor passes it."""
    for order in case["orders"]:
        unit = f"unit:{order['unit']}"
        await city.do(case["id"], "sign", unit, order=order["id"])
        await city.do(case["id"], "answer", unit, order=order["id"], public_answer=answer)
        await city.do(case["id"], "audit", "auditor", order=order["id"], passed=True)


async def tried_again(city: City, case: str) -> bool:
    rows = (await city.call("GET", "transfer", "/transfers?direction=sent"))["items"]
    return any(
        row["case"] == case and row["state"] == "asked" and row["delivery"]["attempts"] > 1 for row in rows
    )  # fmt: skip


async def completed(city: City, case: str) -> bool:
    return bool((await one_transfer(city, "sent", case))["state"] == "completed")


async def one_transfer(city: City, direction: str, case: str) -> dict[str, Any]:
    rows = await city.call("GET", "transfer", f"/transfers?direction={direction}")
    (row,) = [row for row in rows["items"] if row["case"] == case]
    return dict(row)


async def raw_documents(cities: Cities, city: City, service: str) -> str:
    """All that a service has stored, as text."""
    database = connect(cities.settings(city), service)
    rows = await database.cases.find({}).to_list(None)
    database.client.close()
    return repr(rows)


async def test_a_case_crosses_the_border_and_its_result_comes_back(cities: Cities) -> None:
    home, other = cities.home, cities.other
    case = await cities.register(home, "two-cities-1", f"一号{STUCK}", PHONE)
    for order in (await home.case(case))["orders"]:
        assert order["unit"].startswith("130100")
    asked = await home.do(
        case, "ask_transfer", "dispatcher", target="130200", reason="卡口在唐山", asked_action="联系卡口放行",
        consent=True, checkpoint="唐山西卡口", plate="冀A12345",
    )  # fmt: skip
    assert asked["event"]["type"] == "transfer.asked.v1"

    # The partner is away: the request is stored and tried again.
    await until(lambda: tried_again(home, case))
    await cities.supervisor.start(cities.process(other, "transfer"))

    theirs = await until(lambda: case_about(other, f"一号{STUCK}"))
    await until(lambda: reached(home, case, "transfer.accepted.v1"))

    # The first city waits for this very case: it does not vanish in another one.
    another = await cities.register(other, "two-cities-other", "另一件事", PHONE)
    body = {"target": another, "reason": "同一事项"}
    merged = await other.ask("POST", "dispatch", f"/cases/{theirs['id']}/commands/merge_into", "dispatcher", body)
    assert (merged.status_code, merged.json()["reason"]) == (409, "received")

    # The partner's service is killed, and comes back, while its units are at work.
    cities.supervisor.kill(f"transfer-{other.area}", signal.SIGKILL)
    await work_through(other, theirs, "卡口已放行")
    await until(lambda: reached(home, case, "transfer.completed.v1"))
    await work_through(home, await home.case(case), "已协调")
    await until(lambda: reached(home, case, "reply.owed.v1"))
    await until(lambda: completed(home, case))
    await ledgers_agree(cities, case, theirs["id"])


async def reached(city: City, case: str, kind: str) -> bool:
    return kind in await city.events(case)


async def ledgers_agree(cities: Cities, ours: str, theirs: str) -> None:
    """Every request has its receipt and its end on both sides, nothing twice, and no plain number anywhere."""
    home, other = cities.home, cities.other
    steps = Counter(kind for kind in await home.events(ours) if kind.startswith("transfer."))
    once = {f"transfer.{name}.v1": 1 for name in ("asked", "receipted", "accepted", "completed")}
    assert {name: count for name, count in steps.items() if name != "transfer.progressed.v1"} == once
    sent, received = await one_transfer(home, "sent", ours), await one_transfer(other, "received", theirs)
    assert sent["transfer"] == received["transfer"]
    assert (sent["state"], received["state"]) == ("completed", "completed")
    assert sent["partner_number"] == received["number"] == (await other.case(theirs))["number"]
    assert received["partner_number"] == sent["number"]
    born = [row for row in (await other.call("GET", "dispatch", "/cases?limit=1000"))["items"] if STUCK in row["title"]]
    assert len(born) == 1
    assert "卡口已放行" in (await home.case(ours))["answer"]
    debts = (await other.case(theirs))["debts"]
    assert [debt["reporter"] for debt in debts] == ["138****1234"]
    for city in (home, other):
        for service in ("dispatch", "transfer"):
            assert "13812341234" not in await raw_documents(cities, city, service)


async def test_a_refused_case_comes_home_and_an_emergency_centre_reports_back(cities: Cities) -> None:
    home, other = cities.home, cities.other
    await cities.supervisor.start(cities.process(other, "transfer"), cities.process(cities.emergency, "transfer"))
    case = await cities.register(home, "two-cities-2", "二号咨询落户政策", PHONE)
    await home.do(case, "ask_transfer", target="130200", reason="外市", asked_action="请答复", consent=True)
    theirs = await until(lambda: case_about(other, "二号咨询落户政策"))
    transfer = (await until(lambda: received_one(other, theirs["id"])))["transfer"]
    await other.call("POST", "transfer", f"/received/{transfer}/refuse", body={"reason": "not_local", "text": "非本市"})
    await until(lambda: reached(home, case, "transfer.refused.v1"))
    assert (await home.case(case))["state"] == "PENDING_DISPATCH"
    assert (await other.case(theirs["id"]))["state"] == "CLOSED"

    await home.do(case, "ask_transfer", target="120", reason="突发急病", asked_action="请出车")
    await until(lambda: reached(home, case, "transfer.completed.v1"))
    kinds = [kind for kind in await home.events(case) if kind.startswith("transfer.")]
    assert kinds[-5:] == [f"transfer.{n}.v1" for n in ("asked", "receipted", "accepted", "progressed", "completed")]
    await until(lambda: whole_journal(cities))
    assert await reached(home, case, "reply.owed.v1")


async def whole_journal(cities: Cities) -> bool:
    """It arrived, and three steps of feedback were noted."""
    return len(cities.journal.read_text().splitlines()) == 4


async def received_one(city: City, case: str) -> dict[str, Any] | None:
    rows = await city.call("GET", "transfer", "/transfers?direction=received&state=receipted")
    return next((row for row in rows["items"] if row["case"] == case), None)
