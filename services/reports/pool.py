"""A worker process for what would hold up the loop: finding topics, printing. One that dies is replaced."""

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from typing import Any, Protocol

import structlog

log = structlog.get_logger()


class Heavy(Protocol):
    """Runs a function outside this loop; function, arguments and result can be pickled."""

    async def __call__(self, work: Callable[..., Any], *given: Any) -> Any: ...


class WorkerProcess:
    """One process at a time, started when it is first needed."""

    def __init__(self) -> None:
        self._pool = self._new()

    def _new(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))

    async def __call__(self, work: Callable[..., Any], *given: Any) -> Any:
        """Again in a new process where the first one died; raises BrokenExecutor when that one dies too."""
        used, loop = self._pool, asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(used, work, *given)
        except BrokenExecutor:
            log.exception("the worker process died; another one is started")
            if self._pool is used:
                self._pool = self._new()
            return await loop.run_in_executor(self._pool, work, *given)

    async def stop(self) -> None:
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
