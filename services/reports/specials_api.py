"""The special report's door from HTTP: make, list, read, complete, sign; and count a selection again."""

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.reports.api import READERS, allow
from services.reports.documents import DOCX, XLSX, docx_of, xlsx_of
from services.reports.domain.special import Remarks, Selection, Special, Suggestion, summary_of, title_of
from services.reports.fonts import NoChineseFont
from services.reports.issues_api import PdfResponse
from services.reports.office import Office
from services.reports.press import Press
from services.reports.specials import MOST_CASES, Signed, SpecialDesk, TooMany
from shared.service import Problem
from shared.settings import Settings

WRITERS = frozenset({"officer", "supervisor"})
SIGNERS = frozenset({"officer"})
MAX_DAYS = 31
Line = Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)]
Text = Annotated[str, Field(max_length=4_000)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SelectionBody(Body):
    """Which cases: a window of at most a month, and a topic, an area or a priority (codes)."""

    since: AwareDatetime
    until: AwareDatetime
    topic: Line = ""
    area: Line = ""
    priority: Annotated[str, Field(pattern="^(P[0-3])?$")] = ""
    repeated: bool = False

    @model_validator(mode="after")
    def _window(self) -> "SelectionBody":
        if not 0 < (self.until - self.since).total_seconds() <= MAX_DAYS * 86_400:
            raise ValueError(f"until comes after since, and at most {MAX_DAYS} days go together")
        return self

    def selection(self) -> Selection:
        given = self.model_dump(include={"topic", "area", "priority", "repeated"})
        return Selection(since=_iso(self.since), until=_iso(self.until), **given)


class SpecialBody(SelectionBody):
    """A special report by hand, with the problem as its title."""

    title: Annotated[str, StringConstraints(min_length=4, max_length=60, strip_whitespace=True)]


class SuggestionBody(Body):
    text: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
    unit: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    due: date


class RemarksBody(Body):
    """What the office writes; each time all of it, but an empty title leaves the one there is."""

    title: Annotated[str, StringConstraints(max_length=60, strip_whitespace=True)] = ""
    cause: Text = ""
    policy: Text = ""
    measures: Text = ""
    suggestions: Annotated[tuple[SuggestionBody, ...], Field(max_length=10)] = ()

    def remarks(self) -> Remarks:
        made = tuple(Suggestion(text=one.text, unit=one.unit, due=one.due.isoformat()) for one in self.suggestions)
        return Remarks(title=self.title, cause=self.cause, policy=self.policy, measures=self.measures, suggestions=made)


def specials_router(settings: Settings, desk: SpecialDesk, office: Office, press: Press) -> APIRouter:
    """Routes under /reports/special, and /selections."""
    router = APIRouter(tags=["special report"])

    @router.post("/reports/special", status_code=201)
    async def make(
        request: Request, body: SpecialBody, idempotency_key: Annotated[str, Header(min_length=1, max_length=200)]
    ) -> dict[str, Any]:
        """Freeze the figures of a selection under a title; the same Idempotency-Key again is the same report."""
        who = allow(request, settings, WRITERS)
        try:
            return _head(await desk.make(body.selection(), body.title, idempotency_key, who.actor), press)
        except TooMany as error:
            raise _too_many() from error

    @router.get("/reports/special")
    async def listed(request: Request) -> dict[str, Any]:
        """The newest first; those that policy called for are made by `service:reports`."""
        allow(request, settings, READERS)
        return {"items": [_head(special, press) for special in await desk.listed()]}

    @router.get("/reports/special/{special}.html", response_class=HTMLResponse)
    async def html(request: Request, special: str) -> Response:
        """A page of its own, without outside assets."""
        allow(request, settings, READERS)
        return HTMLResponse(press.special_html(await _found(desk, special)))

    @router.get("/reports/special/{special}.pdf", response_class=PdfResponse)
    async def pdf(request: Request, special: str) -> Response:
        """A4, in Chinese."""
        allow(request, settings, READERS)
        try:
            return PdfResponse(await office.heavy(press.special_pdf, await _found(desk, special)))
        except NoChineseFont as error:
            raise Problem(501, "no_chinese_font", str(error)) from error

    @router.get("/reports/special/{special}.docx", response_class=Response)
    async def docx(request: Request, special: str) -> Response:
        """To be edited on."""
        allow(request, settings, READERS)
        content = press.special_content(await _found(desk, special))
        return Response(await office.heavy(docx_of, content), media_type=DOCX)

    @router.get("/reports/special/{special}.xlsx", response_class=Response)
    async def xlsx(request: Request, special: str) -> Response:
        """Its tables."""
        allow(request, settings, READERS)
        content = press.special_content(await _found(desk, special))
        return Response(await office.heavy(xlsx_of, content), media_type=XLSX)

    @router.get("/reports/special/{special}")
    async def one(request: Request, special: str) -> dict[str, Any]:
        """The frozen report, its query, and in `differs` the figures that would be others if counted again now."""
        allow(request, settings, READERS)
        found = await _found(desk, special)
        return {**msgspec.to_builtins(found), **_head(found, press), "differs": await desk.differing(found)}

    @router.put("/reports/special/{special}")
    async def write(request: Request, special: str, body: RemarksBody) -> dict[str, Any]:
        """The office's words: cause, policy and its gap, measures, suggestions with unit and limit."""
        allow(request, settings, WRITERS)
        unknown = sorted({one.unit for one in body.suggestions} - press.units)
        if unknown:
            raise Problem(422, "invalid", f"suggestions: there is no unit {', '.join(unknown)}")
        try:
            made = await desk.write(special, body.remarks())
        except Signed as error:
            raise Problem(409, "signed", "a signed report does not change") from error
        return _head(_there(made, special), press)

    @router.post("/reports/special/{special}/sign")
    async def sign(request: Request, special: str) -> dict[str, Any]:
        """Sign it; from here on it stays as it is."""
        who = allow(request, settings, SIGNERS)
        try:
            return _head(_there(await desk.sign(special, who.actor), special), press)
        except Signed as error:
            raise Problem(409, "signed", "somebody else has signed it") from error

    @router.get("/selections")
    async def selection(request: Request, wanted: Annotated[SelectionBody, Query()]) -> dict[str, Any]:
        """The figures of a selection as they are now."""
        allow(request, settings, READERS)
        try:
            return dict(msgspec.to_builtins(await desk.counted(wanted.selection())))
        except TooMany as error:
            raise _too_many() from error

    return router


def _too_many() -> Problem:
    return Problem(422, "too_many", f"the selection holds more than {MOST_CASES} cases; narrow it")


async def _found(desk: SpecialDesk, special: str) -> Special:
    return _there(await desk.get(special), special)


def _there(special: Special | None, name: str) -> Special:
    if special is None:
        raise Problem(404, "no_such_report", f"there is no special report {name[:60]}")
    return special


def _head(special: Special, press: Press) -> dict[str, Any]:
    return {
        "id": special.id,
        "number": special.number,
        "title": title_of(special, press.words),
        "summary": summary_of(special, press.words),
        "reason": special.reason,
        "made_at": special.made_at,
        "made_by": special.made_by,
        "signed_by": special.signed_by,
        "query": special.selection.query(),
        "remarks": msgspec.to_builtins(special.remarks),
    }


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
