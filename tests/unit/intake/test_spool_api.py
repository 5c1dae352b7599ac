"""What the broker refused for good: an operator sees it whole and settles it, and only then the alarm ends."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from tests.unit.intake.world import SETTINGS, World, token, world

NAME = SETTINGS.name
WHY = {"why": "the sender repeated it"}


def message(text: str) -> dict[str, str]:
    return {"title": "路灯", "text": text, "caller": "13812341234"}


def alarm() -> float:
    """What the alert SpoolRefused looks at."""
    return REGISTRY.get_sample_value("hotline_spool_refused", {"lane": "normal"}) or 0.0


async def refuse(at: World, count: int = 1) -> None:
    """Requests that go into the spool, and that the broker then refuses."""
    at.broker.away = True
    for number in range(count):
        answer = await at.post("/web/contacts", message(f"REFUSED {number}"), **{"Idempotency-Key": str(number)})
        assert answer.status_code == 202
    at.broker.away, at.broker.refuses = False, b"REFUSED"
    while at.acceptor.spools["normal"].entries:  # noqa: ASYNC110 - what is waited for happens in the replayer
        await asyncio.sleep(0.001)


async def settle(at: World, entry: str, role: str = "operator", body: object = WHY) -> tuple[int, dict[str, str]]:
    answer = await at.client.put(f"/spool/refused/{entry}/settled", json=body, headers=token(role))
    return answer.status_code, answer.json()


async def test_a_refused_request_is_shown_whole(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        await refuse(at)
        found = (await at.get("/spool/refused")).json()
    assert found["replica"] == NAME
    (item,) = found["items"]
    assert item["entry"].startswith(f"{NAME}/normal/")
    assert "no" in item["reason"]
    assert [record["topic"] for record in item["records"]] == [*["130100.contacts"] * 2, "130100.commands.normal"]
    assert "REFUSED 0" in item["records"][-1]["value"]
    assert "13812341234" not in str(item)


async def test_a_settled_request_is_no_alarm_any_more_and_stays_one_no_more_after_a_restart(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        await refuse(at, 2)
        first, second = (item["entry"] for item in (await at.get("/spool/refused")).json()["items"])
        assert alarm() == 2.0
        assert await settle(at, first) == (200, {"settled": first})
        assert alarm() == 1.0
    async with world(tmp_path) as at:
        assert alarm() == 1.0
        assert [item["entry"] for item in (await at.get("/spool/refused")).json()["items"]] == [second]
        assert (await at.get("/spool")).json()["normal"] == {"entries": 0, "refused": 1}
        await settle(at, second)
        assert alarm() == 0.0


async def test_a_repeated_settlement_is_the_same(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        await refuse(at)
        (item,) = (await at.get("/spool/refused")).json()["items"]
        assert await settle(at, item["entry"]) == await settle(at, item["entry"])
        assert at.acceptor.spools["normal"].refused == 0


@pytest.mark.parametrize(
    ("entry", "status", "reason"),
    [
        ("intake.9/normal/1", 404, "other_replica"),
        (f"{NAME}/normal/99", 404, "no_such_request"),
        (f"{NAME}/normal/x", 404, "no_such_request"),
        (f"{NAME}/normal/{10**30}", 404, "no_such_request"),
        (f"{NAME}/slow/1", 404, "no_such_request"),
    ],
)
async def test_what_is_not_there_is_said(tmp_path: Path, entry: str, status: int, reason: str) -> None:
    async with world(tmp_path) as at:
        code, body = await settle(at, entry)
    assert (code, body["reason"]) == (status, reason)


@pytest.mark.parametrize("body", [{}, {"why": ""}, {"why": 1}, {"why": "x", "who": "y"}])
async def test_nothing_is_settled_without_a_why(tmp_path: Path, body: object) -> None:
    async with world(tmp_path) as at:
        await refuse(at)
        (item,) = (await at.get("/spool/refused")).json()["items"]
        assert (await settle(at, item["entry"], body=body))[0] == 422
        assert at.acceptor.spools["normal"].refused == 1


@pytest.mark.parametrize("role", ["agent", "supervisor", "service", "unit:130100-02-001"])
async def test_nobody_but_an_operator_sees_or_settles_it(tmp_path: Path, role: str) -> None:
    async with world(tmp_path) as at:
        assert (await at.get("/spool/refused", role)).status_code == 403
        assert (await settle(at, f"{NAME}/normal/1", role))[0] == 403
