"""messages.yaml: what citizens are told, by which channels, and how long it is tried."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from services.notify.domain.debts import Debt, Limits
from shared.clock import CHINA
from shared.events.deliveries import MessageChannel
from shared.policy import Policy, load

SAMPLE = {"number": "SJZ-20210113-000001", "until": "12月31日"}
"""The longest that a template's short words become."""
WORDS = {"reply": "answer", "extension": "reason"}
"""What each kind of message says, which is cut where it is too long."""


class Channel(Policy):
    """One way to a person: templates by language, the longest text in characters, definite failures it may cost.

    `reply` has {number} and {answer}; `extension`, that the case takes longer, has {number}, {until} and {reason}.
    """

    channel: MessageChannel
    attempts: Annotated[int, Field(ge=1)]
    max_characters: Annotated[int, Field(ge=70)]
    reply: dict[str, str]
    extension: dict[str, str]

    @model_validator(mode="after")
    def _readable(self) -> "Channel":
        for kind, word in WORDS.items():
            known = {"number": SAMPLE["number"], word: ""} | ({"until": SAMPLE["until"]} if kind != "reply" else {})
            for language, template in self.templates(kind).items():
                try:
                    room = self.max_characters - len(template.format(**known))
                except (KeyError, IndexError, ValueError) as error:
                    raise ValueError(f"{kind} {language}: no such placeholder: {error}") from error
                if room < 1:
                    raise ValueError(f"{kind} {language}: leaves no room in {self.max_characters} characters")
        return self

    def templates(self, kind: str) -> dict[str, str]:
        return self.reply if kind == "reply" else self.extension

    def text(self, language: str, debt: Debt) -> str:
        """What the message says, ending in `…` where it is too long."""
        template, word = self.templates(debt.kind)[language], WORDS[debt.kind]
        given = {"number": debt.number, "until": _day(debt.until), word: ""}
        room = self.max_characters - len(template.format(**given))
        said = debt.answer.strip().rstrip("。.")
        return template.format(**{**given, word: said if len(said) <= room else f"{said[: room - 1]}…"})


def _day(until: datetime | None) -> str:
    """Month and day, as people say it."""
    if until is None:
        return ""
    day = until.astimezone(CHINA)
    return f"{day.month}月{day.day}日"


class Messages(Policy):
    """Channels in the order in which they are tried, and the limits of trying (times in real seconds)."""

    version: str
    language: str
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    gateway_remembers: bool
    asks: Annotated[int, Field(ge=1)]
    first_wait_s: Annotated[float, Field(gt=0)]
    longest_wait_s: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _complete(self) -> "Messages":
        named = [channel.channel for channel in self.channels]
        if len(set(named)) < len(named):
            raise ValueError(f"channels: one of {', '.join(named)} stands there twice")
        for channel in self.channels:
            for kind in WORDS:
                if self.language not in channel.templates(kind):
                    raise ValueError(f"channels {channel.channel}: no {kind} in {self.language}")
        return self

    @property
    def limits(self) -> Limits:
        return Limits(
            channels=tuple((channel.channel, channel.attempts) for channel in self.channels),
            asks=self.asks,
            first_wait_s=self.first_wait_s,
            longest_wait_s=self.longest_wait_s,
        )

    def text(self, debt: Debt) -> str:
        """In the city's language, as the channel tells it; a dropped channel speaks as the first."""
        found = next((one for one in self.channels if one.channel == debt.channel), self.channels[0])
        return found.text(self.language, debt)


def load_messages(folder: Path) -> Messages:
    """Of a city's policy folder; raises PolicyError."""
    return load(folder, "messages", Messages)
