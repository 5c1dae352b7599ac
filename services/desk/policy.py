"""The city's policy as the desk needs it: names, choices, targets, and the deadlines shown beside a case."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pydantic import ConfigDict

from services.desk.domain.board import Targets
from services.desk.domain.citizen import Tries
from services.desk.domain.view import Dues
from shared.calendars import load_calendar
from shared.events.commands import Clock, Priority, RequestType
from shared.policy import Policy, Unit, load, load_units


class Choice(Policy):
    """One entry of a list in a form."""

    code: str
    name: str
    english: str


class DeskFile(Policy):
    """desk.yaml"""

    version: str
    targets: Targets
    tries: Tries
    topics: tuple[Choice, ...]
    areas: tuple[Choice, ...]
    partners: tuple[Choice, ...]


class CityFile(Policy):
    """The names in city.yaml; the rest is others' business."""

    model_config = ConfigDict(extra="ignore")
    name: str
    english: str


class Limit(Policy):
    """One line of deadlines.yaml; what is not given fits everything."""

    model_config = ConfigDict(extra="ignore")
    priority: Priority | None = None
    request_type: RequestType | None = None
    sign: str
    resolve: str

    def fits(self, priority: Priority, request_type: RequestType) -> bool:
        return self.priority in (None, priority) and self.request_type in (None, request_type)


class LimitsFile(Policy):
    """The table in deadlines.yaml; sla owns the file and judges by it."""

    model_config = ConfigDict(extra="ignore")
    limits: tuple[Limit, ...]


class ReturnReason(Policy):
    """Why a unit gives an order back, for the form."""

    model_config = ConfigDict(extra="ignore")
    name: str
    english: str


class ReasonsFile(Policy):
    """The reasons in rules.yaml; dispatch owns the file and judges by it."""

    model_config = ConfigDict(extra="ignore")
    return_reasons: dict[str, ReturnReason]


class City:
    """Everything of the city's folder that pages show."""

    def __init__(self, folder: Path) -> None:
        self.desk = load(folder, "desk", DeskFile)
        self.names = load(folder, "city", CityFile)
        self.return_reasons = load(folder, "rules", ReasonsFile).return_reasons
        self.units: dict[str, Unit] = load_units(folder).by_code()
        self.dues = _dues(load(folder, "deadlines", LimitsFile), load_calendar(folder).due)


def _dues(file: LimitsFile, due: Callable[[datetime, str], datetime]) -> Dues:
    def dues(start: datetime, priority: Priority, request_type: RequestType) -> dict[Clock, datetime]:
        limit = next((one for one in file.limits if one.fits(priority, request_type)), None)
        return {"sign": due(start, limit.sign), "resolve": due(start, limit.resolve)} if limit else {}

    return dues
