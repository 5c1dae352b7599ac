"""The envelope of everything on the bus: CloudEvents 1.0 in structured JSON, with this platform's extensions."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct

MAX_BYTES = 256 * 1024
"""A larger record is refused at the door and before the write."""


MALFORMED = (msgspec.MsgspecError, ValueError, RecursionError)
"""What decoding raises on bad bytes: also on text that is no UTF-8, and on a nesting too deep."""


class Unreadable(ValueError):
    """The bytes are no event of a known type and shape; the text says why."""


class Envelope(Struct, frozen=True, kw_only=True):
    """One event or command. `time` is domain time; `data` holds the undecoded model of `type`."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    data: Raw
    specversion: str = "1.0"
    datacontenttype: str = "application/json"
    sequence: int = 0
    """Per case from 1 without gaps (events of a case); 0 elsewhere."""
    ordersequence: int = 0
    """Per work order from 1 (records of a department's feed); 0 elsewhere."""
    causationid: str = ""
    actor: str = ""
    """Who wants or did it: `unit:<code>`, `agent:<id>`, `service:sla`."""
    digest: str = ""
    """Of the sender's canonical body, where a person or another system is the sender."""
    traceparent: str = ""

    def __post_init__(self) -> None:
        if self.specversion != "1.0":
            raise ValueError(f"specversion is {self.specversion!r}, not '1.0'")
        if self.time.tzinfo is None:
            raise ValueError("time has no zone")


class Registry:
    """The models of one topic by CloudEvents type; a schema only grows."""

    def __init__(self, models: dict[str, type[Struct]]) -> None:
        self.models = models
        self.types = {model: name for name, model in models.items()}
        self._decoders = {name: msgspec.json.Decoder(model) for name, model in models.items()}

    def type_of(self, data: Struct) -> str:
        return self.types[type(data)]

    def data(self, envelope: Envelope) -> Any:
        """The envelope's model; raises Unreadable for an unknown type or another shape."""
        decoder = self._decoders.get(envelope.type)
        if decoder is None:
            raise Unreadable(f"unknown type {envelope.type!r}")
        try:
            return decoder.decode(envelope.data)
        except MALFORMED as error:
            raise Unreadable(f"{envelope.type}: {error}") from error


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Envelope)


def encode(envelope: Envelope) -> bytes:
    return _encoder.encode(envelope)


def raw(data: Struct) -> Raw:
    return Raw(_encoder.encode(data))


def decode(value: bytes | None) -> Envelope:
    """Parse a record's value; raises Unreadable with the reason."""
    try:
        return _decoder.decode(value or b"")
    except MALFORMED as error:
        raise Unreadable(str(error)) from error
