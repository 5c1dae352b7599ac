"""The city office: figures of a day, hot topics, the daily report to read or print."""

import re
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk.desk import Desk
from services.desk.domain.days import day_of
from services.desk.issues import READERS, document_of
from services.desk.pages_specials import specials_of
from services.desk.session import Visitor
from shared.service import Problem

DAYS = 7
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def office_router(desk: Desk) -> APIRouter:
    """/office, its figures and daily reports"""
    router = APIRouter(include_in_schema=False)

    @router.get("/office")
    async def office(request: Request, date: str = "") -> Response:
        by = desk.visitor(request, *READERS)
        chosen = _chosen(desk, date)
        more = {**await _day(desk, by, chosen), **await _dailies(desk, by)}
        return desk.page(request, "office.html", by, date=chosen, **more)

    @router.get("/office/dailies")
    async def dailies(request: Request, date: str = "") -> Response:
        by = desk.visitor(request, *READERS)
        return desk.page(request, "_dailies.html", by, date=_chosen(desk, date), **await _dailies(desk, by))

    @router.post("/office/reports/daily/{day}")
    async def make_daily(request: Request, day: str) -> Response:
        by = desk.visitor(request, *READERS)
        if not _DATE.fullmatch(day):
            raise Problem(404, "no_such_report", f"there is no report {day[:40]}")
        return desk.outcome(request, by, "reports", await desk.ask(by, "reports", "POST", f"/reports/daily/{day}"))

    @router.get("/office/reports/daily/{name}")
    async def report(request: Request, name: str) -> Response:
        by = desk.visitor(request, *READERS)
        return await document_of(desk, by, "daily", name, _DATE)

    return router


def _days(desk: Desk) -> list[str]:
    today = day_of(desk.clock.now())
    return [f"{today - timedelta(days=n):%Y-%m-%d}" for n in range(DAYS)]


def _chosen(desk: Desk, date: str) -> str:
    return date if _DATE.fullmatch(date) else _days(desk)[0]


async def _dailies(desk: Desk, by: Visitor) -> dict[str, Any]:
    """The last days; `finals`: day → whether its issue is final, of those that have one."""
    reply = await desk.ask(by, "reports", "GET", "/reports/daily")
    finals = {one["date"]: one["final"] for one in reply.items()}
    return {"days": _days(desk), "issues": reply, "finals": finals}


async def _day(desk: Desk, by: Visitor, date: str) -> dict[str, Any]:
    figures = await desk.ask(by, "reports", "GET", "/figures", date=date)
    topics = await desk.ask(by, "reports", "GET", "/hot-topics", date=date)
    return {"figures": figures, "topics": topics, **await specials_of(desk, by)}
