"""Bounds that hold: also for work that swallows its cancellation, as aiokafka's stop() was seen to do."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

import structlog

from shared.away import AWAY

log = structlog.get_logger()
AGAIN_S = 3.0
"""A task that has not ended is cancelled again: aiokafka, and wait_for before Python 3.12, can swallow the first."""
MOST_S = 12.0
Result = TypeVar("Result")
_left: set["asyncio.Task[Any]"] = set()
"""Work that was given up and has not ended; kept, so that it is not collected half done."""


async def within(seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
    """The work's result; raises TimeoutError after so long, without waiting for the cancelled work to end.

    wait_for and timeout() both wait for that, and so never return where a cancellation is swallowed.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        _leave(task)
        raise
    if not done:
        _leave(task)
        raise TimeoutError(f"not done in {seconds} s")
    return task.result()


def _leave(task: "asyncio.Task[Any]") -> None:
    _left.add(task)
    task.add_done_callback(_left.discard)
    task.cancel()


async def end(tasks: Iterable["asyncio.Task[Any]"], again_s: float = AGAIN_S, most_s: float = MOST_S) -> bool:
    """Cancel until all have ended, at most so many seconds; False (and a log line) where some have not."""
    loop = asyncio.get_running_loop()
    until, left = loop.time() + most_s, set(tasks)
    while left and loop.time() < until:
        for task in left:
            task.cancel()
        ended, left = await asyncio.wait(left, timeout=again_s)
        for task in ended:
            _say(task)
    if left:
        log.error("tasks do not end", tasks=[task.get_name() for task in left])
    return not left


async def repeating(
    step: Callable[[], Awaitable[object]], pause_s: float, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Step and pause until cancelled: what is away is waited for, what fails is logged, and neither ends it."""
    name = getattr(step, "__qualname__", repr(step))
    while True:
        try:
            await step()
        except AWAY as error:
            log.warning("postponed", step=name, error=repr(error))
        except (Exception, asyncio.CancelledError):
            if being_cancelled():
                raise
            log.exception("failed; it goes on", step=name)
        await sleep(pause_s)


async def closed(seconds: float, closing: Coroutine[Any, Any, Any]) -> None:
    """Wait so long for the end of something that may fail or hang; then let it be, with a log line."""
    try:
        await within(seconds, closing)
    except (Exception, asyncio.CancelledError) as error:
        if being_cancelled():
            raise
        log.warning("not closed cleanly; it is left alone", error=repr(error))


def being_cancelled() -> bool:
    """Whether somebody cancels this very task. aiokafka raises CancelledError also where one of its own tasks ended."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _say(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a task had failed", task=task.get_name(), error=repr(error))
