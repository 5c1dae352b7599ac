"""What the topic `knowledge` says, the newest version of each key: folded from records, asked by time. No I/O."""

from collections.abc import Collection
from datetime import datetime

from shared.events.envelope import Unreadable, decode
from shared.events.knowledge import KNOWLEDGE, Acknowledgement, Article, Bulletin, Entry, Level, ProfileSwitch, Surge
from shared.records import Received

_GRAVITY: dict[Level, int] = {"I": 1, "II": 2, "III": 3}


class Shelf:
    """Articles, bulletins, acknowledgements and the surge switch of one city."""

    def __init__(self) -> None:
        self.articles: dict[str, Article] = {}
        self.bulletins: dict[str, Bulletin] = {}
        self.acknowledged: dict[str, dict[str, Acknowledgement]] = {}
        """Bulletin → agent → acknowledgement."""
        self.surge: Surge | None = None
        self.profiles: dict[str, ProfileSwitch] = {}
        self.logged: dict[str, int] = {}
        """Key → version of its last record in the log, which compaction will keep."""
        self._feeding: dict[str, Article] = {}

    def read(self, record: Received) -> Entry | None:
        """Take a record; returns its entry if it is news. Raises Unreadable."""
        envelope = decode(record.value)
        if envelope.subject.encode() != record.key:
            raise Unreadable(f"subject is {envelope.subject!r}, the key {record.key!r}")
        entry: Entry = KNOWLEDGE.data(envelope)
        if entry.key != envelope.subject:
            raise Unreadable(f"{envelope.type} is about {entry.key!r}, the key is {envelope.subject!r}")
        self.logged[entry.key] = entry.version
        return entry if self.put(entry) else None

    def put(self, entry: Entry) -> bool:
        """Keep the entry unless the same or a newer version is known."""
        known = self._known(entry)
        if known is not None and known.version >= entry.version:
            return False
        match entry:
            case Article():
                self.articles[entry.id] = entry
                self._feed(entry)
            case Bulletin():
                self.bulletins[entry.id] = entry
            case Acknowledgement():
                self.acknowledged.setdefault(entry.bulletin, {})[entry.agent] = entry
            case Surge():
                self.surge = entry
            case ProfileSwitch():
                self.profiles[entry.profile] = entry
        return True

    def _feed(self, article: Article) -> None:
        if article.ivr:
            self._feeding[article.id] = article
        else:
            self._feeding.pop(article.id, None)

    def _known(self, entry: Entry) -> Entry | None:
        match entry:
            case Article():
                return self.articles.get(entry.id)
            case Bulletin():
                return self.bulletins.get(entry.id)
            case Acknowledgement():
                return self.acknowledged.get(entry.bulletin, {}).get(entry.agent)
            case Surge():
                return self.surge
            case ProfileSwitch():
                return self.profiles.get(entry.profile)

    def current(self, names: Collection[str], now: datetime) -> list[Bulletin]:
        """Bulletins in force that concern who has these names (shared/seats.py), the gravest, then the newest first."""
        mine = [bulletin for bulletin in self._in_force(now) if bulletin.concerns(names)]
        return sorted(mine, key=lambda one: (_GRAVITY[one.level], -one.effective_from.timestamp(), one.id))

    def _in_force(self, now: datetime) -> list[Bulletin]:
        """Without those that another one in force supersedes."""
        found = [bulletin for bulletin in self.bulletins.values() if bulletin.in_force(now)]
        replaced = {bulletin.supersedes for bulletin in found}
        return [bulletin for bulletin in found if bulletin.id not in replaced]

    def has_acknowledged(self, bulletin: str, agent: str) -> bool:
        return agent in self.acknowledged.get(bulletin, {})

    def grave(self, now: datetime) -> list[Bulletin]:
        """Those of level I in force, whomever they concern; the newest first."""
        found = [one for one in self._in_force(now) if one.level == "I"]
        return sorted(found, key=lambda one: (-one.effective_from.timestamp(), one.id))

    def unacknowledged(self, agent: str, names: Collection[str], now: datetime) -> list[Bulletin]:
        """The level I bulletins that keep this agent from being ready."""
        return [one for one in self.grave(now) if one.concerns(names) and not self.has_acknowledged(one.id, agent)]

    def spoken(self, ivr: str, now: datetime) -> str:
        """What the IVR says in this place (`policy.1`): a bulletin's script, else an article's text, else empty."""
        scripts = [(one.effective_from, one.id, one.script) for one in self._in_force(now) if one.ivr == ivr]
        texts = scripts or [
            (one.valid_from, one.id, one.spoken or one.answer)
            for one in self._feeding.values()
            if one.ivr == ivr and one.in_force(now)
        ]
        return max(texts)[2] if texts else ""

    def surge_on(self, default: bool, now: datetime) -> bool:
        """The switch until its end, then the city's default."""
        return self.surge.on if self.surge is not None and now < self.surge.until else default
