"""The agent's desk: the call that popped up, the case form with its draft, knowledge, bulletins."""

import hmac
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response
from msgspec import convert
from msgspec.structs import asdict, replace

from services.desk.callers import cases_of, draft_of, matters_at
from services.desk.cases import Cases
from services.desk.clients import Reply
from services.desk.desk import Desk, fields
from services.desk.domain.calls import Call
from services.desk.domain.days import SHIFT, day_of
from services.desk.domain.forms import CASE_FIELDS, Incomplete, attach_body, case_body, outbound_body
from services.desk.domain.hand import EMPTY, Hand, Resumed, hand_of
from services.desk.domain.matters import Matters, matters_of
from services.desk.domain.similar import rank, words_of
from services.desk.session import Visitor
from shared import ids
from shared.documents import Document
from shared.service import Problem

STATES = ("ready", "busy", "wrap_up", "break", "offline")
SIMILAR_AMONG = 200
AT_HAND = 50


def agent_router(desk: Desk) -> APIRouter:
    """Routes under /agent."""
    router = APIRouter(prefix="/agent", include_in_schema=False)
    made = Agent(desk)
    router.get("")(made.page)
    router.get("/strip")(made.strip)
    router.post("/state")(made.set_state)
    router.get("/work")(made.work)
    router.get("/caller")(made.caller)
    router.get("/knowledge")(made.knowledge)
    router.get("/similar")(made.similar)
    router.get("/bulletins")(made.bulletins)
    router.post("/bulletins/{bulletin}/acknowledge")(made.acknowledge)
    router.post("/calls/{contact}/draft")(made.save_draft)
    router.post("/calls/{contact}/cases")(made.register)
    router.post("/calls/{contact}/attachments")(made.attach)
    router.post("/calls/{contact}/finish")(made.finish)
    router.post("/calls/{contact}/resume")(made.resume)
    router.post("/outbound")(made.outbound)
    return router


