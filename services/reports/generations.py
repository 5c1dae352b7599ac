"""Generations of the facts: a rebuild reads the whole log into new collections, and is served once it has caught up.

The number that is built and the number that is served stand in the database, so every replica follows; until the new
facts are complete the old ones answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog

from services.reports.domain.case_facts import CaseFact
from services.reports.numbers import NumberBook, Numbers, groups_of
from services.reports.store import Store
from shared import names
from shared.away import AWAY
from shared.clock import Clock
from shared.reader import Change

log = structlog.get_logger()
LOOK_S = 1.0
FAREWELL_S = 3.0
"""How long the old facts stay for replicas that have not looked yet."""


Leave = Callable[[list[str]], Awaitable[object]]
"""Delete these consumer groups; what it cannot delete now, the next rebuild deletes."""


class Reads(Protocol):
    """What reads one generation (reading.py)."""

    @property
    def number(self) -> int: ...
    @property
    def store(self) -> Any: ...
    async def start(self, works: bool) -> None: ...
    async def stop(self) -> None: ...
    async def ping(self) -> bool: ...
    async def caught_up(self) -> bool: ...
    async def unpark(self, case: str, replaced: dict[str, bytes | None] | None) -> Change[CaseFact] | None: ...


class Generations:
    """Reads the generation that is built (where it `works`), and knows the store of the one that is served."""

    def __init__(
        self, book: NumberBook, new: Callable[[int], Reads], store: Callable[[int], Store], clock: Clock, works: bool,
        leave: Leave,
    ) -> None:  # fmt: skip
        self.book = book
        self._new = new
        self._store = store
        self._clock = clock
        self._works = works
        self._leave = leave
        self.numbers = Numbers()
        self.reading = new(0)
        self.served = store(0)
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._follow(await self.book.read())
        await self._begin(self.numbers.built)
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self.reading.stop()

    async def ping(self) -> bool:
        """Whether the broker answers."""
        return await self.reading.ping()

    async def unpark(self, case: str, replaced: dict[str, bytes | None] | None = None) -> Change[CaseFact] | None:
        """shared/parked.py, Unparks."""
        return await self.reading.unpark(case, replaced)

    def find(self, *query: Any) -> Any:
        """The parked cases' collection, for shared/parked.py."""
        return self.reading.store.collection.find(*query)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except AWAY as error:
                log.warning("generations not looked at", error=repr(error))
            except Exception:
                log.exception("looking at generations failed; it goes on")

    async def look(self) -> None:
        """Turn to the generation that is to be built; serve it once it has caught up."""
        self._follow(await self.book.read())
        if self.numbers.built != self.reading.number:
            log.info("turning to other facts", generation=self.numbers.built)
            await self.reading.stop()
            await self._begin(self.numbers.built)
        if self._works and self.numbers.served != self.numbers.built and await self.reading.caught_up():
            await self._serve()

    def _follow(self, numbers: Numbers) -> None:
        if numbers.served != self.numbers.served:
            self.served = self._store(numbers.served)
        self.numbers = numbers

    async def _begin(self, number: int) -> None:
        """Read a generation; where that fails, the next look tries again."""
        fresh = self._new(number)
        try:
            await fresh.start(self._works)
        except BaseException:
            await fresh.stop()
            raise
        self.reading = fresh
        names.GENERATION.set(number)

    async def _serve(self) -> None:
        """The new generation is complete; what came before it is dropped a little later."""
        self._follow(await self.book.serve(self.numbers.built))
        log.info("the rebuilt facts are served", generation=self.numbers.served)
        await self._clock.sleep(FAREWELL_S)
        await self.book.drop(range(self.numbers.served))
        await self._leave([group for number in range(self.numbers.served) for group in groups_of(number)])
