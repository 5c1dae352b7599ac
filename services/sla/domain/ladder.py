"""What follows a breach, as data of the city: steps with role and channel, and what is supervised without a breach."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from shared.calendars import parsed
from shared.deadlines import Matter, When
from shared.events.commands import Channel, Clock, Rung
from shared.policy import Policy

MOST_REPEATS = 100
"""So many reporters are told apart; more make a case no more conspicuous."""


def _period(text: str) -> str:
    parsed(text)
    return text


Period = Annotated[str, AfterValidator(_period)]


class Addressed(Policy):
    """Who hears of it, by which channel; a supervision is answered within a period and says why."""

    role: str
    channel: Channel
    answer_within: Period | None = None
    reason: str = ""


class Step(Addressed):
    """`after` the deadline: `0m` is the breach itself."""

    step: str
    after: Period
    rung: Rung

    @model_validator(mode="after")
    def _reasoned(self) -> "Step":
        if self.rung == "supervise" and not self.reason:
            raise ValueError(f"step {self.step}: a supervision says why (reason)")
        return self


class Line(When):
    """The steps for some clocks of some cases, in their order."""

    id: str
    clocks: tuple[Clock, ...]
    steps: tuple[Step, ...]

    @model_validator(mode="after")
    def _named_once(self) -> "Line":
        if len({step.step for step in self.steps}) < len(self.steps):
            raise ValueError(f"ladder {self.id}: two steps have one name")
        return self


class Trigger(When, Addressed):
    """Key supervision (重点督办): once per case, when an order is out and so many reporters have joined."""

    id: str
    repeats: int = Field(0, ge=0, le=MOST_REPEATS)
    reason: str

    def holds(self, matter: Matter, joined: int) -> bool:
        return joined >= self.repeats and self.fits(matter)


class Ladder(Policy):
    """ladder.yaml"""

    version: str
    ladders: tuple[Line, ...]
    triggers: tuple[Trigger, ...] = ()
    digest_every: Period

    def steps(self, clock: Clock, matter: Matter) -> tuple[Step, ...]:
        """Those of the first line that fits."""
        return next((line.steps for line in self.ladders if clock in line.clocks and line.fits(matter)), ())

    def step(self, clock: Clock, matter: Matter, name: str) -> Step | None:
        """A step by its name, of the line that fits."""
        return next((step for step in self.steps(clock, matter) if step.step == name), None)

    def trigger(self, name: str) -> Trigger | None:
        return next((trigger for trigger in self.triggers if trigger.id == name), None)
