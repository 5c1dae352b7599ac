"""The actors' HTTP client: whatever the server does, a request ends with an answer or is Lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from hotline.surge.http import Client, Lost

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def client_of(*serves: Serve, timeout: float = 0.1) -> AsyncIterator[Client]:
    """A client of as many replicas as there are ways to serve."""
    servers = [await asyncio.start_server(serve, "127.0.0.1", 0) for serve in serves]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    client = Client([f"http://127.0.0.1:{port}" for port in ports], timeout=timeout)
    try:
        yield client
    finally:
        client.close()
        for server in servers:
            server.close()


def answers(status: int) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\n{}" % status)

    return serve


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize("serve", [hangs, hangs_up])
async def test_no_answer_is_lost_and_ends_nobody(serve: Serve) -> None:
    """A cancellation out of this place would end an actor without a word."""
    async with client_of(serve) as client:
        for _ in range(3):
            with pytest.raises(Lost):
                await client.request("GET", "/")


async def test_who_gives_up_himself_is_cancelled_and_the_client_goes_on() -> None:
    async with client_of(hangs, answers(200), timeout=5) as client:
        asking = asyncio.ensure_future(client.request("GET", "/"))
        await asyncio.sleep(0.02)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert (await client.request("GET", "/")).status == 200


async def test_a_replica_that_answers_5xx_is_left_for_the_next() -> None:
    async with client_of(answers(503), answers(200)) as client:
        assert [(await client.request("GET", "/")).status for _ in range(4)] == [503, 200, 200, 200]
