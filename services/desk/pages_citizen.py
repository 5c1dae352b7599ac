"""The citizen's page: number (or the id that a web message got) and pickup code, nothing else; rate-limited."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk.clients import Reply
from services.desk.desk import Desk, fields
from services.desk.domain import citizen
from services.desk.domain.citizen import (
    Limiter,
    contact_of,
    may_rate,
    may_supplement,
    may_urge,
    rating_body,
    supplementing,
    urging,
)
from services.desk.domain.rights import alike
from services.desk.domain.sheet import Contact, Sheet
from services.desk.session import Visitor
from services.desk.store import read_sheet
from shared.auth import Identity, issue

MOST_NUMBER = 60
MOST_MERGES = 5
TOKEN_H = 0.1
Found = tuple[Sheet, Contact, dict[str, str]]


def citizen_router(desk: Desk) -> APIRouter:
    """Routes under /citizen."""
    router = APIRouter(prefix="/citizen", include_in_schema=False)
    made = CitizenPages(desk)
    router.get("")(made.form)
    router.post("")(made.look)
    router.post("/rating")(made.rate)
    router.post("/urging")(made.urge)
    router.post("/supplement")(made.supplement)
    return router


class CitizenPages:
    """Every request brings number and code again; nobody is signed in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tries = desk.city.desk.tries
        self._limiter = Limiter(self._tries.window_s)

    async def form(self, request: Request) -> Response:
        return self._page(request)

    async def look(self, request: Request) -> Response:
        found = await self._found(request)
        return found if isinstance(found, Response) else await self._shown(request, found)

    async def rate(self, request: Request) -> Response:
        """Solved or not, and how content: the follow-up, by the citizen himself. What is not solved is opened again."""
        found = await self._found(request)
        if isinstance(found, Response):
            return found
        sheet, _, form = found
        body = rating_body(form)
        if body is None or not may_rate(sheet):
            return await self._shown(request, found, said="incomplete" if body is None else "not_now", status=422)
        path, key = f"/cases/{sheet.id}/commands/follow_up", f"citizen-{sheet.id}-{sheet.cycle}"
        reply = await self._desk.ask(self._me(), "dispatch", "POST", path, body=body, key=key)
        return await self._told(request, found, reply, "thanks")

    async def urge(self, request: Request) -> Response:
        """A note on the case from its own reporter, at most one a day."""
        found = await self._found(request)
        if isinstance(found, Response):
            return found
        sheet, contact, _ = found
        text = urging(self._desk.clock.now())
        if not may_urge(sheet, text):
            return await self._shown(request, found, said="not_now", status=422)
        reply = await self._attach(sheet, contact, text)
        return await self._told(request, found, reply, "urged")

    async def supplement(self, request: Request) -> Response:
        """What the reporter has to add reaches the case as another contact of his."""
        found = await self._found(request)
        if isinstance(found, Response):
            return found
        sheet, contact, form = found
        text = supplementing(form.get("text", ""))
        if not text or not may_supplement(sheet):
            return await self._shown(request, found, said="nothing" if not text else "not_now", status=422)
        reply = await self._attach(sheet, contact, text)
        return await self._told(request, found, reply, "supplemented")

    async def _attach(self, sheet: Sheet, contact: Contact, text: str) -> Reply:
        sealed = {"sealed_caller": contact.sealed} if contact.sealed else {}
        body = {"case_id": sheet.id, "text": text, **sealed}
        return await self._desk.ask(self._me(), "intake", "POST", f"/contacts/{contact.id}/attachments", body=body)

    async def _found(self, request: Request) -> Found | Response:
        """One answer for a wrong number and for a wrong code, so that neither can be guessed by itself.

        Many citizens may have one address: a try is the visitor's own only until it was right.
        """
        form, visitor = await fields(request), f"visitor {request.client.host if request.client else '?'}"
        typed = form.get("number", "").strip()[:MOST_NUMBER]
        fine = self._allowed(visitor, self._tries.per_visitor)
        sheet = await self._sheet(typed) if fine else None
        if not self._allowed(f"number {sheet.id if sheet else typed.upper()}", self._tries.per_number) or not fine:
            response = self._page(request, trouble="too_often", status=429)
            response.headers["Retry-After"] = str(int(self._tries.window_s))
            return response
        contact = contact_of(sheet, form.get("code", "")) if sheet else None
        if sheet is None or contact is None:
            return self._page(request, trouble="unknown", status=404)
        self._limiter.forgive(visitor)
        return sheet, contact, form

    def _allowed(self, key: str, most: int) -> bool:
        return self._limiter.allow(key, most, self._desk.clock.real())

    async def _sheet(self, typed: str) -> Sheet | None:
        """By number; before a web citizen has heard it, by the case id or contact id that his message got."""
        found = await self._loaded(citizen.ids_of(typed))
        return found or await self._desk.store.by_number(typed)

    async def _loaded(self, cases: list[str]) -> Sheet | None:
        found = await self._desk.store.cases.load(cases) if cases else {}
        return next((read_sheet(one) for one in found.values() if "state" in one), None)

    async def _goes_on(self, sheet: Sheet) -> Sheet:
        """The case into which this one was merged, over all merges; itself where there is none to be shown."""
        for _ in range(MOST_MERGES):
            other = await self._loaded([sheet.merged_into]) if sheet.merged_into else None
            if other is None or not alike(sheet, other):
                break
            sheet = other
        return sheet

    def _me(self) -> Visitor:
        """The desk itself, on behalf of a citizen who has shown number and code."""
        token = issue(self._desk.settings.key("jwt_secret"), "desk-citizen", "service", TOKEN_H)
        return Visitor(Identity("desk-citizen", "service"), token)

    async def _told(self, request: Request, found: Found, reply: Reply, word: str) -> Response:
        if reply.good:
            return await self._shown(request, found, said=word, over=True)
        return await self._shown(
            request, found, said="away" if reply.reason in ("away", "not_now") else "not_now", status=503
        )

    async def _shown(
        self, request: Request, found: Found, *, said: str = "", over: bool = False, status: int = 200
    ) -> Response:
        """`over`: what was just done cannot be done again, though the page does not know the outcome yet."""
        sheet, contact, form = found
        urge = may_urge(sheet, urging(self._desk.clock.now()))
        ways = {"rate": may_rate(sheet), "urge": urge, "add": may_supplement(sheet)}
        shown = {name: may and not over for name, may in ways.items()}
        seen = await self._goes_on(sheet)
        return self._page(
            request, status=status, case=sheet, seen=seen, said=said, code=form.get("code", ""), **shown,
            **_words(sheet, seen, contact),
        )  # fmt: skip

    def _page(self, request: Request, *, status: int = 200, **more: Any) -> Response:
        empty: dict[str, Any] = {"case": None, "trouble": "", "said": "", "code": ""}
        empty |= {"rate": False, "urge": False, "add": False, "path": "/citizen"}
        return self._desk.page(request, "citizen.html", status=status, **{**empty, **more})


def _words(sheet: Sheet, seen: Sheet, contact: Contact) -> dict[str, Any]:
    """`seen` is the case that goes on for this one."""
    notes = citizen.notes(sheet) + (citizen.notes(seen) if seen.id != sheet.id else [])
    return {
        "steps": citizen.steps(seen),
        "notes": list(dict.fromkeys(notes)),
        "missing": citizen.missing(seen, contact),
        "earlier": citizen.earlier(sheet),
    }
