"""The replies of a case: how far each is, and a person who settles what no machine can (design.md §3.12)."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk.cases import Cases
from services.desk.desk import Desk, fields
from services.desk.domain import rights
from services.desk.domain.forms import Incomplete, settlement_body
from services.desk.pages_work import FOR_A_PERSON

SETTLERS = ("agent", "supervisor")


def replies_router(desk: Desk) -> APIRouter:
    """Routes under /cases/{case}/replies."""
    router = APIRouter(prefix="/cases", include_in_schema=False)
    made = Replies(desk)
    router.get("/{case}/replies")(made.of_case)
    router.post("/{case}/replies/{obligation}")(made.settle)
    return router


class Replies:
    """Handlers of one desk process; nothing is kept here."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cases = Cases(desk)

    async def of_case(self, request: Request, case: str) -> Response:
        """A fragment for staff, with a form for each reply that waits for a person."""
        by = self._desk.visitor(request, *rights.STAFF)
        sheet = await self._cases.find(by, case)
        found = await self._desk.ask(by, "notify", "GET", f"/obligations/{sheet.id}")
        return self._desk.page(
            request, "_replies.html", by, case=sheet, replies=found, secret=rights.is_secret(sheet),
            waits=FOR_A_PERSON if by.who.role in SETTLERS else (),
        )  # fmt: skip

    async def settle(self, request: Request, case: str, obligation: str) -> Response:
        """Who called the reporter says whether he was told."""
        by, form = self._desk.visitor(request, *SETTLERS), await fields(request)
        sheet = await self._cases.find(by, case)
        try:
            body = settlement_body(form)
        except Incomplete as error:
            return self._desk.incomplete(request, by, error.field)
        path = f"/obligations/{sheet.id}/{quote(obligation, safe='')}/settle"
        reply = await self._desk.ask(by, "notify", "POST", path, body=body, key=form.get("key", ""))
        return self._desk.outcome(request, by, "notify", reply)
