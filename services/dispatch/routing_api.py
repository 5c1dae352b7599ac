"""dispatch's door to its routing: why a case goes where, past cases for a dry run, proposals of topics."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from msgspec import Meta

from services.dispatch.domain.dry_run import Past
from services.dispatch.domain.routing import Router
from services.dispatch.domain.situation import Situation
from services.dispatch.past import PastCases
from services.dispatch.proposer import Proposer
from shared.auth import Identity
from shared.bodies import described_body, read_body
from shared.clock import Clock
from shared.events.commands import MAX_TEXT, Name, Priority, RequestType
from shared.service import Problem, caller
from shared.settings import Settings

READERS = frozenset({"agent", "dispatcher", "auditor", "supervisor", "operator"})
OPERATORS = frozenset({"operator", "supervisor"})


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is not a case yet. `at` is now where it is not given."""

    text: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
    title: Annotated[str, Meta(max_length=500)] = ""
    request_type: RequestType = "QZ"
    topic: Name = ""
    area: Name = ""
    priority: Priority | None = None
    at: Annotated[datetime, Meta(tz=True)] | None = None
    profile: Name = ""

    def situation(self, now: datetime) -> Situation:
        given = msgspec.structs.asdict(self)
        return Situation(**{**given, "at": self.at or now})


def routing_router(settings: Settings, clock: Clock, router: Router, past: PastCases, proposer: Proposer) -> APIRouter:
    """/routing/explain, /routing/past, /suggestions/topic, and of a case: as registered, its routing, its proposals"""
    routes = APIRouter(tags=["routing"])

    @routes.post("/routing/explain", openapi_extra=described_body(Asked))
    async def explain(request: Request) -> dict[str, Any]:
        """Which rule decides and why, and on which condition each rule before it failed."""
        _allow(caller(request, settings), READERS)
        asked = await read_body(request, Asked)
        return dict(msgspec.to_builtins(router.explain(asked.situation(clock.now()))))

    @routes.get("/cases/{case}/routing")
    async def of_case(request: Request, case: str) -> dict[str, Any]:
        """The same for a case as it was registered, by the rules in force now."""
        _allow(caller(request, settings), READERS)
        return dict(msgspec.to_builtins(router.explain((await _one(past, case)).situation)))

    @routes.get("/cases/{case}/registered")
    async def registered(request: Request, case: str) -> dict[str, Any]:
        """What the rules saw of the case when it was registered."""
        _allow(caller(request, settings), READERS)
        return dict(msgspec.to_builtins(await _one(past, case)))

    @routes.get("/cases/{case}/suggestions/topic")
    async def suggest_of(request: Request, case: str) -> dict[str, Any]:
        """As POST /suggestions/topic, for a case that waits for a dispatcher."""
        _allow(caller(request, settings), READERS)
        return await _proposed(proposer, (await _one(past, case)).situation)

    @routes.get("/routing/past")
    async def pasts(
        request: Request,
        after: Annotated[str, Query(max_length=100)] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    ) -> dict[str, Any]:
        """Past cases as they were registered; the next page starts `after` the last id."""
        _allow(caller(request, settings), OPERATORS)
        found = await past.page(after, limit)
        return {"items": msgspec.to_builtins(found), "next": found[-1].case if found else None}

    @routes.post("/suggestions/topic", openapi_extra=described_body(Asked))
    async def suggest(request: Request) -> dict[str, Any]:
        """Topics that the classifier proposes, with calibrated confidence and the units each would lead to."""
        _allow(caller(request, settings), READERS)
        asked = await read_body(request, Asked)
        return await _proposed(proposer, asked.situation(clock.now()))

    return routes


async def _one(past: PastCases, case: str) -> Past:
    found = await past.one(case)
    if found is None:
        raise Problem(404, "no_such_case", f"there is no case {case}")
    return found


async def _proposed(proposer: Proposer, situation: Situation) -> dict[str, Any]:
    found = await proposer.propose(situation)
    if found is None:
        raise Problem(404, "no_model", "no topic model is trained here; `hotline train FILE` makes one")
    version, proposals = found
    return {"model": version, **msgspec.to_builtins(proposals)}


def _allow(who: Identity, roles: frozenset[str]) -> None:
    if who.role not in roles:
        raise Problem(403, "forbidden", f"{who.role} may not read the routing")
