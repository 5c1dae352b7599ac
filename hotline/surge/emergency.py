"""The simulated 110, 119, 120 or 122: `python -m hotline.surge.emergency`. Takes a case once and tells how it goes.

It speaks the protocol of services/transfer as any partner does, signed with its own key (HOTLINE_CITY is its number),
and keeps a journal: taken, arrived, done. A restart goes on from the journal.

POST /transfers · GET /transfers/{id} · GET /journal?after=n
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from msgspec import Struct

from services.transfer.domain.messages import Standing, TransferRequest, TransferUpdate
from services.transfer.partners import REQUEST_S, HttpPartners
from services.transfer.signing import Message, Signer, Verifier
from shared.clock import Clock, make_clock
from shared.collector import spare_the_collector
from shared.service import Problem, install_errors
from shared.settings import Settings

PAGE = 10_000
RETRY_S = 0.5
Stage = Literal["taken", "arrived", "done"]
STAGES: tuple[tuple[Stage, Literal["accepted", "progressed", "completed"], str], ...] = (
    ("taken", "accepted", "已出警。"),
    ("arrived", "progressed", "已到达现场。"),
    ("done", "completed", "现场已处置完毕。"),
)


class Entry(Struct, frozen=True, kw_only=True):
    """One line of the journal. `stage` empty: the transfer arrived; else the origin has noted that feedback."""

    transfer: str
    origin: str
    case: str
    at: float
    """Unix seconds."""
    stage: Stage | Literal[""] = ""


class Centre:
    """What the emergency centre took, and what it has told of it."""

    def __init__(self, number: str, journal: str, partners: HttpPartners, pace_s: float) -> None:
        self.number = number
        self.entries = _stored(Path(journal)) if journal else []
        self._told: dict[str, set[str]] = {}
        for entry in self.entries:
            self._note(entry)
        self._file = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if journal else None
        self._partners = partners
        self._pace_s = pace_s
        self._tasks: set[asyncio.Task[None]] = set()

    def standing(self, transfer: str) -> Standing:
        if transfer not in self._told:
            raise Problem(404, "no_such_transfer", f"{self.number} has no transfer {transfer}")
        return Standing(transfer=transfer, status="receipted")

    def take(self, request: TransferRequest) -> None:
        """Once per transfer; the feedback follows by itself."""
        if request.transfer in self._told:
            return
        entry = Entry(transfer=request.transfer, origin=request.origin, case=request.origin_case, at=time.time())
        self._write(entry)
        self._follow(entry)

    def resume(self) -> None:
        """Go on with what a former life left open."""
        for entry in [entry for entry in self.entries if not entry.stage]:
            self._follow(entry)

    def _follow(self, entry: Entry) -> None:
        task = asyncio.create_task(self._feed_back(entry))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _feed_back(self, entry: Entry) -> None:
        for number, (stage, step, text) in enumerate(STAGES, 1):
            if stage in self._told[entry.transfer]:
                continue
            await asyncio.sleep(self._pace_s)
            update = TransferUpdate(update=number, step=step, number=f"{self.number}-{entry.transfer[:8]}", text=text)
            await self._until_noted(entry, update)
            self._write(msgspec.structs.replace(entry, stage=stage, at=time.time()))

    async def _until_noted(self, entry: Entry, update: TransferUpdate) -> None:
        path, body = f"/transfers/{entry.transfer}/updates", msgspec.json.encode(update)
        while True:
            outcome = await self._partners.send(entry.origin, path, body, REQUEST_S)
            if outcome.kind == "taken":
                return
            await asyncio.sleep(RETRY_S)

    def _note(self, entry: Entry) -> None:
        self._told.setdefault(entry.transfer, set()).add(entry.stage)

    def _write(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._note(entry)
        if self._file is not None:
            os.write(self._file, msgspec.json.encode(entry) + b"\n")

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._partners.close()


class _Seen:
    """Nonces of this process."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    async def first(self, nonce: str, at: datetime) -> bool:
        new = nonce not in self._known
        self._known.add(nonce)
        return new


def _stored(path: Path) -> list[Entry]:
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [msgspec.json.decode(line, type=Entry) for line in lines]


def make_app(settings: Settings, clock: Clock, journal: str, pace_s: float) -> FastAPI:
    """The centre whose number is `settings.city`; `pace_s`: real seconds between two steps of its feedback."""
    signer = Signer(settings.city, settings.sign_key.get_secret_value(), clock)
    centre = Centre(settings.city, journal, HttpPartners(settings.partners, signer), pace_s)
    verifier = Verifier(settings.partner_keys, clock, _Seen())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        centre.resume()
        yield
        await centre.stop()

    app = FastAPI(title=f"simulated {settings.city}", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    install_errors(app)
    _routes(app, centre, verifier)
    return app


def _routes(app: FastAPI, centre: Centre, verifier: Verifier) -> None:
    async def signed(request: Request) -> bytes:
        body = await request.body()
        await verifier.sender(Message(request.method, str(request.url), dict(request.headers)), body)
        return body

    @app.post("/transfers")
    async def take(request: Request) -> JSONResponse:
        try:
            body = msgspec.json.decode(await signed(request), type=TransferRequest)
        except msgspec.MsgspecError as error:
            raise Problem(422, "invalid", str(error)) from error
        centre.take(body)
        return JSONResponse({"transfer": body.transfer, "status": "receipted"}, 202)

    @app.get("/transfers/{transfer}")
    async def standing(request: Request, transfer: str) -> Any:
        await signed(request)
        return msgspec.to_builtins(centre.standing(transfer))

    @app.get("/journal")
    async def journal(after: int = 0) -> dict[str, Any]:
        page = centre.entries[max(0, after) : max(0, after) + PAGE]
        return {"items": msgspec.to_builtins(page), "next": max(0, after) + len(page)}

    @app.get("/health/live")
    @app.get("/health/ready")
    async def live() -> dict[str, str]:
        return {"status": "live"}


def main() -> None:
    """Serve as `settings.city`, with a journal in HOTLINE_JOURNAL and HOTLINE_PACE_S seconds between steps."""
    settings = Settings()
    pace_s = float(os.environ.get("HOTLINE_PACE_S", "5"))
    app = make_app(settings, make_clock(settings), os.environ.get("HOTLINE_JOURNAL", ""), pace_s)
    spare_the_collector()
    uvicorn.run(app, host=settings.host, port=settings.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
