"""knowledge and intake as processes: what is published reaches callers and agents, also through a kill."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hotline.stack import Options, Stack
from shared.auth import issue

pytestmark = pytest.mark.real


class Platform:
    """Two services of a fresh platform, and what people do with them."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient) -> None:
        self.stack = stack
        self._client = client

    async def call(self, service: str, method: str, path: str, who: str, body: Any = None) -> httpx.Response:
        role, _, name = who.partition(":")
        token = issue(self.stack.secrets["jwt_secret"], name, role, 1)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
        return await self._client.request(
            method, f"{self.stack.urls[f'{service}.1']}{path}", json=body, headers=headers
        )

    async def found(self, text: str) -> list[str]:
        answer = await self.call("knowledge", "GET", f"/search?q={text}", "agent:a1")
        return [item["answer"] for item in answer.json()["items"]]

    async def hears(self) -> str:
        """What key 1 of the policy menu says."""
        event = {"call_id": "c", "number": 2, "type": "key", "menu": "policy", "key": "1"}
        answer = await self.call("intake", "POST", "/calls/events", "service:pbx", event)
        return str(answer.json()["calls"]["c"]["ivr"]["prompt"])

    async def ready(self) -> int:
        answer = await self.call("intake", "PUT", "/agents/me/state", "agent:a1", {"state": "ready"})
        return answer.status_code


@asynccontextmanager
async def platform() -> AsyncIterator[Platform]:
    stack = Stack(Options(fresh=True, services=("intake", "knowledge")), Path(".hotline"))
    try:
        await stack.start()
        async with httpx.AsyncClient(timeout=20) as client:
            yield Platform(stack, client)
    finally:
        await stack.stop()
        stack.remove()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(120):
        while not await condition():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.05)


async def test_what_is_published_reaches_callers_and_agents() -> None:
    async with platform() as up:

        async def first_articles() -> bool:
            return any("暖气" in answer or "供热" in answer for answer in await up.found("暖气不热"))

        async def follows() -> bool:
            return "新话术" in await up.hears()

        async def free() -> bool:
            return await up.ready() == 200

        await until(first_articles)
        await until(free)
        bulletin = {"level": "I", "title": "t", "text": "t", "script": "新话术。", "ivr": "policy.1"}
        bulletin["expires_at"] = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        made = (await up.call("knowledge", "POST", "/bulletins", "editor:e1", bulletin)).json()["id"]
        published = await up.call("knowledge", "POST", f"/bulletins/{made}/publish", "editor:e2")
        assert published.status_code == 200
        await until(follows)
        assert await up.ready() == 409
        up.stack.supervisor.kill("knowledge.1", signal.SIGKILL)
        await asyncio.sleep(0.5)
        await up.stack.supervisor.ready("knowledge.1")
        acknowledged = await up.call("knowledge", "POST", f"/bulletins/{made}/acknowledgements", "agent:a1")
        assert acknowledged.status_code == 201
        await until(free)
        assert await first_articles()
