"""A small HTTP/1.1 client over kept connections: at hundreds of messages a second httpx costs most of a core."""

import asyncio
from typing import NamedTuple
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

CONNECT_S = 2.0


class NotConnected(Exception):
    """There was no connection, so nothing was sent."""


class Lost(Exception):
    """The connection broke, or what came back is no HTTP; nobody knows what the other side did."""


class Answer(NamedTuple):
    """Status code and body."""

    status: int
    body: bytes


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._body: list[bytes] = []
        self._parser = HttpResponseParser(self)

    @property
    def usable(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    async def ask(self, request: bytes) -> Answer:
        if self.transport is None or not self.usable:
            raise Lost("closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._body, self._parser = [], HttpResponseParser(self)
        self.transport.write(request)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._fail(repr(error))
            self.abort()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(self._parser.get_status_code(), b"".join(self._body)))
        if not self._parser.should_keep_alive() and self.transport is not None:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._fail(f"connection lost: {exc!r}")

    def _fail(self, why: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Lost(why))

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class Wire:
    """Requests to one server. As many connections are open as requests are under way."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._tls = parts.hostname or "127.0.0.1", parts.scheme == "https"
        self._port = parts.port or (443 if self._tls else 80)
        self._netloc, self._prefix = parts.netloc, parts.path.rstrip("/")
        self._idle: list[_Connection] = []

    async def request(self, method: str, path: str, body: bytes, timeout_s: float) -> Answer:
        """Raises NotConnected, Lost, or TimeoutError when no answer came in time."""
        async with asyncio.timeout(timeout_s):
            connection = await self._connection(min(timeout_s, CONNECT_S))
            try:
                answer = await connection.ask(self._encode(method, path, body))
            except BaseException:
                connection.abort()
                raise
        self._idle.append(connection)
        return answer

    async def _connection(self, timeout_s: float) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        try:
            async with asyncio.timeout(timeout_s * 0.9):
                return await self._connect()
        except (OSError, TimeoutError) as error:
            raise NotConnected(str(error)) from error

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self._host, self._port, ssl=self._tls or None)
        return connection

    def _encode(self, method: str, path: str, body: bytes) -> bytes:
        head = (
            f"{method} {self._prefix}{path} HTTP/1.1\r\nHost: {self._netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def close(self) -> None:
        for connection in self._idle:
            connection.abort()
        self._idle.clear()
