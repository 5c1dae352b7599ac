"""What merges, splits and event cases do to a sheet."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.desk.domain.debts import cycle, move, owe, reported
from services.desk.domain.sheet import Sheet
from shared.events import cases as e


def _merge_asked(sheet: Sheet, data: e.MergeAsked, now: datetime) -> None:
    sheet.merge = "asked"


def _goes_on(sheet: Sheet, data: e.MergeRefused, now: datetime) -> None:
    sheet.merge = ""


def _merged(sheet: Sheet, data: e.CaseMerged, now: datetime) -> None:
    """Whoever waits here is owed his answer there."""
    sheet.merge, sheet.merged_into = "done", data.target
    move(sheet, {debt.id for debt in sheet.debts})


def _absorbed(sheet: Sheet, data: e.CaseAbsorbed, now: datetime) -> None:
    sheet.absorbed[data.merge] = data.source
    for obligation, one in zip(data.obligations, data.reporters, strict=True):
        reported(sheet, one.reporter)
        owe(sheet, obligation, one.reporter, "open")


def _released(sheet: Sheet, data: e.CaseReleased, now: datetime) -> None:
    sheet.absorbed.pop(data.merge, None)
    move(sheet, data.obligations)


def _separated(sheet: Sheet, data: e.CaseSeparated, now: datetime) -> None:
    sheet.merge, sheet.merged_into = "", ""
    cycle(sheet, data.cycle, data.obligations)


def _split(sheet: Sheet, data: e.CaseSplit, now: datetime) -> None:
    move(sheet, [data.obligation])


def _declared(sheet: Sheet, data: e.EventDeclared, now: datetime) -> None:
    sheet.event = True


def _linked(sheet: Sheet, data: e.CaseLinked, now: datetime) -> None:
    sheet.event_case, sheet.parked = data.event_case, False


def _detached(sheet: Sheet, data: e.CaseDetached, now: datetime) -> None:
    sheet.event_case = ""


APPLY: dict[type[Struct], Callable[[Sheet, Any, datetime], None]] = {
    e.MergeAsked: _merge_asked,
    e.MergeRefused: _goes_on,
    e.CaseMerged: _merged,
    e.CaseAbsorbed: _absorbed,
    e.CaseReleased: _released,
    e.CaseSeparated: _separated,
    e.CaseSplit: _split,
    e.EventDeclared: _declared,
    e.CaseLinked: _linked,
    e.CaseDetached: _detached,
}
