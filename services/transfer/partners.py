"""The other hotlines over signed HTTP: send a request, ask what became of it."""

from typing import Protocol

import aiohttp
import msgspec
from msgspec import Struct

from services.transfer.domain.messages import Standing
from services.transfer.domain.outgoing import Outcome
from services.transfer.signing import Signer

REQUEST_S = 5.0
"""How long a request may take; after that nobody knows, and the partner is asked."""
CONNECT_S = 2.0


class Partners(Protocol):
    """Everybody a case can be handed to."""

    async def send(self, to: str, path: str, body: bytes, timeout_s: float) -> Outcome:
        """POST; the partner takes the same body once."""
        ...

    async def ask(self, to: str, transfer: str, update: int) -> Outcome:
        """Whether he has the transfer, or (where `update` is not 0) that update of it."""
        ...


class _Told(Struct):
    status: str = ""
    reason: str = ""
    detail: str = ""


class HttpPartners:
    """Partners by area code → base URL."""

    def __init__(self, urls: dict[str, str], signer: Signer) -> None:
        self._urls = {area: url.rstrip("/") for area, url in urls.items()}
        self._signer = signer
        self._session: aiohttp.ClientSession | None = None

    async def send(self, to: str, path: str, body: bytes, timeout_s: float) -> Outcome:
        if to not in self._urls:
            return Outcome("refused", "unknown_partner", f"no connection to {to}")
        answer = await self._request("POST", to, path, body, timeout_s)
        return answer if isinstance(answer, Outcome) else _posted(*answer)

    async def ask(self, to: str, transfer: str, update: int) -> Outcome:
        if to not in self._urls:
            return Outcome("refused", "unknown_partner", f"no connection to {to}")
        answer = await self._request("GET", to, f"/transfers/{transfer}", None, REQUEST_S)
        return answer if isinstance(answer, Outcome) else _asked(*answer, update)

    async def _request(
        self, method: str, to: str, path: str, body: bytes | None, timeout_s: float
    ) -> Outcome | tuple[int, bytes]:
        url = self._urls[to] + path
        limits = aiohttp.ClientTimeout(total=timeout_s, connect=min(timeout_s, CONNECT_S))
        headers = self._signer.headers(method, url, body)
        try:
            async with self._opened().request(method, url, data=body, headers=headers, timeout=limits) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Outcome("away", detail=str(error))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return Outcome("silent", detail=repr(error))

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _told(body: bytes) -> _Told:
    try:
        return msgspec.json.decode(body, type=_Told)
    except msgspec.MsgspecError:
        return _Told()


def _posted(status: int, body: bytes) -> Outcome:
    """Only the partner's own word counts; any other answer, for example of a proxy, says nothing."""
    told = _told(body)
    if status < 300 and told.status:
        return Outcome("taken")
    if status in (409, 422) and told.reason:
        return Outcome("refused", told.reason, told.detail)
    if status in (401, 403, 404) and told.reason:
        # He took nothing: a clock, a key or a start-up in another order; a person looks while it is tried again.
        return Outcome("not_taken", told.reason, told.detail)
    return Outcome("silent", detail=f"status {status}")


def _asked(status: int, body: bytes, update: int) -> Outcome:
    if status == 404 and _told(body).reason == "no_such_transfer":
        return Outcome("not_taken")
    if status != 200:
        return Outcome("silent", detail=f"status {status}")
    try:
        standing = msgspec.json.decode(body, type=Standing)
    except msgspec.MsgspecError as error:
        return Outcome("silent", detail=str(error))
    return Outcome("taken") if standing.update >= update else Outcome("not_taken")
