"""The page of a case: header, clock, orders, timeline, and the actions this person may take. Every view is recorded."""

from typing import Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk import numbers
from services.desk.cases import Cases
from services.desk.desk import Desk, fields
from services.desk.domain import joining, rights
from services.desk.domain.forms import OTHER_CASE, Fields, Incomplete, command_body, why_of
from services.desk.domain.presence import here, others
from services.desk.domain.sheet import Sheet
from services.desk.session import Visitor
from shared.service import Problem

READERS = ("agent", "dispatcher", "auditor", "supervisor", "unit")


def case_router(desk: Desk) -> APIRouter:
    """Routes under /cases."""
    router = APIRouter(prefix="/cases", include_in_schema=False)
    made = CasePages(desk)
    router.get("")(made.search)
    router.get("/{case}")(made.page)
    router.get("/{case}/sheet")(made.sheet)
    router.post("/{case}/reveal")(made.reveal)
    router.get("/{case}/presence")(made.presence)
    router.post("/{case}/commands/{verb}")(made.command)
    router.get("/{case}/outcomes/{command}")(made.outcome)
    return router


class CasePages:
    """Handlers of one desk process; nothing is kept here."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cases = Cases(desk)

    async def search(self, request: Request, number: str = "") -> Response:
        """By number, as people know a case."""
        by = self._by(request)
        return await self._shown(request, by, "case.html", number.strip(), "page")

    async def page(self, request: Request, case: str) -> Response:
        return await self._shown(request, self._by(request), "case.html", case, "page")

    async def sheet(self, request: Request, case: str, shown: str = "") -> Response:
        """204 where the page shows the newest already: then nothing is looked at, and nothing recorded."""
        by = self._by(request)
        if shown and shown == str((await self._cases.find(by, case)).last):
            return Response(status_code=204)
        return await self._shown(request, by, "_sheet.html", case, "refresh")

    async def reveal(self, request: Request, case: str) -> Response:
        """Numbers to call back, to somebody who says why; of a report of misconduct see pages_reveals."""
        by = self._by(request)
        sheet = await self._cases.find(by, case)
        if not rights.may_reveal(by.who, sheet):
            raise Problem(403, "forbidden", f"{by.who.role} may not see who reported")
        try:
            why = why_of(await fields(request))
        except Incomplete as error:
            return self._desk.incomplete(request, by, error.field)
        await self._cases.record(by, sheet, "reveal", why)
        shown = await numbers.opened(self._desk, by, sheet, why)
        return self._desk.page(request, "_reporters.html", by, reporters=shown, once=True)

    async def presence(self, request: Request, case: str) -> Response:
        """Says that this person is here, and shows who else is; a unit meets its own people alone."""
        by = self._by(request)
        sheet = await self._cases.find(by, case)
        now = self._desk.clock.real()
        await self._desk.store.put("presence", sheet.id, here(by.who, now))
        found = others(await self._desk.store.get("presence", sheet.id), by.who, now)
        return self._desk.page(request, "_presence.html", by, others=found)

    async def command(self, request: Request, case: str, verb: str) -> Response:
        by, form = self._by(request), await fields(request)
        sheet = await self._cases.find(by, case)
        try:
            body = command_body(verb, await self._with_other(by, sheet, verb, form))
        except Incomplete as error:
            return self._desk.incomplete(request, by, error.field)
        except (LookupError, ValueError) as error:
            raise Problem(422, "invalid", f"{verb}: no such form") from error
        reply = await self._cases.command(by, sheet.id, verb, body, form.get("key", ""))
        return self._desk.outcome(request, by, "dispatch", reply, poll=_poll(sheet.id, reply.status, reply.body))

    async def _with_other(self, by: Visitor, sheet: Sheet, verb: str, form: Fields) -> Fields:
        """The other case by its id, where somebody typed its number."""
        typed = form.get(OTHER_CASE.get(verb, ""), "").strip()
        if not typed:
            return form
        other = await self._cases.find(by, typed)
        if not rights.alike(sheet, other):
            raise Problem(409, "secrecy_differs", f"{other.number} is not as confidential as {sheet.number}")
        if reason := joining.refusal(verb, sheet, other):
            raise Problem(409, reason, f"{other.number} {other.state}")
        return {**form, OTHER_CASE[verb]: other.id}

    async def outcome(self, request: Request, case: str, command: str) -> Response:
        """What became of a command whose outcome took longer than two seconds."""
        by = self._by(request)
        sheet = await self._cases.find(by, case)
        reply = await self._desk.ask(by, "dispatch", "GET", f"/cases/{sheet.id}/commands/{quote(command, safe='')}")
        if reply.status == 404:
            reply = msgspec.structs.replace(reply, status=202, body={"command": command})
        return self._desk.outcome(request, by, "dispatch", reply, poll=_poll(sheet.id, reply.status, reply.body))

    async def _shown(self, request: Request, by: Visitor, template: str, case: str, what: str) -> Response:
        sheet = await self._cases.find(by, case)
        await self._cases.record(by, sheet, what)
        return self._desk.page(request, template, by, **await self._parts(by, sheet))

    async def _parts(self, by: Visitor, sheet: Sheet) -> dict[str, Any]:
        views = await self._desk.store.views(sheet.id, 8) if by.who.role in rights.BOARD else []
        return {
            "case": sheet,
            "text": rights.text(sheet),
            "orders": rights.orders(by.who, sheet),
            "due": rights.due(by.who, sheet),
            "supervisions": rights.supervisions(by.who, sheet),
            "reporters": rights.reporters(sheet),
            "secret": rights.is_secret(sheet),
            "may_reveal": rights.may_reveal(by.who, sheet),
            "two_persons": rights.is_secret(sheet) and by.who.role in self._two_persons(),
            "once": False,
            "timeline": rights.timeline(by.who, sheet),
            "actions": rights.actions(by.who, sheet),
            "views": views,
        }

    def _two_persons(self) -> tuple[str, ...]:
        policy = self._desk.city.desk.secret
        return (*policy.askers, *policy.approvers)

    def _by(self, request: Request) -> Visitor:
        return self._desk.visitor(request, *READERS)


def _poll(case: str, status: int, body: Any) -> str:
    """Where the outcome will be, of a command that is accepted but not yet decided."""
    return f"/cases/{case}/outcomes/{body['command']}" if status == 202 and isinstance(body, dict) else ""
