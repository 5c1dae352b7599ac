"""Pays what is owed: writes `sending`, sends, tells, writes what came of it (design.md §3.11 and 3.12).

Every step goes on from what is stored, so a crash between two of them repeats and never omits.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable

import structlog

from services.notify.book import Book
from services.notify.domain.debts import Debt, Outcome, begin, conclude, message_id, to_be_asked
from services.notify.gateway import REQUEST_S, Gateway
from services.notify.outbox import Outbox, span_of_attempt
from services.notify.policy import Messages
from services.notify.store import Due, Store
from shared import names
from shared.away import AWAY
from shared.clock import Clock
from shared.events.topics import Lane
from shared.privacy import Sealed, unseal
from shared.producer import Publisher, backoff
from shared.tracing import TRACER

log = structlog.get_logger()
names.REPLIES.labels("away")  # There before the gateway is away: GatewayAway watches it.
WORKERS = 256
"""Messages of a lane under way at once; a gateway that hangs for REQUEST_S then still takes 50 others a second."""
SCAN_S = 1.0
SCAN_LIMIT = 1000
QUEUE_MAX = 5000
MARGIN_S = 0.5
"""Between a request's timeout and the question, for clocks of two owners that differ."""

Owned = Callable[[], Collection[int]]
"""Partitions of the lane's `cases` topic that this process reads now."""


class Payer:
    """Pays the debts of one lane with a pool of workers, apart from the reader."""

    def __init__(
        self, lane: Lane, store: Store, gateway: Gateway, publisher: Publisher, clock: Clock,
        *, messages: Messages, outbox: Outbox, seal_key: str, owned: Owned,
    ) -> None:  # fmt: skip
        self._letter = lane[0].upper()
        self._store = store
        self._book = Book(store.cases, clock)
        self._gateway = gateway
        self._publisher = publisher
        self._clock = clock
        self._messages = messages
        self._outbox = outbox
        self._seal_key = seal_key
        self._owned = owned
        self._queue: asyncio.Queue[Due] = asyncio.Queue()
        self._busy: set[Due] = set()
        self._refusals = 0
        self._probing = asyncio.Lock()
        self._stopping = False

    def offer(self, debts: Iterable[Due]) -> None:
        """Debts that may be due; what finds no room is found again by the scan."""
        for due in debts:
            if due not in self._busy and self._queue.qsize() < QUEUE_MAX and not self._stopping:
                self._busy.add(due)
                self._queue.put_nowait(due)

    async def scan(self) -> None:
        """Offer what is stored and due: left by a crash or another owner, or waiting for its next attempt."""
        owned = self._owned()
        if owned and self._queue.qsize() < SCAN_LIMIT:
            self.offer(await self._store.due(self._letter, owned, self._clock.real(), SCAN_LIMIT))

    async def watch(self) -> None:
        """Scan for ever."""
        while True:
            try:
                await self.scan()
            except AWAY as error:
                log.warning("database away; nothing is scanned", error=repr(error))
            except Exception:
                log.exception("nothing is scanned")
            await self._clock.sleep(SCAN_S)

    async def work(self) -> None:
        """One worker: takes one debt after the other one step further."""
        while True:
            due = await self._queue.get()
            try:
                await self._in_turn(due)
            except Exception:
                log.exception("a debt waits for the next scan", case=due.case, obligation=due.obligation)
            finally:
                self._busy.discard(due)
                self._queue.task_done()

    async def idle(self) -> None:
        """Return when everything that was offered has been taken one step further."""
        await self._queue.join()

    async def drain(self, timeout_s: float) -> None:
        """Begin nothing more, and wait for what is under way."""
        self._stopping = True
        try:
            async with asyncio.timeout(timeout_s):
                await self.idle()
        except TimeoutError:
            log.warning("messages still under way; the next owner asks the gateway", count=len(self._busy))

    async def _in_turn(self, due: Due) -> None:
        """While the gateway cannot be reached one worker tries, ever more slowly, and the others wait."""
        if self._refusals and not self._stopping:
            async with self._probing:
                if self._refusals:
                    await self._clock.sleep(backoff(self._refusals))
                    return await self._pay(due)
        return await self._pay(due)

    async def _pay(self, due: Due) -> None:
        if self._stopping or due.partition not in self._owned():
            return
        looked = await self._book.change(due.case, due.obligation, self._begin)
        if looked is None:
            return
        if looked.changed:
            await self._conclude(due, looked.debt, await self._traced(due.case, looked.debt), asked=False)
        elif to_be_asked(looked.debt, self._clock.real()):
            await self._conclude(due, looked.debt, await self._asked(looked.debt), asked=True)

    def _begin(self, debt: Debt) -> bool:
        now = self._clock.real()
        return begin(debt, now, now + REQUEST_S + MARGIN_S, self._messages.version)

    async def _asked(self, debt: Debt) -> Outcome:
        """A gateway that may have forgotten the message can only confirm it."""
        told = await self._gateway.ask(message_id(debt))
        forgets = told.kind == "not_taken" and not self._messages.gateway_remembers
        return Outcome("denied", "the gateway does not know the message") if forgets else told

    async def _traced(self, case: str, debt: Debt) -> Outcome:
        began_ns = time.time_ns()
        span = span_of_attempt(case, debt) if TRACER.on else ""
        outcome = await self._send(debt, span)
        if span:
            about: dict[str, str | int] = {
                "case": case,
                "channel": debt.channel,
                "attempt": debt.attempt,
                "outcome": outcome.kind,
            }
            failed = outcome.kind != "delivered"
            TRACER.tell(names.SEND, span, debt.trace, began_ns, about, failed=failed)
        return outcome

    async def _send(self, debt: Debt, trace: str) -> Outcome:
        left = debt.since + REQUEST_S - self._clock.real()
        if left < REQUEST_S / 2:
            return Outcome("not_taken", "stalled between the write and the request")
        try:
            number = unseal(self._seal_key, debt.sealed)
        except Sealed as error:
            return Outcome("impossible", str(error))
        text = self._messages.text(debt)
        return await self._gateway.send(message_id(debt), debt.channel, number, text, left, trace)

    async def _conclude(self, due: Due, was: Debt, outcome: Outcome, *, asked: bool) -> None:
        """Tell first, then write; where nobody knows, there is nothing to tell yet."""
        self._refusals = self._refusals + 1 if outcome.kind == "away" else 0
        names.REPLIES.labels(outcome.kind).inc()
        if outcome.kind == "silent" and not asked:
            return
        await self._tell(due, was, outcome)
        now, limits = self._clock.real(), self._messages.limits
        await self._book.change(
            due.case,
            due.obligation,
            lambda debt: conclude(debt, was, outcome, now=now, limits=limits, asked=asked),
        )

    async def _tell(self, due: Due, was: Debt, outcome: Outcome) -> None:
        last_question = was.asks + 1 >= self._messages.asks
        if outcome.kind != "silent" or last_question:
            await self._publisher.publish(self._outbox.after(due.case, was, outcome))
