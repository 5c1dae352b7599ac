"""A department's inbox: its work orders by tab, signing many at once."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk.clients import Reply
from services.desk.desk import Desk, fields
from services.desk.domain.days import next_day
from services.desk.session import Visitor
from services.desk.store import Wanted, check_mark
from shared.events.topics import is_case_id
from shared.states import OrderState

TABS = ("new", "handling", "today", "overdue", "waiting", "supervised", "returned")
PAGE = 30
MOST_BULK = 50
NONE_MARKED = Reply(422, {"reason": "none_marked"})
AT_WORK: tuple[OrderState, ...] = ("WAIT_SIGN", "HANDLING", "EXTENSION_ASKED")


def inbox_router(desk: Desk) -> APIRouter:
    """Routes under /inbox."""
    router = APIRouter(prefix="/inbox", include_in_schema=False)
    made = Inbox(desk)
    router.get("")(made.page)
    router.get("/list")(made.rows)
    router.get("/bulletins")(made.bulletins)
    router.post("/sign")(made.sign)
    return router


class Inbox:
    """A unit sees its own orders alone: its code comes from its token."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def page(self, request: Request, tab: str = "new", after: str = "") -> Response:
        by = self._desk.visitor(request, "unit")
        return self._desk.page(request, "inbox.html", by, **await self._rows(by, tab, after))

    async def rows(self, request: Request, tab: str = "new", after: str = "") -> Response:
        by = self._desk.visitor(request, "unit")
        return self._desk.page(request, "_inbox.html", by, **await self._rows(by, tab, after))

    async def _rows(self, by: Visitor, tab: str, after: str) -> dict[str, Any]:
        tab = tab if tab in TABS else "new"
        check_mark(after)
        page = await self._desk.store.page(self._wanted(by, tab), after, PAGE)
        counts = await asyncio.gather(*(self._desk.store.count(self._wanted(by, name)) for name in TABS))
        return {"tab": tab, "tabs": dict(zip(TABS, counts, strict=True)), "page": page, "after": after}

    def _wanted(self, by: Visitor, tab: str) -> Wanted:
        now, unit = self._desk.clock.now(), by.who.unit
        match tab:
            case "new":
                return Wanted(unit=unit, order_states=("WAIT_SIGN",))
            case "today":
                return Wanted(unit=unit, order_states=AT_WORK, due_before=next_day(now))
            case "overdue":
                return Wanted(unit=unit, order_states=AT_WORK, due_before=now)
            case "waiting":
                return Wanted(unit=unit, order_states=("FED_BACK", "RETURN_ASKED", "EXTENSION_ASKED"))
            case "supervised":
                return Wanted(unit=unit, supervised=("ISSUED",))
            case "returned":
                return Wanted(unit=unit, order_states=("RETURNED", "WITHDRAWN"))
        return Wanted(unit=unit, order_states=("HANDLING",))

    async def bulletins(self, request: Request) -> Response:
        by = self._desk.visitor(request, "unit")
        reply = await self._desk.ask(by, "knowledge", "GET", "/bulletins")
        return self._desk.page(request, "_bulletins.html", by, reply=reply)

    async def sign(self, request: Request) -> Response:
        """Signs every order that is marked; each answer counts by itself."""
        by, form = self._desk.visitor(request, "unit"), await fields(request)
        marked = [pair.split("/") for pair in form.get("order", "").split()][:MOST_BULK]
        if not marked:
            return self._desk.page(request, "_signed.html", by, done=0, refused=[NONE_MARKED], service="dispatch")
        if any(len(pair) != 2 or not is_case_id(pair[0]) for pair in marked):
            return self._desk.incomplete(request, by, "order")
        key = form.get("key", "")
        replies = await asyncio.gather(
            *(
                self._desk.ask(
                    by, "dispatch", "POST", f"/cases/{case}/commands/sign", body={"order": order}, key=f"{key}-{order}"
                )
                for case, order in marked
            )
        )
        refused = [reply for reply in replies if not reply.good]
        response = self._desk.page(
            request, "_signed.html", by, done=len(replies) - len(refused), refused=refused, service="dispatch"
        )
        response.headers["HX-Trigger"] = "desk-done"
        return response
