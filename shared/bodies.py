"""Bodies that msgspec decodes, described in /openapi.json."""

from typing import Any, TypeVar

import msgspec
from fastapi import Request

from shared.events.envelope import MALFORMED
from shared.service import Problem

Body = TypeVar("Body")
MAX_BODY = 256 * 1024
"""Bytes: what a record may hold too."""


async def read_body(request: Request, body: type[Body], most: int = MAX_BODY) -> Body:
    """The request's JSON as this type; an empty one is an empty object. Raises Problem 413 or 422."""
    raw = await request.body()
    if len(raw) > most:
        raise Problem(413, "too_large", f"a body has at most {most // 1024} KB")
    try:
        return msgspec.json.decode(raw or b"{}", type=body)
    except MALFORMED as error:
        raise Problem(422, "invalid", str(error)) from error


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
