"""The citizen's page: number and pickup code, nothing else. Phone width; rate-limited."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk.desk import Desk, fields
from services.desk.domain.citizen import Limiter, has_code, steps

MOST_NUMBER = 60


def citizen_router(desk: Desk) -> APIRouter:
    """/citizen"""
    router = APIRouter(include_in_schema=False)
    tries = desk.city.desk.tries
    limiter = Limiter(tries.window_s)

    def too_often(request: Request, number: str) -> bool:
        visitor, now = request.client.host if request.client else "?", desk.clock.real()
        fine = limiter.allow(f"visitor {visitor}", tries.per_visitor, now)
        return not (limiter.allow(f"number {number}", tries.per_number, now) and fine)

    @router.get("/citizen")
    async def form(request: Request) -> Response:
        return desk.page(request, "citizen.html", case=None, trouble="", steps=[])

    @router.post("/citizen")
    async def look(request: Request) -> Response:
        """One answer for a wrong number and for a wrong code, so that neither can be guessed by itself."""
        given = await fields(request)
        number = given.get("number", "").strip().upper()[:MOST_NUMBER]
        if too_often(request, number):
            response = desk.page(request, "citizen.html", status=429, case=None, trouble="too_often", steps=[])
            response.headers["Retry-After"] = str(int(tries.window_s))
            return response
        case = await desk.store.by_number(number)
        if case is None or not has_code(case, given.get("code", "")):
            return desk.page(request, "citizen.html", status=404, case=None, trouble="unknown", steps=[])
        return desk.page(request, "citizen.html", case=case, trouble="", steps=steps(case))

    return router
