"""What hotlines say to each other: JSON bodies of the signed requests (domain.md §9)."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.events.commands import MAX_TEXT, Line, Priority, RequestType, Text

Area = Annotated[str, Meta(pattern=r"^(\d{6}|110|119|120|122)$")]
Id = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9-]+$")]
Short = Annotated[str, Meta(max_length=200)]
Phone = Annotated[str, Meta(pattern=r"^$|^\+?\d[\d-]{1,19}$")]
MAX_PATH = 8
_CUT = "\n……（原文过长，中间部分从略，全文可向转出单位查询）……\n"


class TransferRequest(Struct, frozen=True, kw_only=True):
    """`POST /transfers`. The same for every attempt, to the byte.

    `path`: the hotlines it went through, the sender last. `phone`: plain, under signature and TLS, and only with
    consent or to an emergency number; the receiver seals it at once and does not share it further.
    """

    transfer: Id
    version: Literal[1] = 1
    origin: Area
    target: Area
    path: Annotated[tuple[Area, ...], Meta(min_length=1, max_length=MAX_PATH)]
    origin_case: Short
    asked_at: datetime
    request_type: RequestType
    topic: Short = ""
    priority: Priority
    title: Line
    text: Text
    area: Short = ""
    address: Annotated[str, Meta(max_length=500)] = ""
    reason: Line
    asked_action: Line
    consent: bool
    phone: Phone = ""
    checkpoint: Short = ""
    plate: Short = ""


class TransferUpdate(Struct, frozen=True, kw_only=True):
    """`POST /transfers/{id}/updates`, from the receiver to the origin; `update` counts them from 1."""

    update: Annotated[int, Meta(ge=1, le=10_000)]
    step: Literal["accepted", "progressed", "refused", "completed"]
    number: Short = ""
    reason: Short = ""
    text: Annotated[str, Meta(max_length=MAX_TEXT)] = ""


class Cancel(Struct, frozen=True, kw_only=True):
    """`POST /transfers/{id}/cancel`, from the origin, before the receiver has accepted."""

    reason: Line


def fitting(text: str) -> str:
    """A text as long as may be sent: cut in the middle, for what was added last is what was asked for, and marked."""
    if len(text) <= MAX_TEXT:
        return text
    tail = (MAX_TEXT - len(_CUT)) // 2
    return text[: MAX_TEXT - len(_CUT) - tail] + _CUT + text[-tail:]


class Standing(Struct, frozen=True, kw_only=True):
    """`GET /transfers/{id}`: how far it is; `update` is the last update that the origin knows."""

    transfer: str
    status: str
    update: int = 0
    number: str = ""
