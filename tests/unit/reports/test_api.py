"""The door: who may read, what is answered, and what is refused with a reason."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from services.reports.api import figures_router
from services.reports.issues_api import issues_router
from services.reports.press import Press
from shared.auth import issue
from shared.service import install_errors
from shared.settings import Settings
from tests.unit.reports.test_figures import CALLS, a_day
from tests.unit.reports.world import DAY, FILE, WORDS, Reporting

SECRET = "a secret of at least thirty-two characters"
PATHS = (
    "/figures",
    "/figures?all=1",
    "/hot-topics",
    "/alerts",
    "/gaps",
    "/reports/daily",
    f"/reports/daily/{DAY}.html",
)


def token(role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue(SECRET, 'somebody', role, 1)}"}


@pytest.fixture
async def world() -> Reporting:
    made = await a_day()
    await made.read(*CALLS)
    return made


@pytest.fixture
async def door(world: Reporting, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app, settings = FastAPI(), Settings(jwt_secret=SecretStr(SECRET))
    install_errors(app)
    app.include_router(figures_router(settings, world.office))
    app.include_router(issues_router(settings, world.office, Press(FILE, WORDS, None)))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://reports", headers=token("officer")) as client:
        yield client


async def test_a_figure_carries_its_name_value_unit_numerator_and_denominator(door: httpx.AsyncClient) -> None:
    body = (await door.get(f"/figures?date={DAY}")).json()
    rate = next(figure for figure in body["figures"] if figure["name"] == "connect_rate")
    assert rate == {"name": "connect_rate", "value": 60.0, "unit": "percent", "numerator": 3, "denominator": 5}
    assert (body["first"], body["last"]) == (DAY, DAY)
    assert (await door.get("/figures")).json() == body


async def test_the_ledger_s_names_are_there(door: httpx.AsyncClient) -> None:
    figures = {one["name"]: one["value"] for one in (await door.get("/figures?all=1")).json()["figures"]}
    ledger = {"offered", "served_by_ivr", "answered_at_desk", "dispatched", "to_several_units", "called_again",
              "replies_owed", "replies_settled", "replies_delivered", "replies_by_person", "replies_unreachable",
              "replies_waived", "warnings", "breaches", "rejections"}  # fmt: skip
    assert ledger <= figures.keys()
    assert (figures["offered"], figures["dispatched"]) == (8, 1)


async def test_days_up_to_another(door: httpx.AsyncClient) -> None:
    week = (await door.get(f"/figures?date=2021-01-10&until={DAY}")).json()
    assert next(figure["value"] for figure in week["figures"] if figure["name"] == "accepted") == 3


async def test_the_report_is_made_listed_and_read(door: httpx.AsyncClient) -> None:
    assert (await door.get(f"/reports/daily/{DAY}.html")).status_code == 404
    head = (await door.post(f"/reports/daily/{DAY}")).json()
    assert (head["date"], head["number"], head["final"]) == (DAY, 1, False)
    assert (await door.get("/reports/daily")).json() == {"items": [head]}
    page = await door.get(f"/reports/daily/{DAY}.html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "第1期" in page.text
    assert "No. 1" in (await door.get(f"/reports/daily/{DAY}.html?lang=en")).text
    whole = (await door.get(f"/reports/daily/{DAY}")).json()
    assert (whole["differs"], whole["day"]["first"]) == ([], DAY)
    pdf = await door.get(f"/reports/daily/{DAY}.pdf")
    assert pdf.content.startswith(b"%PDF") if pdf.status_code == 200 else pdf.json()["reason"] == "no_chinese_font"


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/figures?date=yesterday", 422, "invalid"),
        ("/figures?date=2021-01-13&until=2021-01-12", 422, "invalid"),
        ("/figures?date=2010-01-13&until=2021-01-12", 422, "invalid"),
        ("/figures?until=2021-01-01", 422, "invalid"),
        ("/hot-topics?limit=0", 422, "invalid"),
        ("/alerts?at=2021-01-13T00:00:00", 422, "invalid"),
        ("/reports/daily/2021-01-13.html?lang=fr", 422, "invalid"),
        ("/reports/daily/2021-13-13.pdf", 422, "invalid"),
        ("/reports/daily/2021-01-01.pdf", 404, "no_such_issue"),
    ],
)
async def test_what_cannot_be_answered_has_a_reason(
    door: httpx.AsyncClient, path: str, status: int, reason: str
) -> None:
    answer = await door.get(path)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


async def test_a_day_that_has_not_begun_has_no_issue(door: httpx.AsyncClient) -> None:
    answer = await door.post("/reports/daily/2021-01-14")
    assert (answer.status_code, answer.json()["reason"]) == (409, "not_yet")


async def test_rights(door: httpx.AsyncClient) -> None:
    for path in PATHS:
        assert (await door.get(path, headers={"Authorization": ""})).status_code == 401
        for role in ("agent", "auditor", "unit:130100-02-001"):
            assert (await door.get(path, headers=token(role))).status_code == 403
    assert (await door.post(f"/reports/daily/{DAY}", headers=token("agent"))).status_code == 403
    for role in ("officer", "supervisor", "operator", "service"):
        assert (await door.get("/figures", headers=token(role))).status_code == 200


async def test_no_answer_says_who_called(door: httpx.AsyncClient) -> None:
    await door.post(f"/reports/daily/{DAY}")
    for path in (*PATHS, f"/reports/daily/{DAY}"):
        text = (await door.get(path)).text
        assert not [word for word in ("caller_ref", "k1.", "wang", "li**") if word in text]
