"""The city's policy as sla needs it: the rulebook of deadlines and the ladder, as one schedule."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from services.sla.domain.ladder import Ladder
from services.sla.domain.schedule import Schedule
from shared.deadlines import Deadlines, Rulebook, load_rulebook
from shared.policy import PolicyError, load


def load_schedule(folder: Path) -> Schedule:
    """Raises PolicyError."""
    return Schedule(load_rulebook(folder), load(folder, "ladder", Ladder))


def with_deadlines(schedule: Schedule, text: str) -> Schedule:
    """The same policy with another deadlines.yaml. Raises PolicyError."""
    try:
        deadlines = Deadlines.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise PolicyError(f"no deadlines.yaml: {error}") from error
    book = schedule.book
    return Schedule(Rulebook(deadlines, book.profiles, book.calendars), schedule.ladder)
