"""What a story came to: each step's outcome, and how its cases stand."""

from typing import Any, Literal

from msgspec import Struct

Outcome = Literal["ok", "failed", "left out"]


class Played(Struct, frozen=True, kw_only=True):
    """One step: `time` in domain time, `saw` what the platform made of it in words."""

    number: int
    time: str
    do: str
    who: str
    tell: str
    outcome: Outcome
    saw: tuple[str, ...]


class Stood(Struct, frozen=True, kw_only=True):
    """How a case stands in the end; `wrong`: what the story wanted otherwise, `page`: the case as dispatch shows it."""

    name: str
    number: str
    state: str
    calls_in: int
    calls_out: int
    replies: int
    solved: bool | None
    wrong: tuple[str, ...]
    page: dict[str, Any]


class Result(Struct, frozen=True, kw_only=True):
    """A whole story."""

    title: str
    steps: tuple[Played, ...]
    cases: tuple[Stood, ...]

    @property
    def held(self) -> bool:
        """Every step went as told, and every case ended as told."""
        return all(step.outcome != "failed" for step in self.steps) and not any(case.wrong for case in self.cases)
