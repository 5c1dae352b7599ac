"""What the classifier and the routing propose for a message: topics with confidence, and the units each leads to."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk.cases import Cases
from services.desk.clients import Reply
from services.desk.desk import Desk
from services.desk.domain import rights

MOST = 3


def proposals_router(desk: Desk) -> APIRouter:
    """GET /cases/{case}/proposals, GET /agent/proposals"""
    router = APIRouter(include_in_schema=False)
    made = Proposals(desk)
    router.get("/cases/{case}/proposals")(made.of_case)
    router.get("/agent/proposals")(made.of_form)
    return router


class Proposals:
    """A proposal decides nothing: it fills a form that a person sends."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cases = Cases(desk)

    async def of_case(self, request: Request, case: str) -> Response:
        by = self._desk.visitor(request, *rights.STAFF)
        sheet = await self._cases.find(by, case)
        reply = await self._desk.ask(by, "dispatch", "GET", f"/cases/{sheet.id}/suggestions/topic")
        may_assign = any(action.verb == "assign" for action in rights.actions(by.who, sheet))
        return self._shown(request, reply, "assign" if may_assign else "")

    async def of_form(
        self, request: Request, title: str = "", cause: str = "", course: str = "", request_type: str = "QZ",
        area: str = "",
    ) -> Response:  # fmt: skip
        """For what an agent is typing; nothing is kept of it."""
        by, text = self._desk.visitor(request, "agent"), f"{cause}\n{course}".strip()
        if not text:
            return self._shown(request, Reply(200, {"proposals": []}), "topic")
        body = {"title": title[:500], "text": text, "request_type": request_type, "area": area[:200]}
        reply = await self._desk.ask(by, "dispatch", "POST", "/suggestions/topic", body=body)
        return self._shown(request, reply, "topic")

    def _shown(self, request: Request, reply: Reply, takes: str) -> Response:
        found = reply.body["proposals"][:MOST] if reply.good else []
        return self._desk.page(request, "_proposals.html", None, reply=reply, proposals=found, takes=takes)
