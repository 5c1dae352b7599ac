"""Brings requests and updates to partners: writes `sending`, sends, tells the log, writes what came of it.

Every step goes on from what is stored, so a crash between two of them repeats and never omits (design.md §3.11, 3.12).
"""

import asyncio
from collections.abc import Callable, Collection, Iterable

import structlog

from services.transfer.book import Book
from services.transfer.composer import Composer, Parcel
from services.transfer.domain.outgoing import Outcome, Outgoing, Waits, begin, conclude, to_be_asked
from services.transfer.domain.state import Transfers
from services.transfer.outbox import Outbox
from services.transfer.partners import REQUEST_S, Partners
from services.transfer.store import Due, Store
from shared import names
from shared.away import AWAY
from shared.clock import Clock
from shared.events.topics import Lane
from shared.privacy import Sealed
from shared.producer import Publisher

log = structlog.get_logger()
WORKERS = 32
"""Requests of a lane under way at once; a partner that hangs holds each for REQUEST_S."""
SCAN_S = 1.0
SCAN_LIMIT = 500
MARGIN_S = 0.5
"""Between a request's timeout and the question, for clocks of two owners that differ."""

Owned = Callable[[], Collection[int]]
"""Partitions of the lane's `cases` topic that this process reads now."""


class Sender:
    """Sends what the cases of one lane owe to partners, with a pool of workers apart from the reader."""

    def __init__(
        self, lane: Lane, store: Store, partners: Partners, publisher: Publisher, clock: Clock,
        *, composer: Composer, outbox: Outbox, waits: Waits, owned: Owned,
    ) -> None:  # fmt: skip
        self._letter = lane[0].upper()
        self._store = store
        self._book = Book(store.cases)
        self._partners = partners
        self._publisher = publisher
        self._clock = clock
        self._composer = composer
        self._outbox = outbox
        self._waits = waits
        self._owned = owned
        self._queue: asyncio.Queue[Due] = asyncio.Queue()
        self._busy: set[Due] = set()
        self._stopping = False

    def offer(self, found: Iterable[Due]) -> None:
        """Requests that may be due; what finds no room is found again by the scan."""
        for due in found:
            if due not in self._busy and self._queue.qsize() < SCAN_LIMIT and not self._stopping:
                self._busy.add(due)
                self._queue.put_nowait(due)

    async def scan(self) -> None:
        """Offer what is stored and due: left by a crash or another owner, or waiting for its next attempt."""
        if owned := self._owned():
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
        """One worker: takes one request after the other one step further."""
        while True:
            due = await self._queue.get()
            try:
                await self._go_on(due)
            except AWAY as error:
                log.warning("a transfer waits for the next scan", case=due.case, key=due.key, error=repr(error))
            except Exception:
                log.exception("a transfer waits for the next scan", case=due.case, key=due.key)
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
            log.warning("requests still under way; the next owner asks the partner", count=len(self._busy))

    async def _go_on(self, due: Due) -> None:
        if self._stopping or due.partition not in self._owned():
            return
        looked = await self._book.change(due.case, lambda state: self._begin(state.under(due.key)))
        out = looked.state.under(due.key) if looked is not None else None
        if looked is None or out is None:
            return
        if looked.changed:
            await self._conclude(due, looked.state, out, await self._send(looked.state, due.key, out), asked=False)
        elif to_be_asked(out, self._clock.real()):
            await self._conclude(due, looked.state, out, await self._ask(looked.state, due.key), asked=True)

    def _begin(self, out: Outgoing | None) -> bool:
        now = self._clock.real()
        return out is not None and begin(out, now, now + REQUEST_S + MARGIN_S)

    async def _send(self, state: Transfers, key: str, out: Outgoing) -> Outcome:
        left = out.since + REQUEST_S - self._clock.real()
        if left < REQUEST_S / 2:
            return Outcome("silent", detail="stalled between the write and the request")
        try:
            parcel = self._composer.parcel(state, key)
        except Sealed as error:
            return Outcome("refused", "invalid", f"the reporter's number: {error}")
        return await self._partners.send(parcel.to, parcel.path, parcel.body, left)

    async def _ask(self, state: Transfers, key: str) -> Outcome:
        parcel = _place(state, key)
        return await self._partners.ask(parcel.to, parcel.transfer, parcel.update)

    async def _conclude(self, due: Due, state: Transfers, was: Outgoing, outcome: Outcome, *, asked: bool) -> None:
        """Tell the log first, then write."""
        names.TRANSFERS.labels(outcome.kind).inc()
        if outcome.kind in ("not_taken", "refused"):
            log.warning("a partner did not take it", case=due.case, key=due.key, reason=outcome.reason)
        await self._tell(due, state, outcome)
        now = self._clock.real()

        def write(newer: Transfers) -> bool:
            out = newer.under(due.key)
            return out is not None and conclude(out, was, outcome, now=now, waits=self._waits, asked=asked)

        if (await self._book.change(due.case, write)) is not None and outcome.kind in ("taken", "refused"):
            await self.scan()

    async def _tell(self, due: Due, state: Transfers, outcome: Outcome) -> None:
        """Our own log hears of a transfer's receipt or refusal; of updates it knows already."""
        sent = state.sent.get(due.key)
        if sent is None or outcome.kind not in ("taken", "refused"):
            return
        record = (
            self._outbox.receipted(due.case, sent) if outcome.kind == "taken"
            else self._outbox.refused(due.case, sent, outcome.reason, outcome.detail)
        )  # fmt: skip
        await self._publisher.publish([record])


def _place(state: Transfers, key: str) -> Parcel:
    """Whom to ask about what, without opening anything."""
    if key in state.sent:
        return Parcel(state.sent[key].request.target, key, 0, "", b"")
    assert state.received is not None
    return Parcel(state.received.origin, state.received.transfer, int(key), "", b"")
