"""What ties cases together, over HTTP: who waits for an event case, and which open cases look like one matter."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request

from services.dispatch.domain.context import Rules
from services.dispatch.domain.likeness import Matter, sketch_of
from services.dispatch.duplicates import Duplicates, Suggestion, matter_of
from services.dispatch.store import MongoStore, read_case
from services.dispatch.views import summary
from services.dispatch.walks import MongoWalks
from shared.auth import Identity
from shared.bodies import described_body, read_body
from shared.clock import Clock
from shared.events.commands import Line, Name, RequestType, Text
from shared.privacy import is_secret
from shared.service import Problem, caller
from shared.settings import Settings

STAFF = frozenset({"agent", "dispatcher", "auditor", "supervisor", "operator", "service"})


class MatterBody(msgspec.Struct, frozen=True, kw_only=True):
    """A matter that is about to become a case; `caller_ref`: the caller's blind reference."""

    title: Line
    text: Text
    area: Name = ""
    address: Name = ""
    caller_ref: Name = ""
    request_type: RequestType = "QZ"


def ties_router(
    settings: Settings, store: MongoStore, walks: MongoWalks, duplicates: Duplicates, clock: Clock, rules: Rules
) -> APIRouter:  # fmt: skip
    router = APIRouter(tags=["ties"])

    @router.get("/cases/{case}/members")
    async def members(
        request: Request, case: str, after: str = "", limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> dict[str, Any]:
        """Cases linked to an event case, answered or not; the next page starts `after` the last id."""
        _staff(caller(request, settings))
        found = await walks.linked(case, after, limit)
        return {"items": [summary(document, rules) for document in found], "next": found[-1]["_id"] if found else None}

    @router.get("/cases/{case}/duplicates")
    async def of_case(request: Request, case: str) -> dict[str, Any]:
        """Open cases that may be about the same matter as this one, best first, with the reasons."""
        _staff(caller(request, settings))
        document = (await store.cases.load([case], omit=("log",))).get(case)
        known = read_case(document) if document is not None else None
        if known is None or not known.registered:
            raise Problem(404, "no_such_case", f"there is no case {case}")
        return _shown(await duplicates.of(matter_of(known)))

    @router.post("/suggestions/duplicates", openapi_extra=described_body(MatterBody))
    async def of_matter(request: Request) -> dict[str, Any]:
        """The same, before the case is opened."""
        _staff(caller(request, settings))
        body = await read_body(request, MatterBody)
        matter = Matter(
            sketch=sketch_of(body.title, body.text),
            area=body.area,
            address=body.address,
            callers=frozenset({body.caller_ref}) - {""},
            secret=is_secret(body.request_type),
            at=clock.now(),
        )
        return _shown(await duplicates.of(matter))

    return router


def _staff(who: Identity) -> None:
    if who.role not in STAFF:
        raise Problem(403, "forbidden", f"{who.role} does not see the cases of others")


def _shown(found: list[Suggestion]) -> dict[str, Any]:
    return {"items": msgspec.to_builtins(found)}
