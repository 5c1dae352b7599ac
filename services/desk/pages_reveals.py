"""Two persons open a confidential reporter's identity: asking, judging, and the one look. Each step is recorded."""

from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk import numbers
from services.desk.cases import Cases
from services.desk.clients import Reply
from services.desk.desk import Desk, fields
from services.desk.domain import rights
from services.desk.domain.forms import Incomplete, approves, why_of
from services.desk.domain.reveals import Reveal, asked
from services.desk.domain.sheet import Sheet
from services.desk.render import new_key
from services.desk.session import Visitor
from shared.elements import callers
from shared.service import Problem


def reveals_router(desk: Desk) -> APIRouter:
    """Routes under /cases/{case}/reveals"""
    router = APIRouter(prefix="/cases/{case}/reveals", include_in_schema=False)
    made = RevealPages(desk)
    router.get("")(made.shown)
    router.post("")(made.ask)
    router.post("/{reveal}/judge")(made.judge)
    router.post("/{reveal}/look")(made.look)
    return router


class RevealPages:
    """Handlers of one desk process; nothing is kept here."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cases = Cases(desk)
        self._policy = desk.city.desk.secret

    async def shown(self, request: Request, case: str) -> Response:
        """Asks of this case that are alive: one's own, and for an approver those of others."""
        by, sheet = await self._secret(request, case)
        now, own = self._desk.clock.now(), by.who.subject
        alive = [one for one in await self._desk.reveals.of_case(sheet.id) if one.alive(now)]
        judged = [one for one in alive if one.may_judge(by.who, self._policy)]
        mine = [one for one in alive if one.by == own]
        may_ask = by.who.role in self._policy.askers and not mine
        return self._desk.page(request, "_reveals.html", by, case=sheet, judged=judged, mine=mine, may_ask=may_ask)

    async def ask(self, request: Request, case: str) -> Response:
        by, sheet = await self._secret(request, case)
        if by.who.role not in self._policy.askers:
            raise Problem(403, "forbidden", f"{by.who.role} may not ask who reported")
        try:
            why = why_of(await fields(request))
        except Incomplete as error:
            return self._desk.incomplete(request, by, error.field)
        await self._cases.record(by, sheet, "reveal_asked", why)
        await self._desk.reveals.add(asked(new_key(), sheet.id, by.who, why, self._desk.clock.now(), self._policy))
        return self._desk.outcome(request, by, "desk", Reply(200))

    async def judge(self, request: Request, case: str, reveal: str) -> Response:
        """By somebody else than who asked, in time; only the first of several answers counts."""
        by, sheet = await self._secret(request, case)
        one, now = await self._one(sheet, reveal), self._desk.clock.now()
        if not one.may_judge(by.who, self._policy):
            raise Problem(403, "not_own_reveal", "another person with this right has to judge it")
        try:
            approve = approves(await fields(request))
        except Incomplete as error:
            return self._desk.incomplete(request, by, error.field)
        state, until = ("approved", now + timedelta(seconds=self._policy.look_s)) if approve else ("refused", one.until)
        await self._cases.record(by, sheet, f"reveal_{state}", f"{one.by}: {one.why}")
        await self._step(one, state=state, until=until, judged_by=by.who.subject)
        return self._desk.outcome(request, by, "desk", Reply(200))

    async def look(self, request: Request, case: str, reveal: str) -> Response:
        """Name and number, once, by who asked: the approval is used up before anything is opened."""
        by, sheet = await self._secret(request, case)
        one = await self._one(sheet, reveal)
        if one.by != by.who.subject or one.state != "approved":
            raise Problem(403, "not_approved", "nobody else has approved it, or it has been seen")
        await self._step(one, state="seen")
        why = f"{one.why} ({one.judged_by})"
        await self._cases.record(by, sheet, "reveal", why)
        shown = [*callers(sheet.text), *await numbers.opened(self._desk, by, sheet, why)]
        return self._desk.page(request, "_reporters.html", by, reporters=shown, once=True)

    async def _step(self, one: Reveal, **to: object) -> None:
        if not await self._desk.reveals.step(one, self._desk.clock.now(), **to):
            raise Problem(409, "reveal_over", "its time is over, or somebody was faster")

    async def _one(self, sheet: Sheet, reveal: str) -> Reveal:
        found = [one for one in await self._desk.reveals.of_case(sheet.id) if one.id == reveal]
        if not found:
            raise Problem(404, "reveal_over", "there is no such ask on this case")
        return found[0]

    async def _secret(self, request: Request, case: str) -> tuple[Visitor, Sheet]:
        by = self._desk.visitor(request, *self._policy.askers, *self._policy.approvers)
        sheet = await self._cases.find(by, case)
        if not rights.is_secret(sheet):
            raise Problem(404, "no_such_case", f"case {sheet.number} is not confidential")
        return by, sheet
