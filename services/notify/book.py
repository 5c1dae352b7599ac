"""Guarded changes of debts, grouped: those that arrive while a write is under way go together in the next one."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import structlog

from services.notify.domain.debts import Debt, Debts
from services.notify.domain.view import DebtsView
from shared.away import AWAY
from shared.clock import Clock
from shared.documents import Document, Documents, Write
from shared.producer import backoff

log = structlog.get_logger()
Step = Callable[[Debt], bool]
"""Changes the debt in place; False leaves it unwritten. It may be called again on a newer state."""
GROUP = 500


class Looked(NamedTuple):
    """The debt after the step, and whether the step changed it."""

    debt: Debt
    changed: bool


class _Request(NamedTuple):
    case: str
    obligation: str
    step: Step
    done: "asyncio.Future[Looked | None]"


class Book:
    """Reads and writes single debts in the documents of their cases; waits while the database is away."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._view = DebtsView()
        self._queue: list[_Request] = []
        self._flusher: asyncio.Task[None] | None = None

    async def change(self, case: str, obligation: str, step: Step) -> Looked | None:
        """Apply the step under guard; None where there is no such debt."""
        request = _Request(case, obligation, step, asyncio.get_running_loop().create_future())
        self._queue.append(request)
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())
        return await request.done

    async def _flush(self) -> None:
        attempt = 0
        while self._queue:
            group, self._queue = self._queue[:GROUP], self._queue[GROUP:]
            try:
                await self._apply([request for request in group if not request.done.done()])
                attempt = 0
            except AWAY as error:
                log.warning("database away; debts wait", error=repr(error))
                await self._clock.sleep(backoff(attempt))
                attempt += 1
            except Exception as error:
                _fail(group, error)
            self._queue = [request for request in group if not request.done.done()] + self._queue
        self._flusher = None

    async def _apply(self, group: Sequence[_Request]) -> None:
        """Answers every request of the group but those whose guard failed."""
        documents = await self._documents.load({request.case for request in group}, omit=("parked",))
        states = {case: msgspec.convert(row.get("state") or {}, Debts) for case, row in documents.items()}
        looked = [_look(states.get(request.case), request) for request in group]
        touched = {request.case for request, (_, changed) in zip(group, looked, strict=True) if changed}
        saved = await self._documents.save([self._write(documents[case], states[case]) for case in touched])
        for request, (debt, changed) in zip(group, looked, strict=True):
            if (not changed or request.case in saved.written) and not request.done.done():
                request.done.set_result(None if debt is None else Looked(states[request.case].whole(debt), changed))

    def _write(self, document: Document, state: Debts) -> Write:
        state.forget()
        fields = {"state": msgspec.to_builtins(state), **self._view.index(state)}
        return Write(document["_id"], int(document["rev"]), fields, {})


def _look(state: Debts | None, request: _Request) -> tuple[Debt | None, bool]:
    debt = state.by_id.get(request.obligation) if state is not None else None
    return debt, debt is not None and request.step(debt)


def _fail(group: Sequence[_Request], error: Exception) -> None:
    for request in group:
        if not request.done.done():
            request.done.set_exception(error)
