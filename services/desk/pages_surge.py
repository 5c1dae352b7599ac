"""The switches of a surge: spoken menus and profiles, for the supervisor, and what runs of them on the board."""

import asyncio
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk.desk import Desk, fields
from services.desk.domain.forms import Incomplete, switch_body
from services.desk.domain.rights import BOARD


def surge_router(desk: Desk) -> APIRouter:
    """Routes of the switches under /supervisor and /board."""
    router = APIRouter(include_in_schema=False)
    made = Surge(desk)
    router.get("/supervisor/surge")(made.switches)
    router.post("/supervisor/surge")(made.set_surge)
    router.post("/supervisor/profiles/{profile}")(made.set_profile)
    router.get("/board/profiles")(made.running)
    return router


class Surge:
    """Handlers of one desk process; nothing is kept here."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def switches(self, request: Request) -> Response:
        return await self._shown(request, "_surge.html")

    async def running(self, request: Request) -> Response:
        """A strip for the board: what is switched on, why and until when."""
        return await self._shown(request, "_running.html")

    async def _shown(self, request: Request, template: str) -> Response:
        by = self._desk.visitor(request, *BOARD)
        surge, profiles = await asyncio.gather(
            self._desk.ask(by, "knowledge", "GET", "/surge"), self._desk.ask(by, "knowledge", "GET", "/profiles")
        )
        return self._desk.page(request, template, by, surge=surge, profiles=profiles)

    async def set_surge(self, request: Request) -> Response:
        return await self._set(request, "/surge")

    async def set_profile(self, request: Request, profile: str) -> Response:
        return await self._set(request, f"/profiles/{quote(profile, safe='')}")

    async def _set(self, request: Request, path: str) -> Response:
        """A mode of the whole centre: it needs a reason, and an end."""
        by = self._desk.visitor(request, "supervisor")
        try:
            body: dict[str, Any] = switch_body(await fields(request))
        except Incomplete as error:
            return self._desk.incomplete(request, by, error.field)
        return self._desk.outcome(
            request, by, "knowledge", await self._desk.ask(by, "knowledge", "PUT", path, body=body)
        )
