"""The ground of the rows on existing cases: a stack whose databases hold so many before its services start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from bench.cpu import seconds
from bench.journey import Journey, Travelled
from bench.stand import CITY, Stand
from hotline.stack import Options, Stack
from shared.groups import Groups

SERVICES = ("dispatch", "sla", "notify", "reports", "desk", "intake")
"""All that read or write a case on its way."""
DRAIN_S = 60.0
SETTLE_S = 8.0
"""After the seed's last checkpoint."""


class Existing(Stand):
    """A stand with existing cases."""

    @property
    def journey(self) -> Journey:
        """Where lifecycles go; paces are added by the rows."""
        urls, secret = self.stack.urls, self.stack.secrets["jwt_secret"]
        return Journey(intake=urls["intake.1"], dispatch=urls["dispatch.1"], jwt_secret=secret, name="")

    async def seed(self, count: int) -> None:
        """Write the cases, and wait until they lie in the data files. Raises RuntimeError."""
        keys = {f"HOTLINE_{name.upper()}": self.stack.secrets[name] for name in ("seal_key", "ref_key")}
        process = await self.spawn("bench.seed", str(count), **keys)
        if await process.wait():
            raise RuntimeError(f"the seed ended with {process.returncode}")
        await self.database("dispatch").client.admin.command("fsync")
        await asyncio.sleep(SETTLE_S)

    async def travel(self, journey: Journey) -> Travelled:
        """Run lifecycles in a process of their own."""
        path = self.stack.folder / f"journey-{journey.name}.json"
        path.write_bytes(msgspec.json.encode(journey))
        process = await self.spawn("bench.journey", str(path))
        output, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"the lifecycles ended with {process.returncode}")
        return msgspec.json.decode(output, type=Travelled)

    async def drained(self) -> None:
        """Until no reader lags. Raises TimeoutError."""
        groups = Groups(self.settings.kafka, self.settings.city)
        try:
            async with asyncio.timeout(DRAIN_S):
                while any((await groups.lag()).values()):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
        finally:
            await groups.close()

    def cpu(self) -> dict[str, float]:
        """CPU seconds of mongod and the services so far; broker and gateway are not the cases' store."""
        return {name: used for name, used in seconds(self.pids()).items() if name not in ("kafka", "gateway")}


@asynccontextmanager
async def existing(count: int, services: tuple[str, ...] = SERVICES) -> AsyncIterator[Existing]:
    """Up with so many existing cases, down and deleted whatever happens."""
    stack = Stack(Options(city=CITY, fresh=True, services=()))
    made = None
    try:
        await stack.start()
        made = Existing(stack)
        await made.seed(count)
        await made.services(**dict.fromkeys(services, 1))
        yield made
    finally:
        if made is not None:
            await made.transport.stop()
        await stack.stop()
        stack.remove()
