"""The city's policy as the desk needs it: names, choices, targets, and the deadlines shown beside a case."""

from pathlib import Path

from pydantic import ConfigDict

from services.desk.domain.board import Targets
from services.desk.domain.citizen import Tries
from services.desk.domain.dues import Dues
from services.desk.domain.reveals import SecretPolicy
from shared.deadlines import load_rulebook
from shared.policy import Policy, Unit, load, load_city, load_units


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
    secret: SecretPolicy
    topics: tuple[Choice, ...]
    areas: tuple[Choice, ...]
    partners: tuple[Choice, ...]


class Reason(Policy):
    """Why somebody gives an order or a transfer back, in words."""

    model_config = ConfigDict(extra="ignore")
    name: str
    english: str


class ReasonsFile(Policy):
    """The reasons in rules.yaml; dispatch owns the file and judges by it."""

    model_config = ConfigDict(extra="ignore")
    return_reasons: dict[str, Reason]


class TransferFile(Policy):
    """The reasons in transfer.yaml, which transfer owns; a partner's own code is not among them."""

    model_config = ConfigDict(extra="ignore")
    reasons: dict[str, Reason]


class City:
    """Everything of the city's folder that pages show."""

    def __init__(self, folder: Path) -> None:
        self.desk = load(folder, "desk", DeskFile)
        self.names = load_city(folder)
        self.return_reasons = load(folder, "rules", ReasonsFile).return_reasons
        self.transfer_reasons = load(folder, "transfer", TransferFile).reasons
        self.units: dict[str, Unit] = load_units(folder).by_code()
        self.dues = Dues(load_rulebook(folder))
