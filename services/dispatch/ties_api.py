"""What ties cases together, over HTTP: who waits for an event case, and which open cases look like one matter."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from services.dispatch.domain.context import Rules
from services.dispatch.domain.likeness import Matter, sketch_of
from services.dispatch.duplicates import Duplicates, matter_of
from services.dispatch.store import MongoStore, read_case
from services.dispatch.views import summary
from services.dispatch.walks import MongoWalks
from shared.auth import Identity
from shared.bodies import read_body
from shared.clock import Clock
from shared.events.commands import Line, Name, RequestType, Text
from shared.plain import Busy, PlainRouter, answer
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


class TiesApi:
    """Members of event cases, and suggestions of duplicates."""

    def __init__(
        self, settings: Settings, store: MongoStore, walks: MongoWalks, duplicates: Duplicates, clock: Clock,
        rules: Rules,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._store = store
        self._walks = walks
        self._duplicates = duplicates
        self._clock = clock
        self._rules = rules

    def router(self) -> APIRouter:
        plain = PlainRouter("ties")
        plain.read("/cases/{case}/duplicates", self.of_case)
        plain.ask("/suggestions/duplicates", self.of_matter, MatterBody)
        router = APIRouter()
        router.include_router(plain)
        router.add_api_route("/cases/{case}/members", self.members, methods=["GET"], tags=["ties"])
        return router

    def busy(self) -> Busy:
        """What is asked for every case at work."""
        return {("GET", "/cases/{case}/duplicates"): self.of_case}

    async def members(
        self, request: Request, case: str, after: str = "", limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> dict[str, Any]:
        """Cases linked to an event case, answered or not; the next page starts `after` the last id."""
        _staff(caller(request, self._settings))
        found = await self._walks.linked(case, after, limit)
        rows = [summary(document, self._rules) for document in found]
        return {"items": rows, "next": found[-1]["_id"] if found else None}

    async def of_case(self, request: Request) -> Response:
        """Open cases that may be about the same matter as this one, best first, with the reasons."""
        _staff(caller(request, self._settings))
        case = request.path_params["case"]
        matter = self._duplicates.index.matter(case) or await self._stored(case)
        return answer({"items": await self._duplicates.of(matter)}, 200)

    async def _stored(self, case: str) -> Matter:
        """A case that is over, or of this very moment. Raises Problem 404."""
        document = (await self._store.cases.load([case], omit=("log",))).get(case)
        known = read_case(document) if document is not None else None
        if known is None or not known.registered:
            raise Problem(404, "no_such_case", f"there is no case {case}")
        return matter_of(known)

    async def of_matter(self, request: Request) -> Response:
        """The same, before the case is opened."""
        _staff(caller(request, self._settings))
        body = await read_body(request, MatterBody)
        matter = Matter(
            sketch=sketch_of(body.title, body.text),
            area=body.area,
            address=body.address,
            callers=frozenset({body.caller_ref}) - {""},
            secret=is_secret(body.request_type),
            at=self._clock.now(),
        )
        return answer({"items": await self._duplicates.of(matter)}, 200)


def _staff(who: Identity) -> None:
    if who.role not in STAFF:
        raise Problem(403, "forbidden", f"{who.role} does not see the cases of others")
