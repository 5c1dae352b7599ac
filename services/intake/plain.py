"""Plain routes: Starlette's request in, bytes out, yet fully described in /openapi.json.

At a thousand requests a second FastAPI's own machinery for parameters costs more than all the rest of the door.
"""

import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from msgspec.json import Decoder
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import names
from shared.bodies import decoded, described_body, raw_body

MAX_BODY = 1024 * 1024
_TEXT, _UUID = {"type": "string"}, {"type": "string", "format": "uuid"}
Body = TypeVar("Body")
Plain = Callable[[Request], Awaitable[Response]]
_encoder = msgspec.json.Encoder()


class PlainRoute(APIRoute):
    """A route whose endpoint is called as it is."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return endpoint


class PlainRouter(APIRouter):
    """A router of plain routes; `body` is the type that decodes a request, `headers` are required ones."""

    def __init__(self, tag: str) -> None:
        super().__init__(tags=[tag], route_class=PlainRoute)

    def read(self, path: str, endpoint: Plain) -> None:
        self.add_api_route(path, endpoint, methods=["GET"], response_model=None, openapi_extra=_described(path))

    def change(self, path: str, endpoint: Plain, body: Any) -> None:
        """A PUT that is answered 200."""
        extra = _described(path) | described_body(body)
        self.add_api_route(path, endpoint, methods=["PUT"], response_model=None, openapi_extra=extra)

    def ask(self, path: str, endpoint: Plain, body: Any) -> None:
        """A POST that changes nothing and is answered 200."""
        extra = _described(path) | described_body(body)
        self.add_api_route(path, endpoint, methods=["POST"], response_model=None, openapi_extra=extra)

    def take(self, path: str, endpoint: Plain, body: Any, headers: tuple[str, ...] = ()) -> None:
        """A POST that is answered 202."""
        extra = _described(path, headers) | described_body(body)
        self.add_api_route(
            path, _timed(endpoint), methods=["POST"], status_code=202, response_model=None, openapi_extra=extra
        )


class Shortcut:
    """Middleware by which a POST of one of these paths reaches its endpoint without the router's search and FastAPI's
    layers, a third of the whole way; the routes stay with FastAPI for all other methods and for /openapi.json.
    """

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, Plain]) -> None:
        self._app = app
        self._endpoints = {path: _timed(endpoint) for path, endpoint in endpoints.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in self._endpoints:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._endpoints[scope["path"]](request)
        except Exception as error:
            response = await _refusal(request, error)
        await response(scope, receive, send)


async def _refusal(request: Request, error: Exception) -> Response:
    """What the application's own handlers make of it; without one it is the server's error."""
    handlers = request.app.exception_handlers
    handler = next((handlers[kind] for kind in type(error).__mro__ if kind in handlers), None)
    if handler is None:
        raise error
    response: Response = await handler(request, error)
    return response


def _described(path: str, headers: tuple[str, ...] = ()) -> dict[str, Any]:
    places = [(name, "path") for name in re.findall(r"{(\w+)}", path)] + [(name, "header") for name in headers]
    return {
        "parameters": [
            {"name": name, "in": place, "required": True, "schema": _UUID if name == "contact_id" else _TEXT}
            for name, place in places
        ]
    }


def _timed(endpoint: Plain) -> Plain:
    async def timed(request: Request) -> Response:
        started = time.perf_counter()
        response = await endpoint(request)
        names.ACCEPT_SECONDS.observe(time.perf_counter() - started)
        return response

    timed.__name__, timed.__doc__ = endpoint.__name__, endpoint.__doc__
    return timed


async def body_of(request: Request, decoder: Decoder[Body]) -> Body:
    """The decoded body. Raises Problem 413 or 422."""
    return decoded(await raw_body(request, MAX_BODY), decoder)


def answer(content: Any, status: int = 202) -> Response:
    return Response(_encoder.encode(content), status, media_type="application/json")
