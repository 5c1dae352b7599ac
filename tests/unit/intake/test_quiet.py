"""At night nobody is asked how content he is, but for what is urgent; every other call goes out at any hour."""

from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.intake.domain.quiet import Quiet
from services.intake.policy import load_outbound
from shared import ids
from shared.clock import CHINA
from shared.events.envelope import decode
from shared.events.topics import Lane
from shared.testing import FakeClock
from tests.unit.intake.world import POLICY, world

CONTACT = ids.contact_id("service", "call", "c1")
NIGHT = Quiet(purposes=frozenset({"follow_up"}), since="22:00", until="08:00", never_for=frozenset({"P0"}))  # type: ignore[arg-type]
NOON = Quiet(purposes=frozenset({"follow_up"}), since="12:00", until="14:00", never_for=frozenset())  # type: ignore[arg-type]


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2021, 1, 13, hour, minute, tzinfo=CHINA)


async def called(folder: Path, when: datetime, lane: Lane = "normal", **more: Any) -> httpx.Response:
    body = {"case_id": ids.case_id(lane, CONTACT, 1), "purpose": "follow_up", "callee": "市民", "result": "connected"}
    async with world(folder, clock=FakeClock(when)) as intake:
        answer = await intake.post("/calls/outbound", {**body, **more}, "agent", **{"Idempotency-Key": "k"})
        assert bool(intake.broker.values()) == (answer.status_code == 202)
        return answer


@pytest.mark.parametrize(
    ("when", "status"),
    [(at(21, 59), 202), (at(22), 422), (at(3), 422), (at(7, 59), 422), (at(8), 202), (at(15), 202)],
)
async def test_at_night_no_satisfaction_is_asked_for(tmp_path: Path, when: datetime, status: int) -> None:
    answer = await called(tmp_path, when)
    assert answer.status_code == status
    if status == 422:
        assert answer.json()["reason"] == "quiet_hours"
        assert "22:00" in answer.json()["detail"]
        assert "08:00" in answer.json()["detail"]


async def test_the_hours_are_those_of_china_wherever_the_clock_is(tmp_path: Path) -> None:
    answer = await called(tmp_path, datetime.fromisoformat("2021-01-12T19:00:00+00:00"))
    assert answer.status_code == 422


@pytest.mark.parametrize("purpose", ["verify", "reach_unit", "checkpoint", "follow_through", "missed_call"])
async def test_every_other_call_goes_out_at_night(tmp_path: Path, purpose: str) -> None:
    assert (await called(tmp_path, at(1), purpose=purpose)).status_code == 202


@pytest.mark.parametrize(
    ("lane", "more", "status"),
    [
        ("urgent", {}, 202),
        ("normal", {"priority": "P1"}, 202),
        ("normal", {"priority": "P0"}, 202),
        ("normal", {"priority": "P2"}, 422),
        ("urgent", {"priority": "P2"}, 422),
    ],
)
async def test_what_is_urgent_knows_no_quiet_hours(
    tmp_path: Path, lane: Lane, more: dict[str, str], status: int
) -> None:
    assert (await called(tmp_path, at(3), lane, **more)).status_code == status


async def test_a_repeat_is_the_same_request_whatever_became_of_its_cases_priority(tmp_path: Path) -> None:
    body = {"case_id": ids.case_id("normal", CONTACT, 1), "purpose": "verify", "callee": "市民", "result": "connected"}
    async with world(tmp_path) as intake:
        for priority in ("P2", "P1"):
            await intake.post("/calls/outbound", {**body, "priority": priority}, "agent", **{"Idempotency-Key": "k"})
        first, again = (decode(stored.value) for stored in intake.broker.log.all("130100.commands.normal"))
    assert (first.id, first.digest) == (again.id, again.digest)


def test_hours_within_a_day_are_those_of_that_day() -> None:
    forbidden = [hour for hour in range(24) if NOON.forbids("follow_up", "P2", at(hour))]
    assert forbidden == [12, 13]
    assert [hour for hour in range(24) if NIGHT.forbids("follow_up", "P2", at(hour))] == [*range(8), 22, 23]
    assert not NIGHT.forbids("follow_up", "P0", at(3))
    assert not NIGHT.forbids("verify", "P2", at(3))


@pytest.mark.parametrize("city", ["130100", "130200"])
def test_every_city_says_when_and_how_often_somebody_is_called(city: str) -> None:
    policy = load_outbound(POLICY.parent / city)
    assert policy.quiet.forbids("follow_up", "P2", at(3))
    assert policy.call_back.tries == 3
