"""The gateway for text messages and machine-read calls over HTTP.

`PUT /messages/{id}` sends once per id, `GET /messages/{id}` tells what became of it.
"""

from typing import Protocol

import aiohttp
import msgspec
from msgspec import Struct

from services.notify.domain.debts import Outcome
from shared.events.deliveries import MessageChannel
from shared.records import TRACE

REQUEST_S = 5.0
"""How long a request may take; after that nobody knows, and the gateway is asked."""
CONNECT_S = 2.0
NOT_FOUND = 404


class Gateway(Protocol):
    """The way to a person."""

    async def send(
        self, message: str, channel: MessageChannel, to: str, text: str, timeout_s: float, trace: str = ""
    ) -> Outcome:
        """Send or read the text, at most once per message id; `trace`: what the gateway's part hangs below."""
        ...

    async def ask(self, message: str) -> Outcome:
        """What became of a message."""
        ...


class _Message(Struct):
    channel: MessageChannel
    to: str
    text: str


class _Told(Struct):
    status: str = ""
    reference: str = ""
    reason: str = ""


_encoder, _decoder = msgspec.json.Encoder(), msgspec.json.Decoder(_Told)


class HttpGateway:
    """The gateway at a URL."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self, message: str, channel: MessageChannel, to: str, text: str, timeout_s: float, trace: str = ""
    ) -> Outcome:
        body = _encoder.encode(_Message(channel, to, text))
        return await self._request("PUT", message, body, timeout_s, {TRACE: trace} if trace else None)

    async def ask(self, message: str) -> Outcome:
        return await self._request("GET", message, b"", REQUEST_S)

    async def _request(
        self, method: str, message: str, body: bytes, timeout_s: float, headers: dict[str, str] | None = None
    ) -> Outcome:
        limits = aiohttp.ClientTimeout(total=timeout_s, connect=min(timeout_s, CONNECT_S))
        try:
            async with self._opened().request(
                method, f"{self._url}/messages/{message}", data=body, headers=headers, timeout=limits
            ) as answer:
                return _read(answer.status, await answer.read(), asked=method == "GET")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Outcome("away", str(error))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return Outcome("silent", repr(error))

    def _opened(self) -> aiohttp.ClientSession:
        """As many connections as messages are under way; the payer bounds those."""
        if self._session is None:
            headers = {"Content-Type": "application/json"}
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers)
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _read(status: int, body: bytes, asked: bool) -> Outcome:
    """Only the gateway's own word counts; any other answer, for example of a proxy, says nothing."""
    try:
        told = _decoder.decode(body)
    except msgspec.MsgspecError:
        told = _Told()
    if told.status == "delivered" and status < 300:
        return Outcome("delivered", told.reference)
    if told.status == "failed":
        return Outcome("failed", told.reason or f"status {status}")
    if asked and status == NOT_FOUND and told.status == "unknown":
        return Outcome("not_taken")
    return Outcome("silent", f"status {status}")
