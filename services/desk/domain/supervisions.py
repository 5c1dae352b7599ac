"""Written supervisions of a case, as its sheet keeps them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.desk.domain.sheet import Sheet, Supervision
from shared.events import cases as e


def _opened(sheet: Sheet, data: e.SupervisionOpened, now: datetime) -> None:
    sheet.supervisions.append(
        Supervision(
            id=data.supervision, number=data.number, order=data.order, unit=data.unit, reason=data.reason, due=data.due
        )
    )


def _answered(sheet: Sheet, data: e.SupervisionAnswered, now: datetime) -> None:
    for one in _found(sheet, data.supervision):
        one.state, one.unit, one.text = "ANSWERED", data.unit, data.text


def _sent_back(sheet: Sheet, data: e.SupervisionSentBack, now: datetime) -> None:
    for one in _found(sheet, data.supervision):
        one.state, one.text = "ISSUED", data.text


def _closed(sheet: Sheet, data: e.SupervisionClosed, now: datetime) -> None:
    for one in _found(sheet, data.supervision):
        one.state = "CLOSED"


def _found(sheet: Sheet, supervision: str) -> list[Supervision]:
    return [one for one in sheet.supervisions if one.id == supervision]


APPLY: dict[type[Struct], Callable[[Sheet, Any, datetime], None]] = {
    e.SupervisionOpened: _opened,
    e.SupervisionAnswered: _answered,
    e.SupervisionSentBack: _sent_back,
    e.SupervisionClosed: _closed,
}
