"""The city office: figures of a day, hot topics, the daily report to read or print; and the audit log for operators."""

import re
from datetime import timedelta
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk.desk import Desk
from services.desk.domain.days import day_of
from services.desk.session import Visitor
from shared.service import Problem

READERS = ("officer", "supervisor")
DAYS = 7
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_KINDS = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
SEALED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox; frame-ancestors 'none'"
"""A report is another service's page: it is shown, but runs nothing and loads nothing."""


def office_router(desk: Desk) -> APIRouter:
    """/office, /audit"""
    router = APIRouter(include_in_schema=False)

    @router.get("/office")
    async def office(request: Request, date: str = "") -> Response:
        by = desk.visitor(request, *READERS)
        today = day_of(desk.clock.now())
        days = [f"{today - timedelta(days=n):%Y-%m-%d}" for n in range(DAYS)]
        chosen = date if _DATE.fullmatch(date) else days[0]
        return desk.page(request, "office.html", by, days=days, date=chosen, **await _day(desk, by, chosen))

    @router.get("/office/reports/daily/{name}")
    async def report(request: Request, name: str) -> Response:
        by = desk.visitor(request, *READERS)
        date, _, kind = name.partition(".")
        if not _DATE.fullmatch(date) or kind not in _KINDS:
            raise Problem(404, "no_such_report", f"there is no report {name[:40]}")
        reply = await desk.ask(by, "reports", "GET", f"/reports/daily/{name}")
        if not reply.good or not isinstance(reply.body, bytes):
            raise Problem(503 if reply.status in (0, 503) else 404, "no_report", f"no report of {date} at the moment")
        return Response(reply.body, media_type=_KINDS[kind], headers={"Content-Security-Policy": SEALED})

    @router.get("/audit")
    async def audit(request: Request, case: str = "") -> Response:
        by = desk.visitor(request, "operator")
        return desk.page(request, "audit.html", by, views=await desk.store.views(case, 200), case=case)

    @router.get("/audit.json")
    async def audit_json(request: Request, case: str = "") -> dict[str, Any]:
        """Who looked at what, newest first."""
        desk.visitor(request, "operator")
        return {"items": [msgspec.to_builtins(view) for view in await desk.store.views(case, 1000)]}

    return router


async def _day(desk: Desk, by: Visitor, date: str) -> dict[str, Any]:
    figures = await desk.ask(by, "reports", "GET", "/figures", date=date)
    topics = await desk.ask(by, "reports", "GET", "/hot-topics", date=date)
    return {"figures": figures, "topics": topics}
