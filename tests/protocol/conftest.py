"""The schedules turn the loop some thousand times each: a fast loop makes room for more of them."""

import asyncio

import pytest
import uvloop


@pytest.fixture(scope="module")
def event_loop_policy() -> asyncio.AbstractEventLoopPolicy:
    return uvloop.EventLoopPolicy()
