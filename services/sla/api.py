"""sla's door from HTTP: the clocks of a case."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request

from services.sla.domain.clocks import Clocks
from services.sla.store import MongoStore
from shared.service import Problem, caller
from shared.settings import Settings


def clocks_router(settings: Settings, store: MongoStore) -> APIRouter:
    """GET /clocks/{case}"""
    router = APIRouter(tags=["clocks"])

    @router.get("/clocks/{case}")
    async def clocks(request: Request, case: str) -> dict[str, Any]:
        """Each clock of each order: start, warning, deadline, stopped or not, and what was told."""
        who = caller(request, settings)
        document = (await store.cases.load([case])).get(case)
        if document is None or "state" not in document:
            raise Problem(404, "no_clocks", f"no clock was ever started for {case}")
        if who.unit:
            raise Problem(403, "forbidden", "a unit sees the deadlines on its own orders")
        return {"case": case, **msgspec.to_builtins(msgspec.convert(document["state"], Clocks))}

    return router
