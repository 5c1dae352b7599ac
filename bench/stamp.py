"""Many cases out of one: a lived case's documents as bytes with slots for whatever makes a case itself.

Every value that changes keeps its length (ids, times, numbers, sealed contacts), so BSON stays valid when it is put
in. Ids are the template's, XORed with the case's own key: what pointed to one another still does, in every service.
"""

import re
import struct
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import bson

from shared.documents import Document
from shared.events.contacts import SealedPerson
from shared.producer import partition_of

UUID_KEPT = 0xFFFFFFFF_FFFF_0FFF_0FFF_FFFFFFFFFFFF
"""A key leaves the digits alone that make a UUID one of its version."""


class Own(NamedTuple):
    """What makes a case itself."""

    key: int
    number: str
    shift: timedelta
    person: SealedPerson


Make = Callable[[Own], bytes]
_ISO = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?(?:Z|\+08:00)"
_UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_TRACE = rb"00-[0-9a-f]{32}-[0-9a-f]{16}-01"
_DIGEST = rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"
_PARTITION = rb"(?<=\x10partition\x00).{4}"
_DAY = rb"(?<=\x02d\x00\x0b\x00\x00\x00)\d{4}-\d\d-\d\d"


class Stamp:
    """One lived case, ready to be made again and again."""

    def __init__(self, documents: dict[str, Document], number: str, person: SealedPerson, partitions: int) -> None:
        self._number, self._person, self._partitions = number, person, partitions
        self._case = str(documents["dispatch"]["_id"])
        self._makes: dict[tuple[bytes, bytes], int] = {}
        self._makers: list[Make] = []
        self._pieces = {service: self._cut(document) for service, document in documents.items()}

    def _cut(self, document: Document) -> tuple[list[bytes], list[int]]:
        """The bytes between the slots, and for each slot the number of its maker."""
        exact = (self._number, self._person.sealed, self._person.caller_ref, self._person.masked)
        dates = [re.escape(name.encode()) for name, value in document.items() if _moves(value)]
        date = rb"(?<=\x09%b\x00).{8}"
        patterns = {
            b"exact": rb"|".join(re.escape(text.encode()) for text in exact),
            b"date": rb"|".join(date % name for name in dates) or rb"(?!)",
            b"partition": _PARTITION,
            b"day": _DAY,
            b"iso": _ISO,
            b"trace": _TRACE,
            b"uuid": _UUID,
            b"digest": _DIGEST,
        }
        pattern = re.compile(rb"|".join(rb"(?P<%b>%b)" % pair for pair in patterns.items()), re.DOTALL)
        whole, pieces, slots, at = bson.encode(document), [], [], 0
        for found in pattern.finditer(whole):
            pieces.append(whole[at : found.start()])
            slots.append(self._slot((found.lastgroup or "").encode(), found[0]))
            at = found.end()
        return [*pieces, whole[at:]], slots

    def _slot(self, kind: bytes, text: bytes) -> int:
        if (kind, text) not in self._makes:
            self._makes[kind, text] = len(self._makers)
            self._makers.append(self._maker(kind, text))
        return self._makes[kind, text]

    def _maker(self, kind: bytes, text: bytes) -> Make:
        match kind:
            case b"exact":
                return self._exact(text.decode())
            case b"date":
                return _date(text)
            case b"partition":
                return self._partition
            case b"day":
                day = datetime.fromisoformat(text.decode())
                return lambda own: (day + timedelta(days=own.shift.days)).date().isoformat().encode()
            case b"iso":
                return _iso(text)
            case b"trace":
                return _trace(text)
            case b"digest":
                digest = int(text, 16)
                return lambda own: b"%032x" % (digest ^ own.key)
            case _:
                return _uuid(text)

    def _exact(self, text: str) -> Make:
        if text == self._number:
            return lambda own: own.number.encode()
        field = next(name for name in ("sealed", "caller_ref", "masked") if getattr(self._person, name) == text)
        return lambda own: str(getattr(own.person, field)).encode()

    def _partition(self, own: Own) -> bytes:
        return struct.pack("<i", partition_of(self.case_id(own), self._partitions))

    def case_id(self, own: Own) -> bytes:
        return self._case[:2].encode() + _uuid(self._case[2:].encode())(own)

    def make(self, own: Own) -> dict[str, bytes]:
        """The case's documents by service, as BSON."""
        values = [make(own) for make in self._makers]
        return {service: _join(pieces, slots, values) for service, (pieces, slots) in self._pieces.items()}


def _join(pieces: list[bytes], slots: Iterable[int], values: list[bytes]) -> bytes:
    parts = [b""] * (2 * len(pieces) - 1)
    parts[::2] = pieces
    parts[1::2] = [values[slot] for slot in slots]
    return b"".join(parts)


def _moves(value: object) -> bool:
    """A moment of the case, and not the year that stands for no deadline."""
    return isinstance(value, datetime) and value.year < 9999


def _date(text: bytes) -> Make:
    (ms,) = struct.unpack("<q", text)
    return lambda own: struct.pack("<q", ms + own.shift // timedelta(milliseconds=1))


def _iso(text: bytes) -> Make:
    moment, utc = datetime.fromisoformat(text.decode().replace("Z", "+00:00")), text.endswith(b"Z")
    if utc:
        return lambda own: (moment + own.shift).isoformat()[:-6].encode() + b"Z"
    return lambda own: (moment + own.shift).isoformat().encode()


def _trace(text: bytes) -> Make:
    _, trace, span, _ = text.split(b"-")
    traced, spanned = int(trace, 16), int(span, 16)
    return lambda own: b"00-%032x-%016x-01" % (traced ^ own.key, spanned ^ (own.key >> 64))


def _uuid(text: bytes) -> Make:
    value = int(text.replace(b"-", b""), 16)

    def make(own: Own) -> bytes:
        hexed = b"%032x" % (value ^ own.key)
        return b"-".join((hexed[:8], hexed[8:12], hexed[12:16], hexed[16:20], hexed[20:]))

    return make
