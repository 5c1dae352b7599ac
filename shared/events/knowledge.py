"""Topic `knowledge` (compacted): the newest version of what the hotline knows. Only knowledge writes.

Key: id of the article or bulletin; `<bulletin>/<agent>` of an acknowledgement; `surge` of the switch of the menus;
`profile/<id>` of a surge profile's. A key's versions begin at 1 and only grow; a reader keeps the newest, whatever
comes last.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from msgspec import Struct

from shared.events.envelope import Registry

Level = Literal["I", "II", "III"]
"""I: every agent must confirm before being ready; II: shown on top; III: ordinary."""
BulletinState = Literal["draft", "pending", "published", "recalled", "superseded"]
SURGE_KEY = "surge"


class Article(Struct, frozen=True, kw_only=True):
    """One question and its answer. `ivr` is the menu and key whose text it feeds (`policy.1`), or empty."""

    id: str
    version: int
    question: str
    answer: str
    valid_from: datetime
    valid_to: datetime | None = None
    similar: tuple[str, ...] = ()
    spoken: str = ""
    unit: str = ""
    basis: str = ""
    region: str = ""
    topic: str = ""
    reviewer: str = ""
    ivr: str = ""
    withdrawn: bool = False

    @property
    def key(self) -> str:
        return self.id

    def in_force(self, now: datetime) -> bool:
        """Neither withdrawn, nor too early, nor expired."""
        return not self.withdrawn and self.valid_from <= now and (self.valid_to is None or now < self.valid_to)


class Bulletin(Struct, frozen=True, kw_only=True):
    """A notice to agents (飞鸽). `script` is the standard answer; an empty `scope` is everybody, else names of agents,
    `group:<code>` (bulletins.yaml) and `unit:<code>`.

    `source_number` is the number of the document it follows (来文号); `articles` are ids; `ivr` as in an article.
    """

    id: str
    version: int
    level: Level
    title: str
    text: str
    script: str
    effective_from: datetime
    expires_at: datetime
    author: str
    state: BulletinState = "draft"
    approver: str = ""
    scope: tuple[str, ...] = ()
    supersedes: str = ""
    source_number: str = ""
    articles: tuple[str, ...] = ()
    ivr: str = ""

    @property
    def key(self) -> str:
        return self.id

    def in_force(self, now: datetime) -> bool:
        """Published, effective and not expired; one that supersedes it may still hide it (shared/shelf.py)."""
        return self.state == "published" and self.effective_from <= now < self.expires_at

    def concerns(self, names: Collection[str]) -> bool:
        """Whether one of a person's names (shared/seats.py) is in the scope."""
        return not self.scope or any(one in names for one in self.scope)


class Acknowledgement(Struct, frozen=True, kw_only=True):
    """An agent has read that version of a bulletin."""

    bulletin: str
    version: int
    agent: str
    at: datetime

    @property
    def key(self) -> str:
        return acknowledgement_key(self.bulletin, self.agent)


class Surge(Struct, frozen=True, kw_only=True):
    """The switch of surge mode; from `until` on the city's default holds again."""

    version: int
    on: bool
    why: str
    by: str
    at: datetime
    until: datetime

    @property
    def key(self) -> str:
        return SURGE_KEY


class ProfileSwitch(Struct, frozen=True, kw_only=True):
    """A surge profile of profiles.yaml, on or off; from `until` on it is off."""

    profile: str
    version: int
    on: bool
    why: str
    by: str
    at: datetime
    until: datetime

    @property
    def key(self) -> str:
        return profile_key(self.profile)

    def holds(self, now: datetime) -> bool:
        return self.on and self.at <= now < self.until


Entry = Article | Bulletin | Acknowledgement | Surge | ProfileSwitch
KNOWLEDGE = Registry(
    {
        "knowledge.article.v1": Article,
        "knowledge.bulletin.v1": Bulletin,
        "knowledge.acknowledgement.v1": Acknowledgement,
        "knowledge.surge.v1": Surge,
        "knowledge.profile.v1": ProfileSwitch,
    }
)


def profile_key(profile: str) -> str:
    return f"profile/{profile}"


def acknowledgement_key(bulletin: str, agent: str) -> str:
    return f"{bulletin}/{agent}"
