"""The SMS gateway over HTTP: `PUT /messages/{id}` sends once per id, `GET /messages/{id}` tells what became of it."""

from typing import Protocol

import msgspec
from msgspec import Struct

from services.notify.domain.debts import Outcome
from services.notify.wire import Answer, Lost, NotConnected, Wire

REQUEST_S = 5.0
"""How long a request may take; after that nobody knows, and the gateway is asked."""
NOT_FOUND = 404


class Gateway(Protocol):
    """One channel to a person."""

    async def send(self, message: str, to: str, text: str, timeout_s: float) -> Outcome:
        """Send the text, at most once per message id."""
        ...

    async def ask(self, message: str) -> Outcome:
        """What became of a message."""
        ...


class _Message(Struct):
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
        self._wire = Wire(url)

    async def send(self, message: str, to: str, text: str, timeout_s: float) -> Outcome:
        return await self._request("PUT", message, _encoder.encode(_Message(to, text)), timeout_s)

    async def ask(self, message: str) -> Outcome:
        return await self._request("GET", message, b"", REQUEST_S)

    async def _request(self, method: str, message: str, body: bytes, timeout_s: float) -> Outcome:
        try:
            answer = await self._wire.request(method, f"/messages/{message}", body, timeout_s)
        except NotConnected as error:
            return Outcome("away", str(error))
        except (Lost, OSError, TimeoutError) as error:
            return Outcome("silent", repr(error))
        return _read(answer, asked=method == "GET")

    def close(self) -> None:
        self._wire.close()


def _read(answer: Answer, asked: bool) -> Outcome:
    """Only the gateway's own word counts; any other answer, for example of a proxy, says nothing."""
    try:
        told = _decoder.decode(answer.body)
    except msgspec.MsgspecError:
        told = _Told()
    if told.status == "delivered" and answer.status < 300:
        return Outcome("delivered", told.reference)
    if told.status == "failed":
        return Outcome("failed", told.reason or f"status {answer.status}")
    if asked and answer.status == NOT_FOUND and told.status == "unknown":
        return Outcome("not_taken")
    return Outcome("silent", f"status {answer.status}")
