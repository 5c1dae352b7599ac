"""Carries an event case's end to all that wait for it, page by page, no faster than the lane takes it.

A page is sent, then waited for: its commands go through the same log as everybody's, so the time until its cases have
decided is the lag that the walk itself makes. The next page is larger where that was short, smaller where it was
long; after a second the walk goes on anyway, so it never falls below its slowest pace.
"""

import time
from collections.abc import Sequence

import msgspec
from msgspec import Raw

from services.dispatch.domain.relays import Relay, told
from services.dispatch.links import relay_record, tell
from services.dispatch.walks import Waiter, Walk, Walks
from shared import names
from shared.clock import Clock
from shared.events.envelope import Envelope
from shared.events.topics import Topics
from shared.producer import Publisher
from shared.tasks import repeating

PERIOD_S = 0.5
"""Between two looks for a walk."""
SMALLEST, LARGEST = 50, 800
"""Cases of a page."""
LONGEST_S = 1.0
"""How long a page is waited for at most: with the smallest page no less than 50 cases a second."""
SHORT_S, LONG_S = 0.2, 0.5
"""A page that took less is followed by a larger one, one that took more by a smaller one."""
LOOK_S = 0.04


class Walker:
    """Any worker may walk: a page that is sent twice is a repeat."""

    def __init__(self, walks: Walks, publisher: Publisher, clock: Clock, topics: Topics) -> None:
        self._walks = walks
        self._publisher = publisher
        self._clock = clock
        self._topics = topics

    async def run(self) -> None:
        await repeating(self.walk, PERIOD_S)

    async def walk(self) -> int:
        """One walk to its end, if there is one to do; returns how many cases were told."""
        walk = await self._walks.take(self._clock.real())
        return await self._pages(walk) if walk is not None else 0

    async def _pages(self, walk: Walk) -> int:
        size, count = SMALLEST, 0
        while page := await self._walks.waiters(walk.event_case, walk.after, size):
            began, began_ns = self._clock.real(), time.time_ns()
            cause, relays = _cause(walk), _tell(walk, page)
            await self._publisher.publish([relay_record(self._topics, one, cause) for one in relays])
            tell([(cause, one) for one in relays], began_ns)
            took = await self._taken(walk, page, began)
            walk.after = page[-1].case
            await self._walks.went(walk, self._clock.real())
            names.EVENT_ANSWERS.inc(len(page))
            size, count = next_size(size, took), count + len(page)
        await self._walks.end(walk)
        return count

    async def _taken(self, walk: Walk, page: Sequence[Waiter], began: float) -> float:
        """Seconds until the page's cases have decided, or the longest time."""
        while (took := self._clock.real() - began) < LONGEST_S:
            if not await self._walks.waiting(walk.event_case, page[0].case, page[-1].case):
                return took
            await self._clock.sleep(LOOK_S)
        return took


def next_size(size: int, took: float) -> int:
    """Cases of the next page, after one of `size` that took so many seconds."""
    if took < SHORT_S:
        return min(LARGEST, size * 2)
    return max(SMALLEST, size // 2) if took > LONG_S else size


def _tell(walk: Walk, page: Sequence[Waiter]) -> list[Relay]:
    return [told(walk.id, walk.event_case, one.case, one.link, walk.answer) for one in page]


def _cause(walk: Walk) -> Envelope:
    """The event that the walk carries, as far as its commands need it."""
    return Envelope(
        id=walk.id, type="", source="", subject=walk.event_case, time=walk.time, traceparent=walk.trace, data=_NOTHING
    )


_NOTHING = Raw(msgspec.json.encode(None))
