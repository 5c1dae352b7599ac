"""Ending tasks is bounded, whatever they do with a cancellation."""

import asyncio
import contextlib

import pytest

from shared.away import StoreAway
from shared.tasks import being_cancelled, closed, end, repeating, within


async def deaf(times: int, over: asyncio.Event) -> None:
    """Swallows so many cancellations."""
    for _ in range(times):
        with contextlib.suppress(asyncio.CancelledError):
            await over.wait()
            return
    await over.wait()


async def started(times: int, over: asyncio.Event) -> "asyncio.Task[None]":
    task = asyncio.create_task(deaf(times, over))
    await asyncio.sleep(0)
    return task


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again() -> None:
    over = asyncio.Event()
    tasks = [await started(times, over) for times in (0, 1, 3)]
    assert await end(tasks, again_s=0.01, most_s=5)
    assert all(task.cancelled() for task in tasks)


async def test_a_task_that_never_listens_does_not_hold_up_the_stop() -> None:
    over = asyncio.Event()
    task = await started(10_000, over)
    async with asyncio.timeout(5):
        assert not await end([task], again_s=0.01, most_s=0.05)
    over.set()
    await task


async def test_a_task_that_has_failed_does_not_fail_the_stop() -> None:
    async def fail() -> None:
        raise KeyError("x")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    assert await end([task])
    assert await end([])


async def test_a_cancellation_from_elsewhere_is_told_from_one_s_own() -> None:
    stray: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    stray.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stray
    assert not being_cancelled()

    async def waits() -> bool:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return being_cancelled()
        return False

    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    task.cancel()
    assert await task


async def test_what_does_not_close_is_left_alone() -> None:
    ended = []

    async def hangs() -> None:
        await asyncio.sleep(60)

    async def closes() -> None:
        ended.append(True)

    await closed(0.01, hangs())
    await closed(1.0, closes())
    assert ended == [True]


async def test_work_that_swallows_its_cancellation_holds_up_nobody() -> None:
    """aiokafka's stop() does so while the broker is away; wait_for and timeout() would then wait for ever."""
    over = asyncio.Event()
    async with asyncio.timeout(5):
        with pytest.raises(TimeoutError):
            await within(0.01, deaf(10_000, over))
    over.set()


async def test_work_in_time_gives_its_result_or_its_error() -> None:
    async def good() -> int:
        return 7

    async def bad() -> None:
        raise KeyError("x")

    assert await within(1, good()) == 7
    with pytest.raises(KeyError):
        await within(1, bad())


async def test_who_waits_may_be_cancelled_himself() -> None:
    over = asyncio.Event()
    waiting = asyncio.ensure_future(within(60, deaf(1, over)))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    over.set()


async def test_nothing_but_its_own_cancellation_ends_what_repeats() -> None:
    """Also not a CancelledError that nobody asked for, as the Kafka client raises it."""
    troubles: list[BaseException] = [StoreAway("gone"), ValueError("wrong"), asyncio.CancelledError()]
    steps = 0

    async def step() -> None:
        nonlocal steps
        steps += 1
        if troubles:
            raise troubles.pop()

    task = asyncio.create_task(repeating(step, 0.0))
    while steps < 5:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert await end([task])
    assert task.cancelled()
