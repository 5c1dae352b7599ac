"""A service's API as an actor of the world sees it: the same request under the same ids until there is an answer."""

import asyncio
from collections import Counter
from typing import Any

from hotline.surge.http import Answer, Client, Lost
from shared.auth import issue

TOKEN_HOURS = 24.0
LONGEST_PAUSE_S = 2.0


class Troubles:
    """Why requests had to be repeated, counted, for the progress line."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.last = ""

    def note(self, what: str) -> None:
        self.counts[what.split(":")[0]] += 1
        self.last = what[:160]


class Door:
    """One identity at one service."""

    def __init__(self, service: str, client: Client, secret: str, subject: str, role: str, troubles: Troubles) -> None:
        self.actor = role if role.startswith("unit:") else f"{role}:{subject}"
        self._service = service
        self._client = client
        self._troubles = troubles
        self._authorization = f"Authorization: Bearer {issue(secret, subject, role, TOKEN_HOURS)}\r\n"

    async def get(self, path: str) -> Answer:
        return await self._ask("GET", path, None, self._authorization)

    async def post(self, path: str, body: Any, key: str = "") -> Answer:
        """`key` is sent as Idempotency-Key."""
        headers = f"{self._authorization}Idempotency-Key: {key}\r\n" if key else self._authorization
        return await self._ask("POST", path, body, headers)

    async def put(self, path: str, body: Any) -> Answer:
        return await self._ask("PUT", path, body, self._authorization)

    async def _ask(self, method: str, path: str, body: Any, headers: str) -> Answer:
        pause = 0.05
        while True:
            try:
                answer = await self._client.request(method, path, body, headers)
                if answer.status < 500 and answer.status != 429:
                    return answer
                self._troubles.note(f"{self._service} {answer.status}: {answer.body}")
                wait = max(pause, min(answer.retry_after, LONGEST_PAUSE_S))
            except Lost as error:
                self._troubles.note(f"{self._service} lost: {error}")
                wait = pause
            await asyncio.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE_S)
