"""Special reports: drafted, completed, signed and read; and where their queries lead."""

import re
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk.desk import Desk, fields
from services.desk.domain.forms import MOST_SUGGESTIONS, Incomplete, remarks_body, special_body
from services.desk.issues import READERS, document_of
from services.desk.session import Visitor

SELECTION = ("since", "until", "topic", "area", "priority", "repeated")
"""By what reports selects cases."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def specials_router(desk: Desk) -> APIRouter:
    """/office/special…, /selections"""
    router = APIRouter(include_in_schema=False)

    @router.get("/office/reports/special/{name}")
    async def special(request: Request, name: str) -> Response:
        return await document_of(desk, desk.visitor(request, *READERS), "special", name, _ID)

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
        return desk.page(request, "_specials.html", by, **await specials_of(desk, by))

    @router.get("/selections")
    async def selection(request: Request) -> Response:
        """Where a special report's query leads: its figures as they are now."""
        by = desk.visitor(request, *READERS)
        asked = {name: request.query_params[name] for name in SELECTION if name in request.query_params}
        reply = await desk.ask(by, "reports", "GET", "/selections", **asked)
        return desk.page(request, "selection.html", by, asked=asked, reply=reply)

    return router


async def specials_of(desk: Desk, by: Visitor) -> dict[str, Any]:
    """For the section of a page."""
    reply = await desk.ask(by, "reports", "GET", "/reports/special")
    return {"specials": reply, "most_suggestions": MOST_SUGGESTIONS}
