"""Plain routes: Starlette's request in, bytes out, yet fully described in /openapi.json.

At hundreds of requests a second FastAPI's own machinery for parameters costs more than all the rest of a door.
"""

import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from msgspec import Struct
from msgspec.json import Decoder
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.bodies import decoded, described_body, inlined, raw_body
from shared.service import Problem

MAX_BODY = 1024 * 1024
KEY = "Idempotency-Key"
_TEXT, _UUID = {"type": "string"}, {"type": "string", "format": "uuid"}
_SCHEMAS = {"contact_id": _UUID, KEY: {"type": "string", "minLength": 1, "maxLength": 200}}
Body = TypeVar("Body")
Query = TypeVar("Query", bound=Struct)
Plain = Callable[[Request], Awaitable[Response]]
Busy = Mapping[tuple[str, str], Plain]
"""Endpoints by method and path, the path as it is given to a router."""
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

    def read(self, path: str, endpoint: Plain, query: type[Struct] | None = None) -> None:
        """`query`: what `query_of` takes from the address; every field has a default."""
        extra = _described(path, query=query)
        self.add_api_route(path, endpoint, methods=["GET"], response_model=None, openapi_extra=extra)

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
        self.add_api_route(path, endpoint, methods=["POST"], status_code=202, response_model=None, openapi_extra=extra)

    def command(self, path: str, endpoint: Plain, body: Any) -> None:
        """A POST under the sender's key: answered 200 with its outcome, 202 where that comes later."""
        extra = _described(path, (KEY,)) | described_body(body)
        later: dict[int | str, dict[str, Any]] = {202: {"description": "Taken; the outcome comes later"}}
        verb = path.rpartition("/")[2]
        self.add_api_route(
            path, endpoint, methods=["POST"], name=verb, response_model=None, openapi_extra=extra, responses=later
        )


class Shortcut:
    """Middleware by which a busy request reaches its endpoint without the router's search and FastAPI's layers, a
    third to a half of the whole way; the routes stay with FastAPI for all other methods and for /openapi.json.
    """

    def __init__(self, app: ASGIApp, busy: Busy) -> None:
        self._app = app
        self._ways = [(method, *compile_path(path), endpoint) for (method, path), endpoint in busy.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoint(scope) if scope["type"] == "http" else None
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await endpoint(request)
        except Exception as error:
            response = await _refusal(request, error)
        await response(scope, receive, send)

    def _endpoint(self, scope: Scope) -> Plain | None:
        for method, pattern, _, _, endpoint in self._ways:
            if method == scope["method"] and (match := pattern.match(scope["path"])):
                scope["path_params"] = match.groupdict()
                return endpoint
        return None


async def _refusal(request: Request, error: Exception) -> Response:
    """What the application's own handlers make of it; without one it is the server's error."""
    handlers = request.app.exception_handlers
    handler = next((handlers[kind] for kind in type(error).__mro__ if kind in handlers), None)
    if handler is None:
        raise error
    response: Response = await handler(request, error)
    return response


def _described(path: str, headers: tuple[str, ...] = (), query: type[Struct] | None = None) -> dict[str, Any]:
    places = [(name, "path") for name in re.findall(r"{(\w+)}", path)] + [(name, "header") for name in headers]
    needed = [
        {"name": name, "in": place, "required": True, "schema": _SCHEMAS.get(name, _TEXT)} for name, place in places
    ]
    asked = inlined(query)["properties"] if query is not None else {}
    return {
        "parameters": needed
        + [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in asked.items()]
    }


def query_of(request: Request, query: type[Query]) -> Query:
    """What stands behind the question mark; other names are ignored. Raises Problem 422."""
    try:
        return msgspec.convert(dict(request.query_params), query, strict=False)
    except msgspec.ValidationError as error:
        raise Problem(422, "invalid", str(error)) from error


def own_key(request: Request) -> str:
    """The sender's Idempotency-Key. Raises Problem 422."""
    key = request.headers.get(KEY, "")
    if not 0 < len(key) <= 200:
        raise Problem(422, "invalid", f"send a header {KEY} of 1 to 200 characters")
    return key


async def body_of(request: Request, decoder: Decoder[Body]) -> Body:
    """The decoded body. Raises Problem 413 or 422."""
    return decoded(await raw_body(request, MAX_BODY), decoder)


def answer(content: Any, status: int = 202) -> Response:
    return Response(_encoder.encode(content), status, media_type="application/json")
