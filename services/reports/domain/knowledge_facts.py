"""What reports keeps of the topic `knowledge`, one fact per key, and what a day of it was.

The topic is compacted, so versions that came and went are known here alone: a rebuild of the cases leaves these facts.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from msgspec import Struct, field, structs

from shared.clock import CHINA
from shared.events.knowledge import Acknowledgement, Article, Bulletin, Entry, Level
from shared.seats import Seats

Kind = Literal["article", "bulletin", "acknowledgement"]


class Terms(Struct, frozen=True, kw_only=True):
    """What a version says: in force from `since` to `until`, unless it is `over`: withdrawn, or not published."""

    since: datetime | None = None
    until: datetime | None = None
    over: bool = False


class Span(NamedTuple):
    """In force in [begin, end), or without end."""

    begin: datetime
    end: datetime | None


class Known(Struct, kw_only=True):
    """One key: when each version came (number as text → time, in domain time), its terms, and the newest one's words.

    `since`, `until` and `over` are the newest version's terms. An acknowledgement has `agent` and `of`.
    """

    kind: Kind
    versions: dict[str, datetime] = field(default_factory=dict)
    terms: dict[str, Terms] = field(default_factory=dict)
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

    def own(self) -> Terms:
        return Terms(since=self.since, until=self.until, over=self.over)

    def terms_of(self, version: str) -> Terms:
        """Where they were not kept yet: of the newest; an earlier version of a bulletin may have been a draft."""
        if version in self.terms or version == str(self.newest()):
            return self.terms.get(version, self.own())
        return Terms(since=self.since, until=self.until, over=self.kind == "bulletin")

    def published(self) -> datetime | None:
        """When the first version came that could be in force."""
        return min((at for version, at in self.versions.items() if not self.terms_of(version).over), default=None)

    def spans(self) -> list[Span]:
        """When it was in force: by each version's terms, from when it came until the next one did."""
        ordered = sorted(self.versions, key=int)
        found = [self._span(*pair) for pair in zip(ordered, [*ordered[1:], ""], strict=True)]
        return [one for one in found if one is not None and (one.end is None or one.begin < one.end)]

    def _span(self, version: str, later: str) -> Span | None:
        terms = self.terms_of(version)
        if terms.over or terms.since is None:
            return None
        ends = [at for at in (terms.until, self.versions.get(later)) if at is not None]
        return Span(max(terms.since, self.versions[version]), min(ends, default=None))

    def in_force(self, at: datetime) -> bool:
        """As was known at that moment."""
        return any(span.begin <= at and (span.end is None or at < span.end) for span in self.spans())

    def ran(self, first: datetime, end: datetime) -> bool:
        """Whether it was in force at some moment of [first, end)."""
        return any(span.begin < end and (span.end is None or first < span.end) for span in self.spans())

    def ended(self, first: datetime, end: datetime) -> bool:
        """Whether it ran out or was withdrawn in [first, end) and no other version went on at once."""
        ends = [span.end for span in self.spans() if span.end is not None and first <= span.end < end]
        return any(not self.in_force(at) for at in ends)


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
    """The fact with this version, in whatever order they come; nothing where it says nothing new, or is of a kind that
    no report tells of."""
    fresh = _read(entry)
    version = str(getattr(entry, "version", 0))
    if fresh is None or (known is not None and version in known.terms):
        return None
    before = known or fresh
    return structs.replace(
        fresh if int(version) >= before.newest() else before,
        versions={version: at} | before.versions,
        terms={**before.terms, version: fresh.own()},
    )


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
    """What was so in [first, end), whatever came of it later; `on_duty`: the agents who answered a call in it."""
    articles = [one for one in known.values() if one.kind == "article"]
    bulletins = {name: one for name, one in known.items() if one.kind == "bulletin"}
    confirmed = {(one.of, one.agent) for one in known.values() if one.agent and one.since and one.since < end}
    grave = {name: one for name, one in bulletins.items() if one.level == "I" and one.ran(first, end)}
    return KnowledgeDay(
        new=sum(_came(one, first, end, new=True) for one in articles),
        updated=sum(_came(one, first, end, new=False) for one in articles),
        expired=sum(one.ended(first, end) for one in articles),
        in_force=sum(one.in_force(end) for one in articles),
        bulletins=sum(first <= at < end for one in bulletins.values() if (at := one.published())),
        unread=[_unread(name, one, confirmed, on_duty, seats) for name, one in sorted(grave.items())],
    )


def _came(one: Known, first: datetime, end: datetime, *, new: bool) -> bool:
    """Its first version, or a later one that did not withdraw it."""
    came = [version for version, at in one.versions.items() if first <= at < end]
    return any((version == "1") == new and (new or not one.terms_of(version).over) for version in came)


def _unread(
    name: str, one: Known, confirmed: Collection[tuple[str, str]], on_duty: Iterable[str], seats: Seats
) -> Unread:
    concerned = [agent for agent in on_duty if not one.scope or seats.names_of(agent) & {*one.scope}]
    since = one.since.astimezone(CHINA).isoformat() if one.since else ""
    read = sum((name, agent) in confirmed for agent in concerned)
    return Unread(title=one.title, since=since, read=read, due=len(concerned))
