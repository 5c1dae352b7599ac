"""Reports as reports made them, shown and not run."""

import re

from fastapi.responses import Response

from services.desk.desk import Desk
from services.desk.session import Visitor
from shared.service import Problem

READERS = ("officer", "supervisor")
OFFICE = "application/vnd.openxmlformats-officedocument"
_KINDS = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "docx": f"{OFFICE}.wordprocessingml.document",
    "xlsx": f"{OFFICE}.spreadsheetml.sheet",
}
SEALED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox; frame-ancestors 'none'"
"""A report is another service's page: it is shown, but runs nothing and loads nothing."""


async def document_of(desk: Desk, by: Visitor, sort: str, name: str, form: "re.Pattern[str]") -> Response:
    """A report as reports made it."""
    which, _, kind = name.rpartition(".")
    if not form.fullmatch(which) or kind not in _KINDS:
        raise Problem(404, "no_such_report", f"there is no report {name[:40]}")
    reply = await desk.ask(by, "reports", "GET", f"/reports/{sort}/{name}")
    if not reply.good or not isinstance(reply.body, bytes):
        raise Problem(503 if reply.status in (0, 503) else 404, "no_report", f"no report of {which} at the moment")
    return Response(reply.body, media_type=_KINDS[kind], headers={"Content-Security-Policy": SEALED})
