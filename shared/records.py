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
    return encoded(topic, key or envelope.subject, envelope, encode(envelope))


def encoded(topic: str, key: str, envelope: Envelope, value: bytes) -> Record:
    headers = (
        (TYPE, envelope.type.encode()),
        (CAUSE, envelope.causationid.encode()),
        (TRACE, envelope.traceparent.encode()),
    )
    return Record(topic, key.encode(), value, headers)


def header(record: Received, name: str) -> str:
    """A header's text, or empty."""
    return next((value.decode(errors="replace") for key, value in record.headers if key == name), "")


def origin(record: Received) -> str:
    """`topic/partition/offset`, the address of a record."""
    return f"{record.topic}/{record.partition}/{record.offset}"
