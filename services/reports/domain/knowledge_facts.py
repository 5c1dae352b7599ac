"""What reports keeps of the topic `knowledge`, one fact per key, and what a day of it was.

The topic is compacted, so versions that came and went are known here alone: a rebuild of the cases leaves these facts.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from shared.clock import CHINA
from shared.events.knowledge import Acknowledgement, Article, Bulletin, Entry, Level
from shared.seats import Seats

Kind = Literal["article", "bulletin", "acknowledgement"]


class Known(Struct, kw_only=True):
    """One key: when each version came (number as text → time, in domain time), and the newest version's words.

    `since` and `until`: in force from and to; `over`: withdrawn or recalled. An acknowledgement has `agent` and `of`.
    """

    kind: Kind
    versions: dict[str, datetime] = field(default_factory=dict)
    title: str = ""
    since: datetime | None = None
    until: datetime | None = None
    over: bool = False
    level: Level = "III"
    scope: tuple[str, ...] = ()
    agent: str = ""
    of: str = ""

    def newest(self) -> int:
        return max((int(version) for version in self.versions), default=0)

    def in_force(self, at: datetime) -> bool:
        """`over` is as of now."""
        return not self.over and self.since is not None and self.since <= at and (self.until is None or at < self.until)


class Unread(Struct, frozen=True, kw_only=True):
    """A bulletin of level I and how many of those on duty, whom it concerns, have confirmed it; `since` ISO 8601."""

    title: str
    since: str
    read: int
    due: int


class KnowledgeDay(Struct, frozen=True, kw_only=True):
    """Articles that are new, got another version, ran out or were withdrawn on the day, and bulletins published."""

    new: int = 0
    updated: int = 0
    expired: int = 0
    in_force: int = 0
    bulletins: int = 0
    unread: list[Unread] = field(default_factory=list)

    @property
    def read(self) -> int:
        return sum(one.read for one in self.unread)

    @property
    def due(self) -> int:
        return sum(one.due for one in self.unread)


def fold(known: Known | None, entry: Entry, at: datetime) -> Known | None:
    """The fact after this version; nothing where it says nothing new, or is of a kind that no report tells of."""
    fresh = _read(entry)
    version = str(getattr(entry, "version", 0))
    if fresh is None or (known is not None and version in known.versions):
        return None
    if known is None:
        fresh.versions = {version: at}
        return fresh
    versions = {**known.versions, version: at}
    kept = fresh if int(version) > known.newest() else known
    kept.versions = versions
    return kept


def _read(entry: Entry) -> Known | None:
    match entry:
        case Article():
            return Known(
                kind="article", title=entry.question, since=entry.valid_from, until=entry.valid_to,
                over=entry.withdrawn,
            )  # fmt: skip
        case Bulletin():
            return Known(
                kind="bulletin", title=entry.title, since=entry.effective_from, until=entry.expires_at,
                over=entry.state != "published", level=entry.level, scope=entry.scope,
            )  # fmt: skip
        case Acknowledgement():
            return Known(kind="acknowledgement", agent=entry.agent, of=entry.bulletin, since=entry.at)
        case _:
            return None


def day_of_knowledge(
    known: dict[str, Known], first: datetime, end: datetime, on_duty: Collection[str], seats: Seats
) -> KnowledgeDay:
    """What the facts say of [first, end); `on_duty`: the agents who answered a call in it."""
    articles = [one for one in known.values() if one.kind == "article"]
    bulletins = {name: one for name, one in known.items() if one.kind == "bulletin" and one.since and not one.over}
    begun = [one for one in bulletins.values() if one.since and first <= one.since < end]
    confirmed = {(one.of, one.agent) for one in known.values() if one.agent and one.since and one.since < end}
    grave = {name: one for name, one in bulletins.items() if one.level == "I" and _overlaps(one, first, end)}
    return KnowledgeDay(
        new=sum(_came(one, first, end, new=True) for one in articles),
        updated=sum(_came(one, first, end, new=False) for one in articles if not one.over),
        expired=sum(_ended(one, first, end) for one in articles),
        in_force=sum(one.in_force(end) for one in articles),
        bulletins=len(begun),
        unread=[_unread(name, one, confirmed, on_duty, seats) for name, one in sorted(grave.items())],
    )


def _came(one: Known, first: datetime, end: datetime, *, new: bool) -> bool:
    return any(first <= at < end and (version == "1") == new for version, at in one.versions.items())


def _ended(one: Known, first: datetime, end: datetime) -> bool:
    """Ran out, or its withdrawal came."""
    if one.over:
        return first <= one.versions[str(one.newest())] < end
    return one.until is not None and first <= one.until < end


def _overlaps(one: Known, first: datetime, end: datetime) -> bool:
    return one.since is not None and one.since < end and (one.until is None or one.until > first)


def _unread(
    name: str, one: Known, confirmed: Collection[tuple[str, str]], on_duty: Iterable[str], seats: Seats
) -> Unread:
    concerned = [agent for agent in on_duty if not one.scope or seats.names_of(agent) & {*one.scope}]
    since = one.since.astimezone(CHINA).isoformat() if one.since else ""
    read = sum((name, agent) in confirmed for agent in concerned)
    return Unread(title=one.title, since=since, read=read, due=len(concerned))
