"""The other services' HTTP APIs, called with the person's own token. That one does not answer is an answer too."""

from typing import Any, Protocol

import aiohttp
import structlog
from msgspec import Struct
from msgspec.json import decode

log = structlog.get_logger()
TIMEOUT_S = 6.0
AWAY = 0


class Reply(Struct, frozen=True):
    """Status (0: the service did not answer) and decoded JSON body, or the raw bytes of anything else."""

    status: int
    body: Any = None
    kind: str = "application/json"

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def reason(self) -> str:
        """The code of a refusal; `away` where nobody answered."""
        if self.status == AWAY:
            return "away"
        return str(self.body.get("reason", "")) if isinstance(self.body, dict) else ""

    @property
    def final(self) -> bool:
        """Done, or refused for what was sent: whoever sends again has another wish."""
        return self.good or (400 <= self.status < 500 and self.status not in (408, 429))

    def items(self) -> list[dict[str, Any]]:
        """The items of a list, none where there was no good answer."""
        return list(self.body.get("items", ())) if self.good and isinstance(self.body, dict) else []


class Ask(Struct, frozen=True, kw_only=True):
    """One request to one service on somebody's behalf."""

    service: str
    method: str
    path: str
    token: str
    body: Any = None
    query: dict[str, str] = {}
    key: str = ""
    """Idempotency-Key; the same key is the same wish."""


class Services(Protocol):
    """Whoever answers requests."""

    async def send(self, ask: Ask) -> Reply:
        """Never raises for a service that is away or refuses."""
        ...


class HttpServices:
    """Over HTTP, at the given base URLs."""

    def __init__(self, urls: dict[str, str]) -> None:
        self._urls = urls
        self._session: aiohttp.ClientSession | None = None

    async def send(self, ask: Ask) -> Reply:
        if ask.service not in self._urls:
            return Reply(AWAY)
        try:
            return await self._send(ask)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            log.warning("a service does not answer", service=ask.service, path=ask.path, error=repr(error))
            return Reply(AWAY)

    async def _send(self, ask: Ask) -> Reply:
        session = self._opened()
        headers = {"Authorization": f"Bearer {ask.token}", **({"Idempotency-Key": ask.key} if ask.key else {})}
        async with session.request(
            ask.method, self._urls[ask.service] + ask.path, json=ask.body, params=ask.query, headers=headers
        ) as answer:
            raw = await answer.read()
            if answer.content_type == "application/json":
                return Reply(answer.status, decode(raw))
            return Reply(answer.status, raw, answer.content_type)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
