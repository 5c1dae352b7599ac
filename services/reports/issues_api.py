"""The daily report's door from HTTP: make an issue, list them, read one as JSON, HTML or PDF."""

from datetime import date
from typing import Any, Literal

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from services.reports.api import READERS, allow
from services.reports.documents import DOCX, XLSX, docx_of, xlsx_of
from services.reports.domain.daily import Snapshot
from services.reports.fonts import NoChineseFont
from services.reports.office import Office
from services.reports.press import Press
from shared.service import Problem
from shared.settings import Settings


class PdfResponse(Response):
    """A4 pages."""

    media_type = "application/pdf"


def issues_router(settings: Settings, office: Office, press: Press) -> APIRouter:
    """Routes under /reports/daily."""
    router = APIRouter(tags=["daily report"])

    @router.post("/reports/daily/{day}")
    async def make(request: Request, day: date) -> dict[str, Any]:
        """Issue 第N期 of a day. Again: the same issue; one made before its day was over is made anew."""
        allow(request, settings, READERS)
        if day > office.today():
            raise Problem(409, "not_yet", f"{day} has not begun; today is {office.today()}")
        return _head(await office.make(day))

    @router.get("/reports/daily")
    async def listed(request: Request) -> dict[str, Any]:
        """Issues, the newest day first."""
        allow(request, settings, READERS)
        return {"items": [_head(snapshot) for snapshot in await office.issues.listed()]}

    @router.get("/reports/daily/{day}.html", response_class=HTMLResponse)
    async def html(request: Request, day: date, lang: Literal["zh", "en"] = "zh") -> Response:
        """A page of its own, without outside assets, that also prints well."""
        allow(request, settings, READERS)
        return HTMLResponse(press.html(await _issue(office, day), lang))

    @router.get("/reports/daily/{day}.pdf", response_class=PdfResponse)
    async def pdf(request: Request, day: date) -> Response:
        """A4, in Chinese."""
        allow(request, settings, READERS)
        snapshot = await _issue(office, day)
        try:
            body = await office.heavy(press.pdf, snapshot)
        except NoChineseFont as error:
            raise Problem(501, "no_chinese_font", str(error)) from error
        name = f'inline; filename="daily-{day}.pdf"'
        return PdfResponse(body, headers={"Content-Disposition": name})

    @router.get("/reports/daily/{day}.docx", response_class=Response)
    async def docx(request: Request, day: date) -> Response:
        """Words and tables, to be edited on."""
        allow(request, settings, READERS)
        content = press.content(await _issue(office, day), "zh")
        return Response(await office.heavy(docx_of, content), media_type=DOCX)

    @router.get("/reports/daily/{day}.xlsx", response_class=Response)
    async def xlsx(request: Request, day: date) -> Response:
        """The tables, numbers as numbers."""
        allow(request, settings, READERS)
        content = press.content(await _issue(office, day), "zh")
        return Response(await office.heavy(xlsx_of, content), media_type=XLSX)

    @router.get("/reports/daily/{day}")
    async def one(request: Request, day: date) -> dict[str, Any]:
        """The frozen snapshot, and in `differs` the figures that would be others if computed again now."""
        allow(request, settings, READERS)
        snapshot = await _issue(office, day)
        return {**msgspec.to_builtins(snapshot), "differs": await office.differing(snapshot)}

    return router


async def _issue(office: Office, day: date) -> Snapshot:
    found = await office.issues.get(day.isoformat())
    if found is None:
        raise Problem(404, "no_such_issue", f"there is no issue of {day}; POST /reports/daily/{day} makes it")
    return found


def _head(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "date": snapshot.date,
        "number": snapshot.number,
        "made_at": snapshot.made_at,
        "final": snapshot.final,
    }