class Agent:
    """Handlers of one desk process; nothing is kept here."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cases = Cases(desk)

    async def page(self, request: Request) -> Response:
        by = self._by(request)
        work = await self._work(await self._hand(by))
        return self._desk.page(request, "agent.html", by, **work, **await self._strip(by))

    async def strip(self, request: Request) -> Response:
        by = self._by(request)
        return self._desk.page(request, "_strip.html", by, **await self._strip(by))

    async def _strip(self, by: Visitor) -> dict[str, Any]:
        now = self._desk.clock.now()
        state = await self._state(by)
        waiting = await self._desk.store.waiting(now - SHIFT)
        calls = await self._desk.store.calls_of(by.who.subject, 200)
        mine = sum(call.answered_at is not None and call.answered_at >= day_of(now) for call in calls)
        return {"state": state.get("state", ""), "since": state.get("since"), "queue": waiting.calls, "mine": mine,
                "why": state.get("why", "")}  # fmt: skip

    async def _state(self, by: Visitor) -> Document:
        """As intake has it, who may have called the agent away; as it was known here while intake is away."""
        known = await self._desk.store.get("agents", by.who.subject)
        reply = await self._desk.ask(by, "intake", "GET", "/agents/me/state")
        told = reply.body if reply.good and isinstance(reply.body, dict) else {}
        if told.get("why") and told.get("state") != known.get("state"):
            known |= {"state": told["state"], "since": self._desk.clock.now()}
            await self._desk.store.put("agents", by.who.subject, {name: known[name] for name in ("state", "since")})
        return {**known, "why": told.get("why", "")}

    async def set_state(self, request: Request) -> Response:
        by, state = self._by(request), (await fields(request)).get("state", "")
        if state not in STATES:
            return self._desk.incomplete(request, by, "state")
        reply = await self._set_state(by, state)
        return self._desk.outcome(request, by, "intake", reply)

    async def _set_state(self, by: Visitor, state: str) -> Reply:
        reply = await self._desk.ask(by, "intake", "PUT", "/agents/me/state", body={"state": state})
        if reply.good:
            await self._desk.store.put("agents", by.who.subject, {"state": state, "since": self._desk.clock.now()})
        return reply

    async def work(self, request: Request, shown: str = "") -> Response:
        """The call and its form; 204 where the page shows this call already, so that nobody loses what he types."""
        by = self._by(request)
        hand = await self._hand(by)
        if hand.current.id == shown:
            return Response(status_code=204)
        return self._desk.page(request, "_work.html", by, **await self._work(hand))

    async def caller(self, request: Request) -> Response:
        by = self._by(request)
        return self._desk.page(request, "_caller.html", by, **await self._caller((await self._hand(by)).current))

    async def _work(self, hand: Hand) -> dict[str, Any]:
        return {**await self._caller(hand.current), "left": hand.left, "matters": hand.matters, "fresh": False}

    async def _matters(self, by: Visitor, contact: str) -> Matters:
        return await matters_at(self._desk.store, by, contact)

    async def _caller(self, call: Call) -> dict[str, Any]:
        return await cases_of(self._desk.store, call)

    async def _hand(self, by: Visitor) -> Hand:
        agent = by.who.subject
        calls = await self._desk.store.calls_of(agent, AT_HAND)
        drafts = await self._desk.store.drafts([draft_of(by, call.id) for call in calls])
        matters = {call.id: matters_of(drafts.get(draft_of(by, call.id), {})) for call in calls}
        back = convert(await self._desk.store.get("agents", agent), Resumed)
        return hand_of(calls, matters, back, self._desk.clock.now() - SHIFT)

    async def save_draft(self, request: Request, contact: str) -> Response:
        """Autosave of the next matter, not of one that is saved; the number to call back is not kept."""
        by, form = self._by(request), await fields(request)
        matter = (await self._matters(by, contact)).matter
        if form.get("matter") != str(matter):
            return Response(status_code=204)
        kept = {"fields": _kept(form), "drafted": matter}
        await self._desk.store.put("drafts", draft_of(by, contact), {**kept, "saved_at": self._desk.clock.now()})
        return self._desk.page(request, "_saved.html", by)

    async def register(self, request: Request, contact: str) -> Response:
        """A matter becomes a case. Saved already with other content, it is not sent: dispatch would not take it."""
        by, form, matters = self._by(request), await fields(request), await self._matters(self._by(request), contact)
        call = await self._desk.store.call(contact) or EMPTY
        try:
            body = case_body(form | _as_next(form, matters), call.path[-1:], call.sealed)
        except Incomplete as error:
            return self._desk.incomplete(request, by, error.field)
        if matters.differs(body["matter"], self._mark(body)):
            return self._desk.page(request, "_other_matter.html", by, body=body, contact=contact, next=matters.matter)
        reply = await self._desk.ask(by, "intake", "POST", f"/contacts/{quote(contact)}/cases", body=body)
        if not reply.good:
            return self._desk.outcome(request, by, "intake", reply)
        saved = matters.with_saved(body["matter"], self._mark(body))
        await self._desk.store.put("drafts", draft_of(by, contact), saved)
        shown = {"body": body, "call": call, "matters": await self._matters(by, contact), "fresh": True}
        return self._desk.outcome(request, by, "intake", reply, "_registered.html", **shown)

    def _mark(self, body: Document) -> str:
        """Tells contents apart; keyed, since a bare digest of a number can be guessed."""
        secret = self._desk.settings.key("jwt_secret")
        return hmac.new(secret.encode(), ids.digest(body).encode(), "sha256").hexdigest()

    async def attach(self, request: Request, contact: str) -> Response:
        by = self._by(request)
        call = await self._desk.store.call(contact) or EMPTY
        try:
            body = attach_body(await fields(request), call.sealed)
        except Incomplete as error:
            return self._desk.incomplete(request, by, error.field)
        reply = await self._desk.ask(by, "intake", "POST", f"/contacts/{quote(contact)}/attachments", body=body)
        if reply.good:
            await self._desk.store.put("drafts", draft_of(by, contact), {"attached": True})
        return self._desk.outcome(request, by, "intake", reply)

    async def finish(self, request: Request, contact: str) -> Response:
        """After-call work is over: the form goes, the agent is ready. What is not saved, he discards himself."""
        by, form, matters = self._by(request), await fields(request), await self._matters(self._by(request), contact)
        if form.get("matter") == str(matters.matter):
            matters = replace(matters, fields=_kept(form), drafted=matters.matter)
        if matters.typed and not form.get("discard"):
            return self._desk.page(request, "_unsaved.html", by, contact=contact, matter=matters.matter)
        await self._desk.store.put("drafts", draft_of(by, contact), {"finished": True})
        reply = await self._set_state(by, "ready")
        response = self._desk.outcome(request, by, "intake", reply)
        response.headers["HX-Trigger"] = "desk-done, desk-call"
        return response

    async def resume(self, request: Request, contact: str) -> Response:
        """Back to a call that was left for a newer one; 404 if it is not among those."""
        by = self._by(request)
        if contact not in [call.id for call in (await self._hand(by)).left]:
            raise Problem(404, "no_such_call", f"no call {contact[:60]} was left unfinished here")
        back = Resumed(contact, self._desk.clock.now())
        await self._desk.store.put("agents", by.who.subject, asdict(back))
        return Response(status_code=204, headers={"HX-Trigger": "desk-call"})

    async def outbound(self, request: Request) -> Response:
        """A call out on a case, named by its number, goes on record; the case's priority decides on quiet hours."""
        by, form = self._desk.visitor(request, "agent", "supervisor"), await fields(request)
        try:
            body = outbound_body(form)
        except Incomplete as error:
            return self._desk.incomplete(request, by, error.field)
        sheet = await self._cases.find(by, body["case_id"])
        body |= {"case_id": sheet.id, "priority": sheet.priority}
        reply = await self._desk.ask(by, "intake", "POST", "/calls/outbound", body=body, key=form.get("key", ""))
        return self._desk.outcome(request, by, "intake", reply)

    async def knowledge(self, request: Request, q: str = "") -> Response:
        by = self._by(request)
        reply = Reply(200, {"items": []})
        if q.strip():
            reply = await self._desk.ask(by, "knowledge", "GET", "/search", q=q[:200], limit="6")
        return self._desk.page(request, "_knowledge.html", by, q=q, reply=reply)

    async def similar(
        self, request: Request, title: str = "", cause: str = "", course: str = "", contact: str = ""
    ) -> Response:
        """Open cases like the one in the form, to which the form's call can be added."""
        by, words = self._by(request), words_of(f"{title} {cause} {course}")
        among = await self._desk.store.with_words(words, SIMILAR_AMONG) if words else []
        return self._desk.page(request, "_similar.html", by, found=rank(words, among), call=Call(id=contact))

    async def bulletins(self, request: Request) -> Response:
        by = self._by(request)
        reply = await self._desk.ask(by, "knowledge", "GET", "/bulletins")
        return self._desk.page(request, "_bulletins.html", by, reply=reply)

    async def acknowledge(self, request: Request, bulletin: str) -> Response:
        by = self._by(request)
        path = f"/bulletins/{quote(bulletin, safe='')}/acknowledgements"
        reply = await self._desk.ask(by, "knowledge", "POST", path, body={})
        return self._desk.outcome(request, by, "knowledge", reply)

    def _by(self, request: Request) -> Visitor:
        return self._desk.visitor(request, "agent")


def _kept(form: dict[str, str]) -> dict[str, str]:
    """What a draft keeps of the form."""
    return {name: form.get(name, "") for name in CASE_FIELDS}


def _as_next(form: dict[str, str], matters: Matters) -> dict[str, str]:
    """The agent said that it is another matter; `answer`: and that its answer closes it."""
    said = form.get("as_next")
    return {"matter": str(matters.matter), "on_the_spot": "yes" if said == "answer" else ""} if said else {}
