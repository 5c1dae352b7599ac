"""The supervisor's desk and the wall board."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk import lists
from services.desk.desk import Desk
from services.desk.domain.board import figures
from services.desk.domain.days import SHIFT, day_of
from services.desk.domain.lag import LANES, lag_figure, rows
from services.desk.domain.rights import BOARD
from services.desk.store import Wanted, check_mark
from shared.service import Problem

PAGE = 50


def supervisor_router(desk: Desk) -> APIRouter:
    """Routes under /supervisor and /board."""
    router = APIRouter(include_in_schema=False)
    made = Supervisor(desk)
    router.get("/supervisor")(made.page)
    router.get("/supervisor/lists")(made.lists)
    router.get("/lists/{name}")(made.one)
    router.get("/supervisor/queue")(made.queue)
    router.get("/supervisor/lag")(made.lag)
    router.get("/supervisor/unread")(made.unread)
    router.get("/board")(made.board)
    router.get("/board/figures")(made.figures)
    return router


class Supervisor:
    """Handlers of one desk process; nothing is kept here."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def page(self, request: Request) -> Response:
        by = self._desk.visitor(request, *BOARD)
        return self._desk.page(request, "supervisor.html", by, **await self._lists(), **await self._queue())

    async def lists(self, request: Request) -> Response:
        by = self._desk.visitor(request, *BOARD)
        return self._desk.page(request, "_lists.html", by, **await self._lists())

    async def queue(self, request: Request) -> Response:
        by = self._desk.visitor(request, *BOARD)
        return self._desk.page(request, "_queue.html", by, **await self._queue())

    async def one(self, request: Request, name: str, after: str = "") -> Response:
        """One of the lists from its beginning to its end, page by page."""
        by = self._desk.visitor(request, *BOARD, *(("agent",) if name in lists.AGENTS else ()))
        wanted = lists.wanted(self._desk.clock.now()).get(name)
        if wanted is None:
            raise Problem(404, "no_such_page", f"there is no list {name[:40]}")
        check_mark(after)
        page, count = await asyncio.gather(self._desk.store.page(wanted, after, PAGE), self._desk.store.count(wanted))
        return self._desk.page(request, "list.html", by, name=name, page=page, count=count)

    async def _lists(self) -> dict[str, Any]:
        return {"lists": await lists.begun(self._desk.store, self._desk.clock.now())}

    async def _queue(self) -> dict[str, Any]:
        now = self._desk.clock.now()
        store = self._desk.store
        queue, agents, states = await asyncio.gather(store.queue(now - SHIFT, 200), store.agents(), store.by_state())
        return {"queue": queue, "agents": agents, "states": states}

    async def unread(self, request: Request) -> Response:
        """Who of the agents at work has not confirmed what every agent must know."""
        by = self._desk.visitor(request, "supervisor")
        reply = await self._desk.ask(by, "intake", "GET", "/agents/unread")
        return self._desk.page(request, "_unread.html", by, reply=reply)

    async def lag(self, request: Request) -> Response:
        by = self._desk.visitor(request, *BOARD)
        lag, most = self._desk.lags.latest(), self._desk.city.desk.targets.lag
        found = None if lag is None else rows(lag)
        return self._desk.page(request, "_lag.html", by, rows=found, lanes=LANES, most=most)

    async def board(self, request: Request) -> Response:
        by = self._desk.visitor(request, *BOARD)
        return self._desk.page(request, "board.html", by, **await self._figures())

    async def figures(self, request: Request) -> Response:
        by = self._desk.visitor(request, *BOARD)
        return self._desk.page(request, "_figures.html", by, **await self._figures())

    async def _figures(self) -> dict[str, Any]:
        """Rates begin with the day; who waits at midnight still waits."""
        now, store = self._desk.clock.now(), self._desk.store
        today = day_of(now)
        calls, waiting, breaches, states = await asyncio.gather(
            store.figures(today),
            store.waiting(now - SHIFT),
            store.count(Wanted(breached_since=today)),
            store.by_state(),
        )
        found = figures(calls, waiting, breaches, self._desk.city.desk.targets, now)
        found.append(lag_figure(self._desk.lags.latest(), self._desk.city.desk.targets.lag))
        return {"figures": found, "states": states, "calls": calls}
