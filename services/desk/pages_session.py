"""Signing in and out, the way to one's own page, and the stream of live updates."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.desk.desk import Desk, fields
from services.desk.session import sign_in, sign_out, way_on
from shared.auth import Forbidden, Identity, verify

HOMES = {
    "agent": "/agent", "unit": "/inbox", "supervisor": "/supervisor", "dispatcher": "/supervisor",
    "auditor": "/supervisor", "officer": "/office", "operator": "/audit",
}  # fmt: skip


def session_router(desk: Desk) -> APIRouter:
    """/, /sign-in, /sign-out, /live"""
    router = APIRouter(include_in_schema=False)
    secret = desk.settings.key("jwt_secret")

    @router.get("/")
    async def home(request: Request) -> Response:
        role = desk.visitor(request).who.role.split(":")[0]
        return RedirectResponse(HOMES.get(role, "/citizen"), status_code=303)

    @router.get("/sign-in")
    async def form(request: Request) -> Response:
        return desk.page(request, "sign_in.html", refused="")

    @router.post("/sign-in")
    async def enter(request: Request) -> Response:
        token = (await fields(request)).get("token", "").strip()
        try:
            verify(secret, f"Bearer {token}")
        except Forbidden as error:
            return desk.page(request, "sign_in.html", status=401, refused=str(error))
        response = RedirectResponse(way_on(request), status_code=303)
        sign_in(response, request, token)
        return response

    @router.post("/sign-out")
    async def leave(request: Request) -> Response:
        response = RedirectResponse("/sign-in", status_code=303)
        sign_out(response)
        return response

    def listener(request: Request) -> Identity:
        """Before the stream begins, so that a stranger is sent away and not kept waiting."""
        return desk.visitor(request).who

    @router.get("/live", response_class=EventSourceResponse)
    async def live(who: Annotated[Identity, Depends(listener)]) -> AsyncIterator[ServerSentEvent]:
        """Small messages; the page fetches what they are about with its own rights."""
        async for event in desk.hub.events(who):
            yield event

    return router
