"""The audit log: who looked at what, for operators."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk.cases import Cases
from services.desk.desk import Desk
from services.desk.store import View
from shared.service import Problem

LOOKS, MOST_LOOKS = 200, 1000
"""Looks on the page of the audit, and in its JSON."""


def audit_router(desk: Desk) -> APIRouter:
    """/audit"""
    router = APIRouter(include_in_schema=False)

    @router.get("/audit")
    async def audit(request: Request, case: str = "") -> Response:
        by = desk.visitor(request, "operator")
        views = await _views(desk, case.strip(), LOOKS + 1)
        return desk.page(request, "audit.html", by, views=views, most=LOOKS, case=case.strip())

    @router.get("/audit.json")
    async def audit_json(request: Request, case: str = "") -> dict[str, Any]:
        """Who looked at what, newest first."""
        desk.visitor(request, "operator")
        views = await _views(desk, case.strip(), MOST_LOOKS)
        if views is None:
            raise Problem(404, "no_such_case", f"there is no case {case[:60]}")
        return {"items": [msgspec.to_builtins(view) for view in views]}

    return router


async def _views(desk: Desk, case: str, most: int) -> list[View] | None:
    """Of a case by id or number, else of all, the newest first; None where there is no such case."""
    known = await Cases(desk).id_of(case) if case else ""
    return None if known is None else await desk.store.views(known, most)
