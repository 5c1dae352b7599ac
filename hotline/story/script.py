"""A story as data: actors, steps in domain time, what must then be seen, and how it ends."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from shared.events.commands import Line, RequestType, Text
from shared.events.contacts import CallResult, Purpose

At = Annotated[str, Meta(pattern=r"^(day [2-9] )?([01]\d|2[0-3]):[0-5]\d$")]
"""`01:30`, or `day 2 09:00` of a later day; quoted in YAML, where a bare 01:30 is a number."""
Name = Annotated[str, Meta(min_length=1)]


class Actor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody with a role: citizen, agent, dispatcher, auditor, supervisor, or unit:<code>.

    `city`: area code of another hotline where he works; empty at home.
    """

    name: Name
    role: str = "citizen"
    city: str = ""
    number: str = ""
    """Of a citizen: what the telephone shows; empty where none is left."""

    @property
    def unit(self) -> str:
        return self.role.removeprefix("unit:") if self.role.startswith("unit:") else ""


class Expect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of: an event of the case `with` these values, a state of the case, or a message with these words.

    A message is looked for at the citizen `to`, without whom at the one whose case it is.
    """

    event: str = ""
    values: dict[str, Any] = field(name="with", default_factory=dict)
    state: str = ""
    sms: str = ""
    to: str = ""

    def __post_init__(self) -> None:
        if sum(map(bool, (self.event, self.state, self.sms))) != 1:
            raise ValueError("expect one of event, state and sms")


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Who does what about which case, from which moment on.

    `refused`: the reason with which the platform must say no. `needs`: the step is left out, with a word, where
    dispatch has no such command.
    """

    at: At
    case: Name
    who: str = ""
    tell: str = ""
    see: tuple[Expect, ...] = ()
    refused: str = ""
    needs: str = ""


class Matter(Step, frozen=True, kw_only=True):
    """What the citizen wants."""

    title: Line
    text: Text
    request_type: RequestType = "QZ"
    area: str = ""
    address: str = ""
    urgent: bool = False
    answer: str = ""


class Call(Matter, frozen=True, kw_only=True, tag="call"):
    """A citizen calls; the agent registers the case. `keys`: menu and key on the way to a person."""

    agent: Name
    keys: tuple[tuple[str, str], ...] = (("main", "3"),)


class Web(Matter, frozen=True, kw_only=True, tag="web"):
    """A citizen writes over the web."""


class CallAgain(Step, frozen=True, kw_only=True, tag="call_again"):
    """A citizen calls about a case that is known."""

    agent: Name
    text: Text


class Assign(Step, frozen=True, kw_only=True, tag="assign"):
    """The units are actors of the story, here and below."""

    lead: Name
    supporting: tuple[str, ...] = ()


class Sign(Step, frozen=True, kw_only=True, tag="sign"):
    """The unit takes its order."""


class Return(Step, frozen=True, kw_only=True, tag="return"):
    """The unit asks to be rid of its order; `reason` is a code of policy's rules.yaml."""

    reason: Line
    basis: str = ""
    proposed: str = ""


class JudgeReturn(Step, frozen=True, kw_only=True, tag="judge_return"):
    """Approved: the order goes to `instead`."""

    unit: Name
    approve: bool
    instead: str = ""
    reason: str = ""


class Answer(Step, frozen=True, kw_only=True, tag="answer"):
    """The unit tells what it did."""

    public_answer: Text
    internal: str = ""
    solved: bool = True


class Audit(Step, frozen=True, kw_only=True, tag="audit"):
    """The unit's answer is good enough for the citizen, or goes back."""

    unit: Name
    passed: bool = True
    reason: str = ""


class Outbound(Step, frozen=True, kw_only=True, tag="outbound"):
    """The centre calls somebody about the case."""

    purpose: Purpose
    callee: Name
    result: CallResult
    number: str = ""
    text: str = ""
    promise: str = ""
    promise_due: At | None = None


class Note(Step, frozen=True, kw_only=True, tag="note"):
    """A remark on the case."""

    text: Text


class FollowUp(Step, frozen=True, kw_only=True, tag="follow_up"):
    """The citizen is asked whether it is solved."""

    solved: bool
    satisfaction: Annotated[int, Meta(ge=0, le=5)] = 0
    comment: str = ""


class Transfer(Step, frozen=True, kw_only=True, tag="transfer"):
    """Another city's hotline (area code), or an emergency number, is asked to act."""

    target: Annotated[str, Meta(pattern=r"^(\d{6}|110|119|120|122)$")]
    reason: Line
    asked_action: Line
    consent: bool


class Receive(Step, frozen=True, kw_only=True, tag="receive"):
    """The other city finds the case `of` ours among its own: there it is a case with a name of its own."""

    of: Name


class Wait(Step, frozen=True, kw_only=True, tag="wait"):
    """Nobody of the story does anything; something must be seen."""


Steps = (
    Call | Web | CallAgain | Assign | Sign | Return | JudgeReturn | Answer | Audit
    | Outbound | Note | FollowUp | Transfer | Receive | Wait
)  # fmt: skip


class Ending(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a case must stand in the end; `calls_out` at least."""

    case: Name
    state: str
    calls_in: Annotated[int, Meta(ge=1)]
    calls_out: Annotated[int, Meta(ge=0)] = 0
    replies: Annotated[int, Meta(ge=0)] = 1
    solved: bool | None = None
    """What the last follow-up heard; null: nobody was asked."""


class Story(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of `nights/`. `begins`: domain time of the first moment; `rate`: domain seconds per real second."""

    title: Name
    begins: Annotated[datetime, Meta(tz=True)]
    rate: Annotated[float, Meta(gt=1, le=3600)]
    actors: dict[str, Actor]
    steps: Annotated[tuple[Steps, ...], Meta(min_length=1)]
    ends: Annotated[tuple[Ending, ...], Meta(min_length=1)]

    def moment(self, at: str) -> datetime:
        """Domain time of a step."""
        day, _, clock = at.rpartition(" ")
        hour, minute = clock.split(":")
        start = self.begins.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
        return start + timedelta(days=int(day.split()[1]) - 1 if day else 0)

    def opener(self, case: str) -> str:
        """The citizen whose case it is, also where another city received it."""
        step = next(step for step in self.steps if isinstance(step, Matter | Receive) and step.case == case)
        return self.opener(step.of) if isinstance(step, Receive) else step.who
