"""A small keep-alive HTTP/1.1 client for the actors: JSON in, JSON out, a bounded number of connections."""

import asyncio
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import httptools
import msgspec


class Lost(ConnectionError):
    """No answer came: refused, reset, or too late. Nobody knows whether the request was done."""


class Answer(NamedTuple):
    """Status and decoded JSON body; `retry_after` in seconds, 0 without that header."""

    status: int
    body: Any
    retry_after: float


class _Connection(asyncio.Protocol):
    """One connection with at most one request in flight."""

    def __init__(self) -> None:
        self.open = False
        self._transport: asyncio.Transport | None = None
        self._future: asyncio.Future[Answer] | None = None
        self._parser: Any = None
        self._body: list[bytes] = []
        self._retry_after = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self.open = cast(asyncio.Transport, transport), True

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._fail(exc or ConnectionResetError("closed by the other side"))

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, AttributeError) as error:
            self._fail(error)
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"retry-after" and value.isdigit():
            self._retry_after = float(value)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self.close()
        if self._future is not None and not self._future.done():
            self._future.set_result(Answer(self._parser.get_status_code(), _json(self._body), self._retry_after))

    def _fail(self, error: Exception) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_exception(Lost(repr(error)))

    def close(self) -> None:
        self.open = False
        if self._transport is not None:
            self._transport.close()

    async def send(self, request: bytes, timeout: float) -> Answer:
        """Raises Lost; the connection is then closed."""
        if self._transport is None or not self.open:
            raise Lost("the connection is closed")
        self._future = asyncio.get_running_loop().create_future()
        self._parser, self._body, self._retry_after = httptools.HttpResponseParser(self), [], 0.0
        self._transport.write(request)
        try:
            async with asyncio.timeout(timeout):
                return await self._future
        except TimeoutError:
            self.close()
            raise Lost(f"no answer in {timeout:.0f} s") from None
        except BaseException:
            self.close()
            raise


def _json(parts: list[bytes]) -> Any:
    body = b"".join(parts)
    try:
        return msgspec.json.decode(body) if body else {}
    except msgspec.DecodeError:
        return {"detail": body[:200].decode(errors="replace")}


class Client:
    """Requests to the replicas of one service in turn, over at most `size` connections."""

    def __init__(self, urls: list[str], size: int = 256, timeout: float = 15.0) -> None:
        self._hosts = [(part.hostname or "", part.port or 80) for part in map(urlsplit, urls)]
        self._slots = asyncio.Semaphore(size)
        self._free: list[_Connection] = []
        self._timeout = timeout
        self._turn = 0

    async def request(self, method: str, path: str, body: Any = None, headers: str = "") -> Answer:
        """`headers` are whole lines, each ended by CRLF. Raises Lost."""
        content = msgspec.json.encode(body) if body is not None else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: hotline\r\n{headers}Content-Length: {len(content)}\r\n"
        kind = "Content-Type: application/json\r\n\r\n" if content else "\r\n"
        async with self._slots:
            connection = await self._connect()
            answer = await connection.send((head + kind).encode() + content, self._timeout)
            if answer.status >= 500:
                connection.close()  # the next request goes to another replica, as behind a load balancer
            elif connection.open:
                self._free.append(connection)
            return answer

    async def _connect(self) -> _Connection:
        while self._free:
            connection = self._free.pop()
            if connection.open:
                return connection
        host, port = self._hosts[self._turn % len(self._hosts)]
        self._turn += 1
        try:
            async with asyncio.timeout(self._timeout):
                _, made = await asyncio.get_running_loop().create_connection(_Connection, host, port)
        except (OSError, TimeoutError) as error:
            raise Lost(repr(error)) from error
        return made

    def close(self) -> None:
        while self._free:
            self._free.pop().close()
