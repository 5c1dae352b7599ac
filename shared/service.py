"""One process of a service: settings, logs, uvicorn. `python -m services.<name>` calls `run(build)`."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.auth import Forbidden, Identity, verify
from shared.away import Away
from shared.clock import Clock, make_clock
from shared.collector import spare_the_collector
from shared.settings import NotGiven, Settings
from shared.telemetry import configure_logs
from shared.tracing import exporting

KEEP_ALIVE_S = 75
"""An idle connection is kept so long; uvicorn's 5 s meet the next request of a client that calls now and then."""
Build = Callable[[Settings, Clock], FastAPI]
"""Wires a service: its FastAPI application, whose lifespan starts and stops the workers of the role."""


def run(build: Build) -> None:
    """Serve until SIGTERM; the application's lifespan then drains. Ends at once where a key is missing."""
    settings = Settings()
    configure_logs(settings)
    try:
        settings.key("jwt_secret")
        app = build(settings, make_clock(settings))
    except NotGiven as error:
        raise SystemExit(str(error)) from None
    spare_the_collector()
    with exporting(settings):
        uvicorn.run(app, **options(settings))


def options(settings: Settings) -> dict[str, Any]:
    """Of uvicorn; the visitor's address is the one that a trusted proxy names."""
    return {
        "host": settings.host,
        "port": settings.port,
        "loop": "uvloop",
        "http": "httptools",
        "proxy_headers": True,
        "forwarded_allow_ips": settings.trusted_proxies,
        "access_log": False,
        "log_level": "warning",
        "timeout_graceful_shutdown": 10,
        "timeout_keep_alive": KEEP_ALIVE_S,
    }


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

    _describe(app)


_REFUSED = {
    "description": "Refused; the reason is a code, the detail is for people",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_PROBLEM = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "detail": {"type": "string"}},
    "required": ["reason", "detail"],
}


def _describe(app: FastAPI) -> None:
    """/openapi.json says what `install_errors` makes of a refusal, instead of FastAPI's own shape of one."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, routes=app.routes)
            for operations in document.get("paths", {}).values():
                for operation in operations.values():
                    operation["responses"].pop("422", None)
                    operation["responses"]["default"] = _REFUSED
            parts = document.setdefault("components", {}).setdefault("schemas", {})
            parts.pop("HTTPValidationError", None)
            parts.pop("ValidationError", None)
            parts["Problem"] = _PROBLEM
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def caller(request: Request, settings: Settings) -> Identity:
    """Who sends the request; raises Forbidden."""
    return verify(settings.key("jwt_secret"), request.headers.get("authorization", ""))


def operator(request: Request, settings: Settings, what: str) -> Identity:
    """The operator who sends the request, for only operators handle `what`; raises Forbidden and Problem 403."""
    who = caller(request, settings)
    if who.role != "operator":
        raise Problem(403, "forbidden", f"only an operator handles {what}")
    return who
