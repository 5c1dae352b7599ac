"""The ground of every row: servers, topics and services of their own, and processes that end with the bench."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.bare import Stage, Times
from bench.counts import Scan
from hotline.stack import Options, Stack
from shared.clock import ScaledClock, make_clock
from shared.events.topics import Topics
from shared.mongo import connect
from shared.producer import KafkaTransport, OrderedPublisher

CITY = "130100"
LEADERS_S = 1.0
"""Until new partitions have their leaders."""


class Stand:
    """A stack whose services are started and stopped by the rows."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.settings = stack.settings
        self.clock: ScaledClock = make_clock(self.settings)
        self.topics = Topics(CITY)
        self.transport = KafkaTransport(stack.kafka)
        self.scan = Scan(stack.kafka, self.transport)
        self.publisher = OrderedPublisher(self.transport, self.clock)

    def database(self, service: str) -> Any:
        return connect(self.settings, service)

    async def services(self, **counts: int) -> None:
        """So many replicas of these services; the others stay as they are."""
        for service, count in counts.items():
            await self.stack.scale_to(service, count)

    def pids(self) -> dict[str, int]:
        children = self.stack.supervisor.children
        return {name: child.pid for name, child in children.items() if child.pid is not None}

    async def make_topics(self, partitions: dict[str, int]) -> None:
        """Topics of the bare loop."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.stack.kafka)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(name, count, 1) for name, count in partitions.items()])
            await asyncio.sleep(LEADERS_S)
        finally:
            await admin.close()

    async def bare(self, name: str, stages: Sequence[Stage]) -> "BareProcess":
        """Start stages as one process."""
        path = self.stack.folder / f"{name}.json"
        path.write_bytes(msgspec.json.encode(list(stages)))
        return BareProcess(await self.spawn("bench.bare", str(path)))

    async def spawn(self, module: str, *arguments: str, **env: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *arguments),
            env={**os.environ, **self.stack.env(), **env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )


class BareProcess:
    """A process of the bare loop."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def times(self) -> list[Times]:
        """When each of its stages began and ended; raises RuntimeError where it failed."""
        output, _ = await self._process.communicate()
        if self._process.returncode:
            raise RuntimeError(f"a bare process ended with {self._process.returncode}")
        return msgspec.json.decode(output, type=list[Times])

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def stand() -> AsyncIterator[Stand]:
    """Up with servers and topics, down and deleted whatever happens."""
    stack = Stack(Options(city=CITY, fresh=True, services=(), extra_env={"HOTLINE_ROLE": "worker"}))
    made = None
    try:
        await stack.start()
        made = Stand(stack)
        yield made
    finally:
        if made is not None:
            await made.transport.stop()
        await stack.stop()
        stack.remove()
