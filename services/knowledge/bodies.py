"""What callers of this door send; an unknown field is an error, because it may be a misspelt one.

The lengths together keep every record below the 256 KB of the bus, however its characters are escaped.
"""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.knowledge.domain.articles import Content
from shared.events.knowledge import Bulletin, Level

Line = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
Short = Annotated[str, Field(max_length=200)]
Ivr = Annotated[str, Field(pattern=r"^(\w{1,40}\.[0-9#]{1,8})?$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ArticleBody(Body):
    """An article's content. `ivr`: menu and key whose spoken text it feeds, like `policy.1`."""

    question: Line
    answer: Annotated[str, Field(min_length=1, max_length=20_000)]
    similar: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    spoken: Annotated[str, Field(max_length=500)] = ""
    unit: Short = ""
    basis: Annotated[str, Field(max_length=500)] = ""
    region: Short = ""
    topic: Short = ""
    ivr: Ivr = ""
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "ArticleBody":
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise ValueError("valid_to is not after valid_from")
        return self

    def content(self) -> Content:
        return Content(**self.model_dump(exclude={"version"}))


class ArticleChange(ArticleBody):
    """The whole new content, and the version it was made from."""

    version: Annotated[int, Field(ge=1)]


class WrongBody(Body):
    """What an agent found wrong in an answer, and in which version."""

    version: Annotated[int, Field(ge=1)]
    text: Line


class BulletinBody(Body):
    """A bulletin's draft; without `effective_from` it holds from its approval."""

    level: Level
    title: Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
    text: Annotated[str, Field(min_length=1, max_length=300)]
    script: Annotated[str, Field(max_length=500)] = ""
    scope: Annotated[tuple[Short, ...], Field(max_length=500)] = ()
    effective_from: AwareDatetime | None = None
    expires_at: AwareDatetime
    supersedes: Short = ""
    source_number: Short = ""
    articles: Annotated[tuple[Short, ...], Field(max_length=20)] = ()
    ivr: Ivr = ""

    @model_validator(mode="after")
    def _whole(self) -> "BulletinBody":
        if self.effective_from and self.expires_at <= self.effective_from:
            raise ValueError("expires_at is not after effective_from")
        if self.ivr and not self.script:
            raise ValueError("a bulletin that feeds the IVR has a script")
        return self

    def draft(self, bulletin: str, author: str, now: AwareDatetime) -> Bulletin:
        fields = self.model_dump() | {"effective_from": self.effective_from or now}
        return Bulletin(id=bulletin, version=1, author=author, **fields)


class SurgeBody(Body):
    """The switch: on or off, why, and until when; then the city's default holds again."""

    on: bool
    why: Line
    until: AwareDatetime
