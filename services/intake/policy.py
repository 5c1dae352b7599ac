"""The city's policy as intake needs it: the spoken menu and what makes a case urgent."""

from pathlib import Path

from services.intake.domain.ivr import Ivr
from services.intake.domain.lane import Lanes
from shared.policy import PolicyError, load


def load_ivr(folder: Path) -> Ivr:
    """ivr.yaml; raises PolicyError, also where a key leads nowhere."""
    ivr = load(folder, "ivr", Ivr)
    if problems := ivr.problems():
        raise PolicyError(f"{folder}/ivr.yaml: {'; '.join(problems)}")
    return ivr


def load_lanes(folder: Path) -> Lanes:
    return load(folder, "lanes", Lanes)
