"""Tests are quiet: structured logs only from ERROR. `servers` are a real Kafka and MongoDB for the session."""

import asyncio
import gc
import logging
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

from hotline.stack import Options, Stack
from shared.collector import GARBAGE
from shared.settings import Settings

# Machines are shared: how long an example takes says nothing.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
gc.set_threshold(GARBAGE, 20, 20)


class Background:
    """A loop in a thread of its own, for what lives longer than one test."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(400)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@pytest.fixture(scope="session")
def servers() -> Iterator[Settings]:
    """Settings with the addresses of both servers; HOTLINE_KAFKA and HOTLINE_MONGO may name running ones."""
    background = Background()
    stack = Stack(Options(city="990100", fresh=True, services=()), Path(".hotline"))
    background.run(stack.start_servers())
    yield Settings(city="990100", kafka=stack.kafka, mongo=stack.mongo)
    background.run(stack.stop())
    background.close()
    stack.remove()
