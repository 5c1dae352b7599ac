"""Ending tasks is bounded, whatever they do with a cancellation."""

import asyncio
import contextlib

import pytest

from shared.tasks import being_cancelled, end, within


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
    closed = []

    async def hangs() -> None:
        await asyncio.sleep(60)

    async def closes() -> None:
        closed.append(True)

    await within(0.01, hangs())
    await within(1.0, closes())
    assert closed == [True]
