"""What the city office asks for: figures, hot topics, alerts and the daily report, over the facts of this moment."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from services.reports.domain.alerts import Alert, Opened, Triggers, alerts_at, largest_alerts, usual_counts
from services.reports.domain.daily import Snapshot
from services.reports.domain.figures import Figures, figures_of
from services.reports.domain.hot_topics import HotTopic
from services.reports.domain.knowledge_facts import KnowledgeDay, day_of_knowledge
from services.reports.domain.page import covers
from services.reports.issues import Issues
from services.reports.policy import ReportFile
from services.reports.pool import Heavy
from services.reports.rows import Days
from services.reports.store import Store
from services.reports.words import find_topics
from shared.clock import CHINA, Clock
from shared.seats import Seats

TODAY_AT_MOST = 30_000
"""Cases of a day that take part in its topics; the newest count."""
SAMPLE = 6_000
PAST_DAYS = 7
REPORT_TOPICS = 10
MAX_TOPICS = 50
REMEMBERED_S = 60.0
"""Real seconds; of a day's topics, which may be asked for by many pages at once."""
DAY = timedelta(days=1)


class Office:
    """`store` is asked anew each time, because a rebuild brings another one; `heavy` runs what is long elsewhere."""

    def __init__(
        self, store: Callable[[], Store], issues: Issues, file: ReportFile, clock: Clock, heavy: Heavy, seats: Seats
    ) -> None:  # fmt: skip
        self._store = store
        self.issues = issues
        self._file = file
        self._clock = clock
        self._seats = seats
        self.heavy = heavy
        self._found: dict[date, tuple[float, asyncio.Future[list[HotTopic]]]] = {}

    @property
    def limits(self) -> Triggers:
        return self._file.limits

    def now(self) -> datetime:
        """Domain time."""
        return self._clock.now()

    def today(self) -> date:
        return self.now().astimezone(CHINA).date()

    async def figures(self, first: date, last: date) -> Figures:
        """Of these domain days, both included."""
        days = Days(first.isoformat(), last.isoformat())
        return figures_of(days.first, days.last, await self._store().tally(days))

    async def all_figures(self) -> Figures:
        """Of the platform's whole life."""
        return figures_of("", "", await self._store().tally(None))

    async def topics(self, day: date, limit: int) -> list[HotTopic]:
        """The day's hot topics; what was found in the last minute is found once, however many ask."""
        until, found = self._found.get(day, (0.0, None))
        if found is None or self._clock.real() >= until:
            self._found = {one: kept for one, kept in self._found.items() if kept[0] > self._clock.real()}
            found = asyncio.ensure_future(self._find(day))
            self._found[day] = (self._clock.real() + REMEMBERED_S, found)
        try:
            return (await asyncio.shield(found))[:limit]
        except Exception:
            self._found.pop(day, None)
            raise

    async def _find(self, day: date) -> list[HotTopic]:
        """In the worker process; always as many, because a case of yesterday goes to the best of them all."""
        store, start = self._store(), begin(day)
        today = await store.texts(start, start + DAY, TODAY_AT_MOST)
        before = await store.texts(start - DAY, start, TODAY_AT_MOST)
        past = await store.texts(start - PAST_DAYS * DAY, start, SAMPLE)
        found: list[HotTopic] = await self.heavy(find_topics, today, before, past, self._file.stop, MAX_TOPICS)
        return found

    async def alerts(self, at: datetime) -> list[Alert]:
        """What calls for a special report at this moment."""
        limits, store = self._file.limits, self._store()
        longest = timedelta(hours=max(limits.window_h, limits.urgent_window_h))
        rows = await store.opened(at - longest, at)
        repeated = await store.repeated(at - PAST_DAYS * DAY, at)
        return alerts_at(at, rows, usual_counts(await self._days_before(store, at)), repeated, limits)

    async def usual(self, topic: str, at: datetime) -> float:
        """A special report's own count (a topic with its sub-topics, nothing merged) as the mean of the days before."""
        days = await self._days_before(self._store(), at)
        return round(sum(covers(topic, row.topic) and not row.merged for rows in days for row in rows) / len(days), 2)

    async def _alerts_of(self, day: date, until: datetime) -> list[Alert]:
        """What called for a special report at any quarter of an hour of the day, each at its largest."""
        limits, store = self._file.limits, self._store()
        quarters = [begin(day) + timedelta(minutes=15 * n) for n in range(1, 96)]
        moments = [*(at for at in quarters if at < until), until]
        rows = await store.opened(begin(day) - (limits.usual_days + 1) * DAY, until)
        repeated = await store.repeated(until - PAST_DAYS * DAY, until)
        return await asyncio.to_thread(largest_alerts, moments, rows, repeated, limits)

    async def _days_before(self, store: Store, at: datetime) -> list[list[Opened]]:
        """What was registered in the same hours of each of the usual days."""
        limits = self._file.limits
        ends = [at - day * DAY for day in range(1, limits.usual_days + 1)]
        return [await store.opened(end - timedelta(hours=limits.window_h), end) for end in ends]

    async def make(self, day: date) -> Snapshot:
        """The issue of a day: kept as it is once it was made after the day's end, else made again."""
        known = await self.issues.get(day.isoformat())
        if known is not None and known.final:
            return known
        return await self.issues.put(await self._snapshot(day))

    async def _snapshot(self, day: date) -> Snapshot:
        now, end = self._clock.now(), begin(day) + DAY
        return Snapshot(
            date=day.isoformat(),
            number=0,
            made_at=now.astimezone(CHINA).isoformat(timespec="seconds"),
            final=now >= end,
            day=await self.figures(day, day),
            before=await self.figures(day - DAY, day - DAY),
            week=await self.figures(day - 7 * DAY, day - 7 * DAY),
            topics=(await self._find(day))[:REPORT_TOPICS],
            urgent=await self._store().urgent(day.isoformat()),
            alerts=await self._alerts_of(day, min(now, end)),
            disputes=await self._store().disputes(day.isoformat()),
            knowledge=await self._knowledge(day),
        )

    async def _knowledge(self, day: date) -> KnowledgeDay:
        store = self._store()
        known, on_duty = await store.known(), await store.on_duty(day.isoformat())
        return day_of_knowledge(known, begin(day), begin(day) + DAY, on_duty, self._seats)

    async def differing(self, snapshot: Snapshot) -> list[str]:
        """Names of the figures that have another value when computed again from the facts of today."""
        day = date.fromisoformat(snapshot.date)
        now = (await self.figures(day, day)).by_name()
        return [name for name, frozen in snapshot.day.by_name().items() if now.get(name) != frozen]

    async def gaps(self) -> list[dict[str, Any]]:
        return await self._store().gaps()


def begin(day: date) -> datetime:
    """The first moment of a domain day."""
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)


def plain(value: Figures | Snapshot | Sequence[HotTopic] | Sequence[Alert]) -> Any:
    """As JSON has it."""
    return msgspec.to_builtins(value)
