"""The city's policy as intake needs it: the spoken menu, what makes a case urgent, and when somebody is called."""

from pathlib import Path

from services.intake.domain.ivr import Ivr
from services.intake.domain.lane import Lanes
from services.intake.domain.missed import CallBacks
from services.intake.domain.quiet import Quiet
from shared.policy import Policy, PolicyError, load


class Outbound(Policy):
    """outbound.yaml: calls out."""

    version: str
    quiet: Quiet
    call_back: CallBacks


def load_ivr(folder: Path) -> Ivr:
    """ivr.yaml; raises PolicyError, also where a key leads nowhere."""
    ivr = load(folder, "ivr", Ivr)
    if problems := ivr.problems():
        raise PolicyError(f"{folder}/ivr.yaml: {'; '.join(problems)}")
    return ivr


def load_lanes(folder: Path) -> Lanes:
    return load(folder, "lanes", Lanes)


def load_outbound(folder: Path) -> Outbound:
    return load(folder, "outbound", Outbound)
