"""Topic `dead-letters`: what could not be processed, raw, with reason and origin; and what became of it since."""

from typing import Literal

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from shared import names
from shared.records import Received, Record, origin

REASON, ORIGIN, READER, KIND = "reason", "origin", "reader", "kind"
Kind = Literal["record", "parked", "waiting", "resolved"]
WAITING = "waiting/"
"""Begins the origin of a letter of that kind; the id of the row that waits at dispatch follows."""


class Resolution(Struct, frozen=True, kw_only=True):
    """What an operator did with the dead letter at `origin` of `reader`."""

    origin: str
    reader: str
    action: Literal["redriven", "discarded"]
    by: str


_encoder, resolution_decoder = Encoder(), Decoder(Resolution)


class Writer:
    """Writes the dead letters of one reader, and counts them from 0 on: a counter that is born at 1 never rose."""

    def __init__(self, reader: str) -> None:
        self._reader = reader
        self._count = names.DEAD_LETTERS.labels(reader)

    def letter(self, topic: str, record: Received, reason: str, kind: Kind = "record") -> Record:
        """As `dead_letter`."""
        self._count.inc()
        return dead_letter(topic, record, self._reader, reason, kind)


def dead_letter(topic: str, record: Received, reader: str, reason: str, kind: Kind = "record") -> Record:
    """A copy of a record with its own headers, key and bytes, and where it came from.

    Kind `record`: a redrive puts it back on its topic. `parked`: it waits in the reader's document. `waiting`:
    a copy only, the command itself still waits.
    """
    headers = (
        (KIND, kind.encode()),
        (REASON, reason[:2000].encode()),
        (ORIGIN, origin(record).encode()),
        (READER, reader.encode()),
        *((key, value) for key, value in record.headers if key not in (KIND, REASON, ORIGIN, READER)),
    )
    return Record(topic, record.key or b"", record.value or b"", headers)


def resolved(topic: str, resolution: Resolution) -> Record:
    """The record that says a dead letter needs nobody any more."""
    return Record(topic, resolution.origin.encode(), _encoder.encode(resolution), ((KIND, b"resolved"),))
