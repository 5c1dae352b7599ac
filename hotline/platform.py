"""Cities that stand together: brought up one after the other, scaled on demand, and down again whatever happens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from hotline.control import listening
from hotline.stack import Options, Stack


@asynccontextmanager
async def platform(stacks: Sequence[Stack]) -> AsyncIterator[None]:
    """The first city owns the servers; the others stand beside it. Raises NotReady, ServersInUse."""
    try:
        async with AsyncExitStack() as ends:
            for stack in stacks:
                await stack.start()
                await ends.enter_async_context(listening(stack.root / stack.options.city, stack.scale_to))
            yield
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await stacks[0].stop()


def cities(options: Options, partner: str) -> list[Stack]:
    """The stacks of a city and, where one is named, of the partner beside it (one replica of everything)."""
    first = Stack(options)
    return [first, Stack(replace(options, city=partner, scale={}), beside=first)] if partner else [first]
