"""The city office: figures of a day, hot topics, the daily report to read or print; and the audit log for operators."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk.cases import Cases
from services.desk.desk import Desk, fields
from services.desk.domain.days import day_of
from services.desk.domain.forms import MOST_SUGGESTIONS, Incomplete, remarks_body, special_body
from services.desk.session import Visitor
from services.desk.store import View
from shared.service import Problem

READERS = ("officer", "supervisor")
DAYS = 7
SELECTION = ("since", "until", "topic", "area", "priority", "repeated")
"""By what reports selects cases."""
LOOKS, MOST_LOOKS = 200, 1000
"""Looks on the page of the audit, and in its JSON."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OFFICE = "application/vnd.openxmlformats-officedocument"
_KINDS = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "docx": f"{OFFICE}.wordprocessingml.document",
    "xlsx": f"{OFFICE}.spreadsheetml.sheet",
}
SEALED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox; frame-ancestors 'none'"
"""A report is another service's page: it is shown, but runs nothing and loads nothing."""


def office_router(desk: Desk) -> APIRouter:
    """/office, /selections, /audit"""
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
        return await _document(desk, by, "daily", name, _DATE)

    @router.get("/office/reports/special/{name}")
    async def special(request: Request, name: str) -> Response:
        return await _document(desk, desk.visitor(request, *READERS), "special", name, _ID)

    @router.post("/office/special")
    async def make(request: Request) -> Response:
        by, form = desk.visitor(request, *READERS), await fields(request)
        try:
            body = special_body(form)
        except Incomplete as error:
            return desk.incomplete(request, by, error.field)
        reply = await desk.ask(by, "reports", "POST", "/reports/special", body=body, key=form.get("key", ""))
        return desk.outcome(request, by, "reports", reply)

    @router.post("/office/special/{special}")
    async def write(request: Request, special: str) -> Response:
        by, form = desk.visitor(request, *READERS), await fields(request)
        path = f"/reports/special/{quote(special, safe='')}"
        try:
            reply = await desk.ask(by, "reports", "PUT", path, body=remarks_body(form))
        except Incomplete as error:
            return desk.incomplete(request, by, error.field)
        return desk.outcome(request, by, "reports", reply)

    @router.post("/office/special/{special}/sign")
    async def sign(request: Request, special: str) -> Response:
        by = desk.visitor(request, "officer")
        path = f"/reports/special/{quote(special, safe='')}/sign"
        return desk.outcome(request, by, "reports", await desk.ask(by, "reports", "POST", path, body={}))

    @router.get("/office/specials")
    async def specials(request: Request) -> Response:
        by = desk.visitor(request, *READERS)
        return desk.page(request, "_specials.html", by, **await _specials(desk, by))

    @router.get("/selections")
    async def selection(request: Request) -> Response:
        """Where a special report's query leads: its figures as they are now."""
        by = desk.visitor(request, *READERS)
        asked = {name: request.query_params[name] for name in SELECTION if name in request.query_params}
        reply = await desk.ask(by, "reports", "GET", "/selections", **asked)
        return desk.page(request, "selection.html", by, asked=asked, reply=reply)

    @router.get("/audit")
    async def audit(request: Request, case: str = "") -> Response:
        by = desk.visitor(request, "operator")
        views = await _views(desk, case.strip(), LOOKS + 1)
        return desk.page(request, "audit.html", by, views=views, most=LOOKS, case=case.strip())

    @router.get("/audit.json")
    async def audit_json(request: Request, case: str = "") -> dict[str, Any]:
        """Who looked at what, newest first."""
        desk.visitor(request, "operator")
        views = await _views(desk, case.strip(), MOST_LOOKS)
        if views is None:
            raise Problem(404, "no_such_case", f"there is no case {case[:60]}")
        return {"items": [msgspec.to_builtins(view) for view in views]}

    return router


async def _views(desk: Desk, case: str, most: int) -> list[View] | None:
    """Of a case by id or number, else of all, the newest first; None where there is no such case."""
    known = await Cases(desk).id_of(case) if case else ""
    return None if known is None else await desk.store.views(known, most)


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


async def _document(desk: Desk, by: Visitor, sort: str, name: str, form: "re.Pattern[str]") -> Response:
    """A report as reports made it."""
    which, _, kind = name.rpartition(".")
    if not form.fullmatch(which) or kind not in _KINDS:
        raise Problem(404, "no_such_report", f"there is no report {name[:40]}")
    reply = await desk.ask(by, "reports", "GET", f"/reports/{sort}/{name}")
    if not reply.good or not isinstance(reply.body, bytes):
        raise Problem(503 if reply.status in (0, 503) else 404, "no_report", f"no report of {which} at the moment")
    return Response(reply.body, media_type=_KINDS[kind], headers={"Content-Security-Policy": SEALED})


async def _day(desk: Desk, by: Visitor, date: str) -> dict[str, Any]:
    figures = await desk.ask(by, "reports", "GET", "/figures", date=date)
    topics = await desk.ask(by, "reports", "GET", "/hot-topics", date=date)
    return {"figures": figures, "topics": topics, **await _specials(desk, by)}


async def _specials(desk: Desk, by: Visitor) -> dict[str, Any]:
    reply = await desk.ask(by, "reports", "GET", "/reports/special")
    return {"specials": reply, "most_suggestions": MOST_SUGGESTIONS}
