"""What the ladder told officers and units: gathered lines, each with its first cases."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk.cases import Cases
from services.desk.desk import Desk
from services.desk.domain.rights import BOARD

SHOWN = "12"


def notices_router(desk: Desk) -> APIRouter:
    """GET /supervisor/notices, GET /inbox/notices"""
    router = APIRouter(include_in_schema=False)
    made = Notices(desk)
    router.get("/supervisor/notices")(made.of_the_centre)
    router.get("/inbox/notices")(made.of_a_unit)
    return router


class Notices:
    """sla gathers; it knows no acknowledging, so that nothing is to be clicked here."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cases = Cases(desk)

    async def of_the_centre(self, request: Request) -> Response:
        return await self._shown(request, *BOARD)

    async def of_a_unit(self, request: Request) -> Response:
        return await self._shown(request, "unit")

    async def _shown(self, request: Request, *roles: str) -> Response:
        by = self._desk.visitor(request, *roles)
        reply = await self._desk.ask(by, "sla", "GET", "/notices", limit=SHOWN)
        named = {case for one in reply.items() for case in one["cases"]}
        return self._desk.page(request, "_notices.html", by, reply=reply, cases=await self._cases.known(named))
