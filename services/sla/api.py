"""sla's door from HTTP: the clocks of a case and why, what another policy would change, and officers' notices."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

import msgspec
import structlog
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime

from services.sla.domain.clocks import Clocks
from services.sla.domain.explain import Difference, explained
from services.sla.domain.schedule import Schedule
from services.sla.notices import Notices
from services.sla.policy import with_deadlines
from services.sla.store import Store
from shared.bodies import raw_body
from shared.clock import Clock
from shared.documents import Document
from shared.policy import PolicyError
from shared.service import Problem, caller
from shared.settings import Settings

log = structlog.get_logger()
PAGE = 500
MAX_POLICY = 64 * 1024
PLANNERS = frozenset({"supervisor", "operator"})
READERS = frozenset({"supervisor", "operator", "officer", "dispatcher", "auditor"})
"""Of the notices that are for the centre's people and the city's leaders."""


def clocks_router(settings: Settings, store: Store, schedule: Schedule, clock: Clock) -> APIRouter:
    """GET /clocks/{case}, POST /deadlines/diff"""
    router = APIRouter(tags=["clocks"])

    @router.get("/clocks/{case}")
    async def clocks(request: Request, case: str) -> dict[str, Any]:
        """Each clock of the case and of its orders: rule, version, intervals, pauses, deadline, and what it tells."""
        who = caller(request, settings)
        document = (await store.cases.load([case])).get(case)
        if document is None or "state" not in document:
            raise Problem(404, "no_clocks", f"no clock was ever started for {case}")
        if who.unit:
            raise Problem(403, "forbidden", "a unit sees the deadlines on its own orders")
        state = msgspec.convert(document["state"], Clocks)
        schedule.renew(state)
        matter = msgspec.structs.asdict(state.matter)
        return {"case": case, "version": state.version, "matter": matter, "clocks": explained(state, schedule)}

    @router.post("/deadlines/diff")
    async def difference(request: Request, most: Annotated[int, Query(ge=1, le=1_000_000)] = 100_000) -> dict[str, Any]:
        """The body is another deadlines.yaml: what it would change over the cases that run now, at most so many."""
        who = caller(request, settings)
        if who.role not in PLANNERS:
            raise Problem(403, "forbidden", f"{who.role} may not try a policy")
        other = _other(schedule, await raw_body(request, MAX_POLICY))
        found = Difference()
        whole = await _compare(store, other, found, most, clock.now())
        shown: dict[str, Any] = msgspec.to_builtins(found)
        return {"from": schedule.version, "to": other.version, "whole": whole, **shown}

    return router


def _other(schedule: Schedule, body: bytes) -> Schedule:
    try:
        return with_deadlines(schedule, body.decode())
    except (PolicyError, UnicodeDecodeError) as error:
        raise Problem(422, "invalid", str(error)) from error


async def _compare(store: Store, other: Schedule, found: Difference, most: int, now: datetime) -> bool:
    """Whether every running case was looked at."""
    after = ""
    while page := await store.running(after, min(PAGE, most - found.cases)):
        for document in page:
            _look(found, document, other, now)
        after = page[-1]["_id"]
        if found.cases >= most:
            return not await store.running(after, 1)
        await asyncio.sleep(0)
    return True


def _look(found: Difference, document: Document, other: Schedule, now: datetime) -> None:
    """One that cannot be counted keeps nobody from trying a policy on all the others."""
    try:
        found.look(document["_id"], msgspec.convert(document["state"], Clocks), other, now)
    except Exception as error:
        log.warning("a case's deadlines cannot be counted", case=document["_id"], error=repr(error))
        found.uncounted += 1


def notices_router(settings: Settings, notices: Notices) -> APIRouter:
    """GET /notices"""
    router = APIRouter(tags=["notices"])

    @router.get("/notices")
    async def page(
        request: Request, role: str = "", before: AwareDatetime | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:  # fmt: skip
        """What the ladder told an officer, one line per window, rung and clock; a unit reads its own."""
        who = caller(request, settings)
        wanted = role or ("unit" if who.unit else who.role)
        if not who.unit and who.role not in READERS:
            raise Problem(403, "forbidden", f"{who.role} has no notices")
        if who.unit and not wanted.startswith("unit"):
            raise Problem(403, "forbidden", "a unit reads its own notices")
        found = await notices.page(wanted, who.unit, before, limit)
        return {"items": [{**row["_id"], "count": row["count"], "cases": row["cases"]} for row in found]}

    return router
