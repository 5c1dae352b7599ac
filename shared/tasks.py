"""Ending background tasks within a bound, also those whose cancellation got lost on the way."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

import structlog

log = structlog.get_logger()
AGAIN_S = 3.0
"""A task that has not ended is cancelled again: aiokafka, and wait_for before Python 3.12, can swallow the first."""
MOST_S = 12.0


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


async def within(seconds: float, closing: Coroutine[Any, Any, Any]) -> None:
    """Wait so long for the end of something that may fail or hang; then let it be, with a log line."""
    task = asyncio.ensure_future(closing)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if done:
        _say(task)
    else:
        task.cancel()
        log.warning("not closed in time; it is left alone", seconds=seconds)


def being_cancelled() -> bool:
    """Whether somebody cancels this very task. aiokafka raises CancelledError also where one of its own tasks ended."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _say(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a task had failed", task=task.get_name(), error=repr(error))
