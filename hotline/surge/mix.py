"""The mix of what the world does, as data (mix.yaml), and chances that depend on seed and id alone."""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, model_validator

from shared.events.commands import RequestType
from shared.policy import Policy

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Calls(Policy):
    """Shares of calls by what becomes of them."""

    ivr: Share
    desk: Share
    dispatched: Share

    @model_validator(mode="after")
    def _whole(self) -> "Calls":
        if abs(self.ivr + self.desk + self.dispatched - 1.0) > 1e-9:
            raise ValueError("ivr, desk and dispatched must sum to 1")
        return self


class Departments(Policy):
    silent: Share
    silent_days: int
    returned: Share
    disputed: Share
    sent_back: Share
    return_approved: Share
    extended: Share
    extended_days: int
    extension_approved: Share
    parked: Share


class EventMix(Policy):
    """The one cause that many call about, and what they say."""

    share: Annotated[float, Field(ge=0.0)]
    most: Annotated[int, Field(ge=0)]
    answered: Share
    detached: Share
    topic: str
    title: str
    text: str

    def callers(self, calls: int) -> int:
        """Beside so many calls."""
        return min(round(calls * self.share), self.most)


class Merges(Policy):
    neighbours: Share
    alike: Share
    merged: Share
    undone: Share


class ProfileMix(Policy):
    """A surge profile is on between two moments, as shares of the calls."""

    id: str
    switched_on: Share
    switched_off: Share


class Mix(Policy):
    """mix.yaml"""

    calls: Calls
    several_units: Share
    urgent: Share
    calls_again: Share
    fixed_lines: Share
    calls_again_within_s: float
    anonymous: Share
    request_types: dict[RequestType, float]
    transferred: Share
    event_case: EventMix
    merges: Merges
    departments: Departments
    profile: ProfileMix
    follow_up_unsolved: Share
    reopened: Share

    @cached_property
    def first_calls(self) -> Calls:
        """Shares among the first calls, of which those of all calls come out: second calls end at the desk."""
        matters = self.calls.dispatched / (1 + self.merges.neighbours)
        again = matters * (1 - self.anonymous) * self.calls_again
        firsts = 1 - matters * self.merges.neighbours - again
        return Calls(
            ivr=self.calls.ivr / firsts, desk=(self.calls.desk - again) / firsts, dispatched=matters / firsts
        )  # fmt: skip


def load_mix() -> Mix:
    return Mix.model_validate(yaml.safe_load(Path(__file__).with_name("mix.yaml").read_text(encoding="utf-8")))


class Chance:
    """Decisions of the world: the same seed, question and id give the same answer, whoever asks and when."""

    def __init__(self, seed: int) -> None:
        self._key = str(seed).encode()

    def draw(self, question: str, *ids: object) -> float:
        """Uniform in [0, 1)."""
        text = "\x1f".join((question, *map(str, ids))).encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=7, key=self._key[:64]).digest()) / 2**56

    def yes(self, share: float, question: str, *ids: object) -> bool:
        return self.draw(question, *ids) < share

    def pick(self, count: int, question: str, *ids: object) -> int:
        """An index below `count`."""
        return int(self.draw(question, *ids) * count)
