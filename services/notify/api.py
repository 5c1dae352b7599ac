"""notify's door from HTTP: what is owed, and what a person settles."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse

from services.notify.desk import Desk, Settlement
from shared.auth import Identity
from shared.bodies import described_body, read_body
from shared.events.topics import is_case_id
from shared.service import Problem, caller
from shared.settings import Settings

READERS = frozenset({"agent", "dispatcher", "auditor", "supervisor", "operator", "service"})
SETTLERS = frozenset({"agent", "supervisor"})
MAX_BODY = 16 * 1024


def obligations_router(settings: Settings, desk: Desk) -> APIRouter:
    """Routes under /obligations; persons appear masked."""
    router = APIRouter(tags=["obligations"])

    @router.get("/obligations")
    async def waiting(
        request: Request, state: Literal["unknown", "unreachable"], after: str = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:  # fmt: skip
        """Replies that wait for a person; `next` is the case to go on after."""
        _allow(caller(request, settings), READERS)
        return await desk.waiting(state, after, limit)

    @router.get("/obligations/{case}")
    async def of_case(request: Request, case: str) -> dict[str, Any]:
        """All replies of one case."""
        _allow(caller(request, settings), READERS)
        return {"items": await desk.of_case(_case_id(case))}

    @router.post("/obligations/{case}/{obligation}/settle", status_code=202, openapi_extra=described_body(Settlement))
    async def settle(
        request: Request, case: str, obligation: str,
        idempotency_key: Annotated[str, Header(max_length=200)] = "",
    ) -> JSONResponse:  # fmt: skip
        """A person reached the reporter, or found that nobody can."""
        who = _allow(caller(request, settings), SETTLERS)
        body = await read_body(request, Settlement, MAX_BODY)
        trace = request.headers.get("traceparent", "")
        sent = await desk.settle(_case_id(case), obligation, body, idempotency_key, who, trace)
        return JSONResponse(sent, status_code=202)

    return router


def _allow(who: Identity, roles: frozenset[str]) -> Identity:
    if who.role not in roles:
        raise Problem(403, "forbidden", f"{who.role} may not do this")
    return who


def _case_id(case: str) -> str:
    if not is_case_id(case):
        raise Problem(404, "no_such_case", f"{case[:60]!r} is no case id")
    return case
