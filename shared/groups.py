"""A city's consumer groups as the broker knows them: how far each is behind, and the end of those that nobody needs."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupIdNotFound, KafkaError, NoError, for_code
from aiokafka.protocol.admin import DeleteGroupsRequest

from shared.tasks import closed

log = structlog.get_logger()
BROKER_S = 5.0
Result = TypeVar("Result")


class Groups:
    """Names here are without the city: `notify.normal`."""

    def __init__(self, bootstrap: str, city: str) -> None:
        self._bootstrap = bootstrap
        self._prefix = f"{city}."
        self._broker: tuple[Any, Any] | None = None

    async def lag(self) -> dict[str, int]:
        """Records behind the end, by group; raises KafkaError, OSError or TimeoutError.

        A group without members counts: its service is being started again. A rebuild deletes its old group.
        """
        return await self._bounded(self._lag)

    async def leave(self, names: Iterable[str]) -> None:
        """Delete groups for good; one with members, or that nobody can delete now, stays, with a log line."""
        wanted = [self._prefix + name for name in names]
        try:
            left = await self._bounded(lambda: self._delete(wanted))
        except (KafkaError, OSError, TimeoutError) as error:
            left = [repr(error)]
        if left:
            log.warning("consumer groups stay", left=left)

    async def close(self) -> None:
        broker, self._broker = self._broker, None
        for one, stop in zip(broker or (), ("close", "stop"), strict=False):
            await closed(BROKER_S, getattr(one, stop)())

    async def _bounded(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """After an outage a new connection is surer than the old one."""
        try:
            async with asyncio.timeout(2 * BROKER_S):
                return await work()
        except (KafkaError, OSError, TimeoutError):
            await self.close()
            raise

    async def _connected(self) -> tuple[Any, Any]:
        if self._broker is None:
            admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap, request_timeout_ms=3000)
            consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, request_timeout_ms=3000)
            self._broker = (admin, consumer)
            await admin.start()
            await consumer.start()
        return self._broker

    async def _lag(self) -> dict[str, int]:
        admin, consumer = await self._connected()
        known = [name for name, *_ in await admin.list_consumer_groups() if name.startswith(self._prefix)]
        reached = {name: await admin.list_consumer_group_offsets(name) for name in sorted(known)}
        ends = await consumer.end_offsets([*{place for offsets in reached.values() for place in offsets}])
        return {name.removeprefix(self._prefix): _behind(offsets, ends) for name, offsets in reached.items()}

    async def _delete(self, names: list[str]) -> list[str]:
        admin, _ = await self._connected()
        left = []
        for name in names:
            node = await admin.find_coordinator(name)
            answer = await admin._send_request(DeleteGroupsRequest([name]), node)
            errors = {one: for_code(code) for one, code in answer.results}
            left += [f"{one}: {why.__name__}" for one, why in errors.items() if why not in (NoError, GroupIdNotFound)]
        return left


def _behind(offsets: Mapping[Any, Any], ends: Mapping[Any, int]) -> int:
    return sum(max(0, ends[place] - max(0, reached.offset)) for place, reached in offsets.items())
