"""The simulated gateway for text messages and machine-read calls: `python -m hotline.surge.gateway`.

Idempotent by id; it can be told to fail, to hang or to forget. A text message to a fixed line always fails.

PUT /messages/{id} · GET /messages/{id} · PUT /behaviour · GET /journal?after=n
"""

import asyncio
import os
import random
import re
import time
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import uvicorn
from msgspec import Meta, Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.events.deliveries import MessageChannel
from shared.names import Span
from shared.records import TRACE
from shared.settings import Settings
from shared.telemetry import traceparent
from shared.tracing import TRACER, exporting

PAGE = 10_000
TAKE = Span("take message", "gateway", "SERVER")
"""A message from its arrival until its answer."""
_MOBILE = re.compile(r"^(\+?86)?1[3-9]\d{9}$")


class Message(Struct, frozen=True):
    """What the platform wants told to whom."""

    to: Annotated[str, Meta(min_length=3, max_length=40)]
    text: Annotated[str, Meta(min_length=1, max_length=5_000)]
    channel: MessageChannel = "sms"


class Effect(Struct, frozen=True):
    """One accepted message: an outside effect. `at` is unix seconds."""

    id: str
    to: str
    text: str
    at: float
    channel: MessageChannel = "sms"


class Behaviour(Struct, frozen=True):
    """What happens to `share` of the messages.

    fail: a definite refusal, kept under the message's id. hang: not taken, never answered. accept_then_hang: taken,
    never answered. forget: taken, never answered, and denied when asked about. slow: taken and answered after
    `delay_s` (real seconds). `asks` hang: questions are never answered either.
    """

    mode: Literal["ok", "fail", "hang", "slow", "accept_then_hang", "forget"] = "ok"
    share: Annotated[float, Meta(ge=0, le=1)] = 1.0
    delay_s: Annotated[float, Meta(ge=0, le=600)] = 1.0
    asks: Literal["ok", "hang"] = "ok"


class Journal:
    """Every accepted message, in memory and as JSON lines in a file, which another process may read meanwhile."""

    def __init__(self, path: str) -> None:
        self.effects: list[Effect] = list(_stored(Path(path))) if path else []
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if path else None

    def write(self, effect: Effect) -> None:
        self.effects.append(effect)
        if self._file is not None:
            os.write(self._file, msgspec.json.encode(effect) + b"\n")


def _stored(path: Path) -> list[Effect]:
    """What an earlier life of this gateway accepted."""
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [msgspec.json.decode(line, type=Effect) for line in lines]


class Messages:
    """The gateway's memory: what it took and what it refused, by id."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.behaviour = Behaviour()
        self._taken = {effect.id: effect for effect in journal.effects}
        self._failed: set[str] = set()

    def answer(self, message: str) -> Response:
        """What became of a message; 404 where nothing did."""
        if message in self._taken:
            return _reply(200, {"id": message, "status": "delivered", "reference": f"SMS-{message[:13]}"})
        if message in self._failed:
            return _reply(502, {"id": message, "status": "failed", "reason": "the operator refused the number"})
        return _reply(404, {"id": message, "status": "unknown"})

    def take(self, message: str, content: Message, *, forget: bool = False) -> None:
        if message in self._taken or message in self._failed:
            return
        if content.channel == "sms" and not _MOBILE.match(content.to):
            self._failed.add(message)
            return
        effect = Effect(message, content.to, content.text, time.time(), content.channel)
        self.journal.write(effect)
        if not forget:
            self._taken[message] = effect

    def refuse(self, message: str) -> None:
        if message not in self._taken:
            self._failed.add(message)

    def drawn(self) -> str:
        """The behaviour that the next message meets."""
        if self.behaviour.mode == "ok" or random.random() >= self.behaviour.share:
            return "ok"
        return self.behaviour.mode


def _reply(status: int, body: object) -> Response:
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")


def _bad(error: Exception) -> Response:
    return _reply(422, {"reason": "invalid", "detail": str(error)})


async def _never(request: Request) -> Response:
    """Wait until the caller gives up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response(status_code=504)


def make_app(messages: Messages) -> Starlette:
    """The gateway over its memory."""

    async def put(request: Request) -> Response:
        began_ns = time.time_ns()
        try:
            content = msgspec.json.decode(await request.body(), type=Message)
        except msgspec.DecodeError as error:
            return _bad(error)
        answer = await _put(messages, request, request.path_params["id"], content)
        _trace(request.headers.get(TRACE, ""), content.channel, began_ns)
        return answer

    async def get(request: Request) -> Response:
        if messages.behaviour.asks == "hang":
            return await _never(request)
        found = messages.answer(request.path_params["id"])
        found.status_code = 404 if found.status_code == 404 else 200
        return found

    async def behave(request: Request) -> Response:
        try:
            messages.behaviour = msgspec.json.decode(await request.body(), type=Behaviour)
        except msgspec.DecodeError as error:
            return _bad(error)
        return _reply(200, messages.behaviour)

    async def journal(request: Request) -> Response:
        after = request.query_params.get("after", "0")
        if not after.isdecimal():
            return _bad(ValueError("after is a number of messages, from 0"))
        page = messages.journal.effects[int(after) : int(after) + PAGE]
        return _reply(200, {"items": page, "next": int(after) + len(page)})

    async def live(request: Request) -> Response:
        return _reply(200, {"status": "live"})

    return Starlette(
        routes=[
            Route("/messages/{id}", put, methods=["PUT"]),
            Route("/messages/{id}", get, methods=["GET"]),
            Route("/behaviour", behave, methods=["PUT"]),
            Route("/journal", journal, methods=["GET"]),
            Route("/health/live", live, methods=["GET"]),
            Route("/health/ready", live, methods=["GET"]),
        ]
    )


async def _put(messages: Messages, request: Request, message: str, content: Message) -> Response:
    mode = messages.drawn()
    if mode == "hang":
        return await _never(request)
    if mode == "slow":
        await asyncio.sleep(messages.behaviour.delay_s)
    if mode == "fail":
        messages.refuse(message)
    else:
        messages.take(message, content, forget=mode == "forget")
    return await _never(request) if mode in ("accept_then_hang", "forget") else messages.answer(message)


def _trace(parent: str, channel: str, began_ns: int) -> None:
    """Below the attempt, where the platform names it."""
    if TRACER.on and parent:
        TRACER.tell(TAKE, traceparent(parent), parent, began_ns, {"channel": channel})


def main() -> None:
    """Serve on HOTLINE_HOST and HOTLINE_PORT, with a journal in HOTLINE_JOURNAL; spans go to HOTLINE_OTLP."""
    with exporting(Settings()):
        _serve(make_app(Messages(Journal(os.environ.get("HOTLINE_JOURNAL", "")))))


def _serve(app: Starlette) -> None:
    uvicorn.run(
        app,
        host=os.environ.get("HOTLINE_HOST", "127.0.0.1"),
        port=int(os.environ.get("HOTLINE_PORT", "8025")),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
