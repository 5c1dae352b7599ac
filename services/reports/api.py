"""reports' door from HTTP: figures, hot topics, alerts and gaps for who may read them; the rebuild for operators."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from services.reports.numbers import NumberBook
from services.reports.office import MAX_TOPICS, Office, plain
from shared.auth import Identity
from shared.service import Problem, caller
from shared.settings import Settings

READERS = frozenset({"officer", "supervisor", "operator", "service"})
MAX_DAYS = 366


def figures_router(settings: Settings, office: Office) -> APIRouter:
    """GET /figures, /hot-topics, /alerts, /gaps"""
    router = APIRouter(tags=["figures"])

    @router.get("/figures")
    async def figures(
        request: Request, date: date | None = None, until: date | None = None, all: bool = False
    ) -> dict[str, Any]:
        """Of a domain day, of the days up to `until`, or of the platform's whole life. Default: today."""
        allow(request, settings, READERS)
        if all:
            return dict(plain(await office.all_figures()))
        first = date or office.today()
        last = until or first
        if not 0 <= (last - first).days < MAX_DAYS:
            raise Problem(422, "invalid", f"until must not be before date, and at most {MAX_DAYS} days go together")
        return dict(plain(await office.figures(first, last)))

    @router.get("/hot-topics")
    async def hot_topics(
        request: Request, date: date | None = None, limit: Annotated[int, Query(ge=1, le=MAX_TOPICS)] = 10
    ) -> dict[str, Any]:
        """The largest groups of cases of a day that say the same, with their numbers as evidence. Default: today."""
        allow(request, settings, READERS)
        day = date or office.today()
        return {"date": day.isoformat(), "items": plain(await office.topics(day, limit))}

    @router.get("/alerts")
    async def alerts(request: Request, at: datetime | None = None) -> dict[str, Any]:
        """What calls for a special report at a moment (ISO 8601 with zone). Default: now."""
        allow(request, settings, READERS)
        if at is not None and at.tzinfo is None:
            raise Problem(422, "invalid", "at: give the zone, for example 2021-01-13T16:00:00+08:00 with + as %2B")
        moment = at or office.now()
        return {"at": moment.isoformat(), "items": plain(await office.alerts(moment))}

    @router.get("/gaps")
    async def gaps(request: Request) -> dict[str, Any]:
        """Cases of which events are missing in the log; must be empty."""
        allow(request, settings, READERS)
        return {"items": await office.gaps()}

    return router


def rebuild_router(settings: Settings, book: NumberBook) -> APIRouter:
    """POST /rebuild and GET /rebuild, for the role operator."""
    router = APIRouter(tags=["operator"])

    @router.post("/rebuild", status_code=202)
    async def rebuild(request: Request) -> JSONResponse:
        """Read the whole log again into new facts; the old ones answer until the new ones are complete."""
        allow(request, settings, frozenset({"operator"}))
        return JSONResponse((await book.begin())._asdict(), status_code=202)

    @router.get("/rebuild")
    async def state(request: Request) -> dict[str, int]:
        """The generation that is built and the one that answers; a rebuild is over when they are equal."""
        allow(request, settings, frozenset({"operator"}))
        return (await book.read())._asdict()

    return router


def allow(request: Request, settings: Settings, roles: frozenset[str]) -> Identity:
    """Who asks; raises Forbidden and Problem 403."""
    who = caller(request, settings)
    if who.role not in roles:
        raise Problem(403, "forbidden", f"{who.role} may not do this; it takes {', '.join(sorted(roles))}")
    return who
