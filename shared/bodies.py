"""Bodies that msgspec decodes, described in /openapi.json."""

from typing import Any

import msgspec


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
