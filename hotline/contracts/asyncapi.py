"""The AsyncAPI 3.0 document of a city's topics, from the registries of shared/events."""

from typing import Any

import msgspec

from hotline.contracts.channels import ANYBODY, CHANNELS, Channel
from hotline.contracts.examples import examples
from shared.events.envelope import Envelope
from shared.events.topics import LANES

_REF = "#/components/schemas/{name}"
_PARAMETERS: dict[str, Any] = {
    "city": {"description": "Six-digit area code (GB/T 2260).", "examples": ["130100"]},
    "lane": {"description": "Set at the door, part of the case id, for the case's life.", "enum": list(LANES)},
    "unit": {"description": "Code of a department marked `feed: kafka`.", "examples": ["130100-02-001"]},
}


def asyncapi() -> dict[str, Any]:
    """The whole document."""
    models = [Envelope, *(model for channel in CHANNELS for model in channel.registry.models.values())]
    _, schemas = msgspec.json.schema_components(models, ref_template=_REF)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "12345 hotline",
            "version": "1",
            "description": "CloudEvents 1.0 in structured JSON over Kafka. Schemas only grow. Delivery is at least "
            "once: apply an event of a case only when its `sequence` is above the last one applied.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": dict(_operation(*one) for channel in CHANNELS for one in _sides(channel)),
        "components": {
            "schemas": schemas,
            "messages": {
                _message_name(channel, kind): _message(channel, kind, model)
                for channel in CHANNELS
                for kind, model in channel.registry.models.items()
            },
        },
    }


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "address": channel.address,
        "description": f"{channel.says} Key: {channel.key}.",
        "messages": {kind: {"$ref": f"#/components/messages/{_message_name(channel, kind)}"}
                     for kind in channel.registry.models},
        "parameters": {name: one for name, one in _PARAMETERS.items() if f"{{{name}}}" in channel.address},
        "bindings": {"kafka": {"bindingVersion": "0.5.0"}},
    }  # fmt: skip


def _sides(channel: Channel) -> list[tuple[Channel, str, str]]:
    return [(channel, who, "send") for who in channel.writers] + [(channel, who, "receive") for who in channel.readers]


def _operation(channel: Channel, who: str, action: str) -> tuple[str, dict[str, Any]]:
    name = "another system" if who == ANYBODY else who
    body = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": f"{name} {action}s {channel.name}",
        "tags": [{"name": who}],
    }
    return f"{who}.{action}.{channel.name}", body


def _message_name(channel: Channel, kind: str) -> str:
    return f"{channel.name}.{kind}"


def _message(channel: Channel, kind: str, model: type[msgspec.Struct]) -> dict[str, Any]:
    """The envelope, with this type and its data."""
    (data,), _ = msgspec.json.schema_components([model], ref_template=_REF)
    shown = examples(channel.name, kind)
    return {
        "name": kind,
        "contentType": "application/cloudevents+json",
        "headers": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ("ce_type", "ce_causationid", "traceparent")},
        },
        "bindings": {"kafka": {"key": {"type": "string", "description": channel.key}, "bindingVersion": "0.5.0"}},
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/Envelope"},
                {"type": "object", "properties": {"type": {"const": kind}, "data": data}, "required": ["type", "data"]},
            ]
        },
        **({"examples": shown} if shown else {}),
    }
