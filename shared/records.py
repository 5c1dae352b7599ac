"""What goes over the bus and what comes from it, before anybody has looked inside."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shared.events.envelope import Envelope, encode

TYPE, CAUSE, TRACE = "ce_type", "ce_causationid", "traceparent"
SWEPT = "swept"
"""On a command that waited for its case and was brought back."""


class Record(NamedTuple):
    """One record to publish; without `partition` the key decides."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None


class Received(Protocol):
    """One record as read; aiokafka's ConsumerRecord has these fields."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """Append time, unix milliseconds."""
        ...

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


def record_of(topic: str, envelope: Envelope, key: str = "") -> Record:
    """The record of an event or command; its type, cause and trace are headers too, so that nobody need parse."""
    return Record(topic, (key or envelope.subject).encode(), encode(envelope), headers_of(envelope))


def headers_of(envelope: Envelope) -> tuple[tuple[str, bytes], ...]:
    return (
        (TYPE, envelope.type.encode()),
        (CAUSE, envelope.causationid.encode()),
        (TRACE, envelope.traceparent.encode()),
    )


def header(record: Received, name: str) -> str:
    """A header's text, or empty."""
    for key, value in record.headers:
        if key == name:
            return value.decode(errors="replace")
    return ""


def origin(record: Received) -> str:
    """`topic/partition/offset`, the address of a record."""
    return f"{record.topic}/{record.partition}/{record.offset}"
