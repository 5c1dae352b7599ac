"""`/health/live`: the loop turns. `/health/ready`: broker and database answer. `/metrics`: Prometheus text."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared import names

Check = Callable[[], Awaitable[bool]]


def health_router(ready: Check) -> APIRouter:
    """The three operator's routes of a service; `ready` must bound its own time."""
    router = APIRouter(tags=["operator"])

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/health/ready", responses={503: {"description": "Broker or database does not answer"}})
    async def is_ready(response: Response) -> dict[str, str]:
        if await ready():
            return {"status": "ready"}
        names.NOT_READY.inc()
        response.status_code = 503
        return {"status": "not ready"}

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
