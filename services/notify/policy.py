"""messages.yaml: what citizens are told, by which channels, and how long it is tried."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from services.notify.domain.debts import Limits
from shared.events.deliveries import MessageChannel
from shared.policy import Policy, load


class Channel(Policy):
    """One way to a person: templates by language, the longest text in characters, definite failures it may cost."""

    channel: MessageChannel
    attempts: Annotated[int, Field(ge=1)]
    max_characters: Annotated[int, Field(ge=70)]
    reply: dict[str, str]

    @model_validator(mode="after")
    def _readable(self) -> "Channel":
        for language, template in self.reply.items():
            try:
                room = self.max_characters - len(template.format(number="SJZ-20210113-000001", answer=""))
            except (KeyError, IndexError, ValueError) as error:
                raise ValueError(f"reply {language}: no such placeholder: {error}") from error
            if room < 1:
                raise ValueError(f"reply {language}: leaves no room for an answer in {self.max_characters} characters")
        return self

    def text(self, language: str, number: str, answer: str) -> str:
        """An answer that is too long ends in `…`."""
        template = self.reply[language]
        room = self.max_characters - len(template.format(number=number, answer=""))
        answer = answer.strip().rstrip("。.")
        return template.format(number=number, answer=answer if len(answer) <= room else f"{answer[: room - 1]}…")


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
            if self.language not in channel.reply:
                raise ValueError(f"channels {channel.channel}: no reply in {self.language}")
        return self

    @property
    def limits(self) -> Limits:
        return Limits(
            channels=tuple((channel.channel, channel.attempts) for channel in self.channels),
            asks=self.asks,
            first_wait_s=self.first_wait_s,
            longest_wait_s=self.longest_wait_s,
        )

    def text(self, channel: MessageChannel, number: str, answer: str) -> str:
        """The reply in the city's language, as the channel tells it; a dropped channel speaks as the first."""
        found = next((one for one in self.channels if one.channel == channel), self.channels[0])
        return found.text(self.language, number, answer)


def load_messages(folder: Path) -> Messages:
    """Of a city's policy folder; raises PolicyError."""
    return load(folder, "messages", Messages)
