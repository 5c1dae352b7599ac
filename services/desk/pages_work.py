"""What waits for an agent beside the telephone: cases he keeps, sheets to complete, callers to ask, replies to tell."""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk import lists
from services.desk.cases import Cases
from services.desk.clients import Reply
from services.desk.desk import Desk
from services.desk.session import Visitor

READERS = ("agent", "supervisor")
MOST_KEPT = 50
FOR_A_PERSON = ("unknown", "unreachable")
"""States of replies that no machine can tell (design.md §3.12)."""


def work_router(desk: Desk) -> APIRouter:
    """GET /work"""
    router = APIRouter(include_in_schema=False)
    router.get("/work")(Work(desk).page)
    return router


class Work:
    """Handlers of one desk process; nothing is kept here."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cases = Cases(desk)

    async def page(self, request: Request) -> Response:
        by, store = self._desk.visitor(request, *READERS), self._desk.store
        waiting = await lists.begun(store, self._desk.clock.now(), lists.AGENTS)
        kept = await self._ask(by, "dispatch", "/cases", keeper=by.who.subject, limit=str(MOST_KEPT))
        replies = await asyncio.gather(*(self._ask(by, "notify", "/obligations", state=one) for one in FOR_A_PERSON))
        sheets = list((await self._cases.known(str(row["id"]) for row in kept.items())).values())
        return self._desk.page(
            request, "work.html", by, lists=waiting, kept=kept, sheets=sheets, replies=replies, most_kept=MOST_KEPT,
            none_open=all(reply.good and not reply.items() for reply in replies),
        )  # fmt: skip

    async def _ask(self, by: Visitor, service: str, path: str, **query: str) -> Reply:
        return await self._desk.ask(by, service, "GET", path, **query)
