"""Lost calls (漏话回拨): who asked for a person and hung up unserved, until somebody has called him back."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response
from msgspec.structs import replace

from services.desk import numbers
from services.desk.callers import cases_of, matters_at
from services.desk.clients import Reply
from services.desk.desk import Desk, fields
from services.desk.domain.calls import Call
from services.desk.domain.forms import Incomplete
from services.desk.domain.hand import EMPTY
from services.desk.domain.missed import LostCall, body_of_try, lost_call
from services.desk.session import Visitor
from services.desk.store import View
from shared.service import Problem

CALLERS_OUT = ("agent", "supervisor")
PAGE = "50"


def missed_router(desk: Desk) -> APIRouter:
    """Routes under /missed."""
    router = APIRouter(prefix="/missed", include_in_schema=False)
    made = MissedPages(desk)
    router.get("")(made.page)
    router.get("/list")(made.list)
    router.get("/{contact}")(made.call)
    router.get("/{contact}/tries")(made.tries)
    router.post("/{contact}/tries")(made.log)
    router.post("/{contact}/reveal")(made.reveal)
    return router


class MissedPages:
    """Handlers of one desk process; nothing is kept here. intake knows who still has to be called."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def page(self, request: Request, after: str = "") -> Response:
        return await self._listed(request, "missed.html", after)

    async def list(self, request: Request, after: str = "") -> Response:
        return await self._listed(request, "_missed.html", after)

    async def _listed(self, request: Request, template: str, after: str) -> Response:
        by = self._by(request)
        reply = await self._desk.ask(by, "intake", "GET", "/calls/missed", after=after[:200], limit=PAGE)
        following = reply.body.get("next") if reply.good and isinstance(reply.body, dict) else None
        calls = [lost_call(row) for row in reply.items()]
        return self._desk.page(request, template, by, reply=reply, calls=calls, after=after, next=following)

    async def call(self, request: Request, contact: str) -> Response:
        """Number and tries; for an agent as after an answered call: the caller's cases, and the form of a case."""
        by, lost = self._by(request), await self._lost(request, contact)
        call = replace(await self._call(lost.contact_id), wait_s=lost.waited_s)
        shown = {**await cases_of(self._desk.store, call), "lost": lost, "fresh": False}
        matters = await matters_at(self._desk.store, by, lost.contact_id)
        return self._desk.page(request, "missed_call.html", by, matters=matters, **shown)

    async def tries(self, request: Request, contact: str) -> Response:
        by = self._by(request)
        return self._desk.page(request, "_tries.html", by, lost=await self._lost(request, contact))

    async def log(self, request: Request, contact: str) -> Response:
        """A call back goes on record; reached, or not so often that nobody tries again, the call leaves the list."""
        by, form = self._by(request), await fields(request)
        try:
            body = body_of_try(contact, form)
        except Incomplete as error:
            return self._desk.incomplete(request, by, error.field)
        reply = await self._desk.ask(by, "intake", "POST", "/calls/outbound", body=body, key=form.get("key", ""))
        return self._desk.outcome(request, by, "intake", reply)

    async def reveal(self, request: Request, contact: str) -> Response:
        """The number, to dial it. Who cannot be recorded sees nothing."""
        by, lost = self._by(request), await self._lost(request, contact)
        why = self._desk.renderer.speech("zh-CN").t("missed.why")
        await self._record(by, lost, why)
        number = await numbers.of_call(self._desk, by, await self._call(lost.contact_id), why)
        return self._desk.page(request, "_number.html", by, number=number or lost.caller)

    async def _record(self, by: Visitor, lost: LostCall, why: str) -> None:
        view = View(
            who=by.who.subject, role=by.who.role, what="reveal_call", case=lost.contact_id, number=lost.receipt,
            at=self._desk.clock.now(), why=why,
        )  # fmt: skip
        await self._desk.store.viewed(view)

    async def _lost(self, request: Request, contact: str) -> LostCall:
        """As intake knows it. Raises Problem 404, and 503 where intake does not answer."""
        path = f"/calls/missed/{quote(contact, safe='')}"
        reply: Reply = await self._desk.ask(self._by(request), "intake", "GET", path)
        if not reply.good:
            gone = 400 <= reply.status < 500
            raise Problem(404 if gone else 503, "no_such_call" if gone else "not_now", f"no lost call {contact[:60]}")
        return lost_call(reply.body)

    async def _call(self, contact: str) -> Call:
        """As the desk has read it, its number sealed."""
        return await self._desk.store.call(contact) or replace(EMPTY, id=contact)

    def _by(self, request: Request) -> Visitor:
        return self._desk.visitor(request, *CALLERS_OUT)
