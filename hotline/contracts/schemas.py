"""Golden JSON schemas, one per event type, and the rule by which a schema may grow."""

from collections.abc import Iterator
from typing import Any

import msgspec

from hotline.contracts.channels import CHANNELS
from shared.events.envelope import Envelope

Schema = dict[str, Any]
_WORDS = frozenset({"title", "description", "default", "$defs", "required", "properties", "discriminator"})
_UPPER, _LOWER = frozenset({"maxLength", "maximum", "maxItems"}), frozenset({"minLength", "minimum", "minItems"})


def schemas() -> Iterator[tuple[str, Schema]]:
    """(`<channel>/<type>`, schema) of every event type, and the envelope's."""
    yield "envelope", schema_of(Envelope)
    for channel in CHANNELS:
        if channel.name != "answers":
            for name, model in channel.own_models().items():
                yield f"{channel.name}/{name}", schema_of(model)


def schema_of(model: type) -> Schema:
    """With all references resolved, so that a file stands for itself."""
    whole = msgspec.json.schema(model)
    found: Schema = _resolved(whole, whole.get("$defs", {}))
    return found


def _resolved(node: Any, parts: Schema) -> Any:
    if isinstance(node, list):
        return [_resolved(item, parts) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(name := node.get("$ref"), str):
        return _resolved(parts[name.rsplit("/", 1)[-1]], parts)
    return {key: _resolved(value, parts) for key, value in node.items() if key != "$defs"}


def breaks(old: Schema, new: Schema, at: str = "$") -> list[str]:
    """What a reader or sender of the old schema could not live with; empty: the schema has only grown.

    Allowed: new optional fields, wider bounds, further values of an enumeration (readers go out before writers).
    """
    found = [f"{at}: {key} was {old.get(key)!r}, is {new.get(key)!r}" for key in _changed(old, new)]
    before, after = old.get("properties", {}), new.get("properties", {})
    found += [f"{at}.{name}: removed" for name in before if name not in after]
    found += [f"{at}.{name}: newly required" for name in sorted(set(_required(new)) - set(_required(old)))]
    for name in before:
        if name in after:
            found += breaks(before[name], after[name], f"{at}.{name}")
    return found


def _required(schema: Schema) -> list[str]:
    return list(schema.get("required", []))


def _changed(old: Schema, new: Schema) -> list[str]:
    keys = (old.keys() | new.keys()) - _WORDS
    return sorted(key for key in keys if not _may_become(key, old.get(key), new.get(key)))


def _may_become(key: str, old: Any, new: Any) -> bool:
    if old == new:
        return True
    if key == "enum":
        return isinstance(old, list) and isinstance(new, list) and set(old) <= set(new)
    if key in _UPPER:
        return new is None or (old is not None and new >= old)
    if key in _LOWER:
        return new is None or (old is not None and new <= old)
    if key == "anyOf" and old and new:
        return all(any(not breaks(one, other) for other in new) for one in old)
    return (
        key in ("items", "additionalProperties")
        and isinstance(old, dict)
        and isinstance(new, dict)
        and not breaks(old, new)
    )
