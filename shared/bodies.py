"""Bodies of requests: read no further than allowed, decoded by msgspec, described in /openapi.json."""

from typing import Any, TypeVar

import msgspec
from fastapi import Request
from msgspec.json import Decoder

from shared.events.envelope import MALFORMED
from shared.service import Problem

Body = TypeVar("Body")
MAX_BODY = 256 * 1024
"""Bytes: what a record may hold too."""


async def raw_body(request: Request, most: int = MAX_BODY) -> bytes:
    """Raises Problem 413 as soon as it is longer than so many bytes, without reading on."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise Problem(413, "too_large", f"a body has at most {most // 1024} KB")
        parts.append(part)
    return b"".join(parts)


def decoded(raw: bytes, decoder: Decoder[Body]) -> Body:
    """Raises Problem 422 with the decoder's words."""
    try:
        return decoder.decode(raw)
    except MALFORMED as error:
        raise Problem(422, "invalid", str(error)) from error


async def read_body(request: Request, body: type[Body], most: int = MAX_BODY) -> Body:
    """The request's JSON as this type; an empty one is an empty object. Raises Problem 413 or 422."""
    return decoded(await raw_body(request, most) or b"{}", Decoder(body))


def described_body(body: Any) -> dict[str, Any]:
    """For a route's `openapi_extra`: it takes this type as JSON, and must get it."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": inlined(body)}}}}


def inlined(body: Any) -> dict[str, Any]:
    """The JSON schema of a body with all references resolved, so that it can stand anywhere in a document."""
    (schema,), parts = msgspec.json.schema_components([body], ref_template="{name}")

    def resolve(node: Any) -> Any:
        if isinstance(node, list):
            return [resolve(item) for item in node]
        if not isinstance(node, dict):
            return node
        if isinstance(name := node.get("$ref"), str):
            return resolve(parts[name])
        return {key: resolve(value) for key, value in node.items() if key != "discriminator"}

    resolved: dict[str, Any] = resolve(schema)
    return resolved
