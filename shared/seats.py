"""bulletins.yaml: groups of agents that a bulletin can be for, and how soon the gravest ones must be confirmed."""

from collections.abc import Iterable
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import Field

from shared.policy import Policy, load

GROUP, UNIT = "group:", "unit:"


class Group(Policy):
    """Seats that are addressed together; `agents` are names or patterns (`a0??`)."""

    code: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    name: str
    english: str
    agents: tuple[str, ...]


class Seats(Policy):
    """The whole file."""

    version: str
    confirm_minutes: Annotated[float, Field(gt=0)]
    groups: tuple[Group, ...] = ()

    @property
    def limit(self) -> timedelta:
        """After so long (domain time) an agent who has not confirmed a bulletin of level I is no longer ready."""
        return timedelta(minutes=self.confirm_minutes)

    def names_of(self, subject: str, unit: str = "") -> frozenset[str]:
        """Everything under which a bulletin can be for this person: his name, his groups, his unit."""
        if unit:
            return frozenset({UNIT + unit})
        mine = (group for group in self.groups if any(fnmatchcase(subject, one) for one in group.agents))
        return frozenset({subject, *(GROUP + group.code for group in mine)})

    def unknown(self, scope: Iterable[str]) -> list[str]:
        """Groups of a scope that nobody is in, because they do not exist."""
        known = {GROUP + group.code for group in self.groups}
        return [one for one in scope if one.startswith(GROUP) and one not in known]


def load_seats(folder: Path) -> Seats:
    """Of a city's policy folder; raises PolicyError."""
    return load(folder, "bulletins", Seats)
