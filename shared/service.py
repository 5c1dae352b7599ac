"""One process of a service: settings, logs, uvicorn. `python -m services.<name>` calls `run(build)`."""

import gc
from collections.abc import Callable
from http import HTTPStatus

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.auth import Forbidden, Identity, verify
from shared.away import Away
from shared.clock import Clock, make_clock
from shared.settings import Settings
from shared.telemetry import configure_logs

GARBAGE = 50_000
"""New objects between two looks of the garbage collector."""
Build = Callable[[Settings, Clock], FastAPI]
"""Wires a service: its FastAPI application, whose lifespan starts and stops the workers of the role."""


def run(build: Build) -> None:
    """Serve until SIGTERM; the application's lifespan then drains."""
    settings = Settings()
    configure_logs(settings)
    app = build(settings, make_clock(settings))
    spare_the_collector()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )


def spare_the_collector() -> None:
    """Batches make many objects and no cycles; a look every 700 objects took a quarter of the writer's CPU."""
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)


class Problem(Exception):
    """A request that cannot be done: HTTP status, a code, and words for the caller."""

    def __init__(self, status: int, reason: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.reason, self.detail, self.headers = status, reason, detail, headers


def install_errors(app: FastAPI) -> None:
    """Problems, missing rights and FastAPI's own refusals become `{"reason", "detail"}`, never a stack trace."""

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        detail = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        return JSONResponse({"reason": "invalid", "detail": detail}, status_code=422)

    @app.exception_handler(Away)
    async def away(request: Request, error: Away) -> JSONResponse:
        body = {"reason": "not_now", "detail": "a server behind this one does not answer; repeat the request"}
        return JSONResponse(body, status_code=503, headers={"Retry-After": "2"})

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        body = {"reason": HTTPStatus(error.status_code).name.lower(), "detail": str(error.detail)}
        return JSONResponse(body, status_code=error.status_code, headers=error.headers)

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> JSONResponse:
        body = {"reason": error.reason, "detail": error.detail}
        return JSONResponse(body, status_code=error.status, headers=error.headers)

    @app.exception_handler(Forbidden)
    async def forbidden(request: Request, error: Forbidden) -> JSONResponse:
        return JSONResponse({"reason": "unauthorized", "detail": str(error)}, status_code=401)


def caller(request: Request, settings: Settings) -> Identity:
    """Who sends the request; raises Forbidden."""
    return verify(settings.jwt_secret.get_secret_value(), request.headers.get("authorization", ""))
