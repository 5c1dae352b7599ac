"""Live messages: everybody hears of cases, only the agent concerned of a call; a slow page is told less exactly."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from services.desk.live import MOST_KEYS, Listener, Message
from services.desk.store import Change
from shared.auth import Identity
from tests.unit.desk.world import CALLER, UNIT, World


def listener(role: str, subject: str = "017") -> Listener:
    return Listener(Identity(subject, role))


async def test_a_stream_begins_with_a_resync() -> None:
    assert await listener("agent").take() == [Message("resync", [])]


@pytest.mark.parametrize(
    ("role", "change", "told"),
    [
        ("agent", Change("contacts", "c", "017"), [Message("call", ["c"])]),
        ("agent", Change("contacts", "c", "018"), []),
        ("agent", Change("contacts", "c"), []),
        ("supervisor", Change("contacts", "c", "018"), [Message("queue", [])]),
        ("supervisor", Change("cases", "N-1"), [Message("cases", ["N-1"])]),
        (f"unit:{UNIT}", Change("cases", "N-1"), [Message("cases", [])]),
    ],
)
async def test_who_hears_what(role: str, change: Change, told: list[Message]) -> None:
    one = listener(role)
    await one.take()
    one.offer(change)
    one.offer(change)
    assert [*one._pending] == [message.type for message in told]
    if told:
        assert await one.take() == told


async def test_a_slow_page_is_told_to_fetch_everything() -> None:
    one = listener("agent")
    await one.take()
    for n in range(MOST_KEYS + 1):
        one.offer(Change("cases", f"N-{n}"))
    assert await one.take() == [Message("cases", [])]


async def test_what_is_written_reaches_the_open_stream() -> None:
    world = World()
    running = asyncio.create_task(world.hub.run())
    stream = world.hub.events(Identity("017", "agent"))
    first = await anext(stream)
    await asyncio.sleep(0.05)
    contact = await world.city.call("1", CALLER, "017")
    second = await asyncio.wait_for(anext(stream), 5)
    assert msgspec.json.decode(first.raw_data or "")["type"] == "resync"
    assert msgspec.json.decode(second.raw_data or "") == {"type": "call", "keys": [contact]}
    assert first.id != second.id
    await closed(stream)
    assert not world.hub._listeners
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def closed(stream: AsyncIterator[object]) -> None:
    await stream.aclose()  # type: ignore[attr-defined]


async def test_a_stranger_hears_nothing() -> None:
    world = World()
    async with world.browser() as browser:
        assert (await browser.get("/live")).status_code == 303
