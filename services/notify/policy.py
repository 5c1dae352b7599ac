"""messages.yaml: what citizens are told, and how long it is tried."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from services.notify.domain.debts import Limits
from shared.policy import Policy, load


class Messages(Policy):
    """Templates by language, the longest text in characters, and the limits of trying (times in real seconds)."""

    version: str
    reply: dict[str, str]
    language: str
    max_characters: Annotated[int, Field(ge=70)]
    attempts: Annotated[int, Field(ge=1)]
    asks: Annotated[int, Field(ge=1)]
    first_wait_s: Annotated[float, Field(gt=0)]
    longest_wait_s: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _readable(self) -> "Messages":
        for language in {self.language, *self.reply}:
            try:
                room = self.max_characters - len(self.reply[language].format(number="SJZ-20210113-000001", answer=""))
            except (KeyError, IndexError, ValueError) as error:
                raise ValueError(f"reply {language}: no such template or placeholder: {error}") from error
            if room < 1:
                raise ValueError(f"reply {language}: leaves no room for an answer in {self.max_characters} characters")
        return self

    @property
    def limits(self) -> Limits:
        return Limits(
            attempts=self.attempts,
            asks=self.asks,
            first_wait_s=self.first_wait_s,
            longest_wait_s=self.longest_wait_s,
        )

    def text(self, number: str, answer: str) -> str:
        """The reply in the city's language; an answer that is too long ends in `…`."""
        template = self.reply[self.language]
        room = self.max_characters - len(template.format(number=number, answer=""))
        answer = answer.strip().rstrip("。.")
        return template.format(number=number, answer=answer if len(answer) <= room else f"{answer[: room - 1]}…")


def load_messages(folder: Path) -> Messages:
    """Of a city's policy folder; raises PolicyError."""
    return load(folder, "messages", Messages)
