"""dispatch's door to the commands that wait for their case: what waits, and an end to what nobody will register."""

from typing import Any

import structlog
from fastapi import APIRouter, Request

from services.dispatch.store import PAGE, Store, Waiting
from shared.service import Problem, operator
from shared.settings import Settings

log = structlog.get_logger()
WHAT = "commands that wait"


def waiting_router(settings: Settings, store: Store) -> APIRouter:
    """GET /waiting and DELETE /waiting/{command}, for the role operator."""
    router = APIRouter(tags=["operator"])

    @router.get("/waiting")
    async def listed(request: Request, after: str = "") -> dict[str, Any]:
        """Commands whose case is unknown, and since when (unix seconds); the next page starts `after` the last id.

        `letter`: whether ten minutes are over, and a copy lies in the dead letters.
        """
        operator(request, settings, WHAT)
        rows = await store.waiting(after)
        return {"items": [_shown(row) for row in rows], "next": rows[-1].id if len(rows) == PAGE else None}

    @router.delete("/waiting/{command:path}")
    async def discard(request: Request, command: str) -> dict[str, Any]:
        """It waits no longer; 409 as long as the dead letters have no copy, for its case may still come."""
        who = operator(request, settings, WHAT)
        row = _discardable(await store.one_waiting(command), command)
        await store.drop_waiting([row.id])
        log.warning("a waiting command was discarded", by=who.actor, command=row.id, case=row.case_id)
        return _shown(row)

    return router


def _discardable(row: Waiting | None, command: str) -> Waiting:
    if row is None:
        words = f"no command {command} waits: its case came, it was discarded before, or it never waited"
        raise Problem(404, "no_such_command", words)
    if not row.alarmed:
        words = f"{command} has no copy in the dead letters yet; its case {row.case_id} may come within ten minutes"
        raise Problem(409, "too_early", words)
    return row


def _shown(row: Waiting) -> dict[str, Any]:
    return {"id": row.id, "case": row.case_id, "topic": row.topic, "since": row.since, "letter": row.alarmed}
