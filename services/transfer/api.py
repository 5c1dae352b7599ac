"""transfer's doors from HTTP: signed ones for partners, ours for people."""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse
from msgspec.json import Decoder

from services.transfer.domain.messages import Cancel, TransferRequest, TransferUpdate
from services.transfer.people import People, Refusal
from services.transfer.reception import Reception
from services.transfer.signing import Message, Verifier
from shared.auth import Identity
from shared.bodies import decoded, raw_body, read_body
from shared.service import Problem, caller
from shared.settings import Settings

READERS = frozenset({"agent", "dispatcher", "auditor", "supervisor", "operator", "service"})
DECIDERS = frozenset({"dispatcher", "supervisor"})
MAX_BODY = 128 * 1024
State = Literal["", "asked", "receipted", "accepted", "refused", "completed", "unacknowledged"]


def partners_router(reception: Reception, verifier: Verifier) -> APIRouter:
    """Routes that a partner's signature opens; each answer names the reason where it says no."""
    router = APIRouter(tags=["partners"])

    async def signed(request: Request) -> tuple[str, bytes]:
        body = await raw_body(request, MAX_BODY)
        message = Message(request.method, str(request.url), dict(request.headers))
        return await verifier.sender(message, body), body

    @router.post("/transfers", status_code=202, openapi_extra=_schema(TransferRequest))
    async def take(request: Request) -> JSONResponse:
        """A case from a partner: 202 with a receipt, 409 with a reason code."""
        partner, body = await signed(request)
        trace = request.headers.get("traceparent", "")
        return JSONResponse(await reception.take(partner, decoded(body, Decoder(TransferRequest)), trace), 202)

    @router.get("/transfers/{transfer}")
    async def standing(request: Request, transfer: str) -> dict[str, Any]:
        """How far a transfer between the asking partner and us is."""
        partner, _ = await signed(request)
        found: dict[str, Any] = msgspec.to_builtins(await reception.standing(partner, transfer))
        return found

    @router.post("/transfers/{transfer}/updates", status_code=202, openapi_extra=_schema(TransferUpdate))
    async def update(request: Request, transfer: str) -> JSONResponse:
        """What the partner tells of a transfer of ours."""
        partner, body = await signed(request)
        return JSONResponse(await reception.update(partner, transfer, decoded(body, Decoder(TransferUpdate))), 202)

    @router.post("/transfers/{transfer}/cancel", status_code=202, openapi_extra=_schema(Cancel))
    async def cancel(request: Request, transfer: str) -> JSONResponse:
        """The origin wants its case back; 409 once it is accepted, or with the case's own reason where it says no."""
        partner, body = await signed(request)
        return JSONResponse(await reception.cancel(partner, transfer, decoded(body, Decoder(Cancel))), 202)

    return router


def people_router(settings: Settings, people: People) -> APIRouter:
    """Lists and decisions; persons appear masked."""
    router = APIRouter(tags=["transfers"])

    @router.get("/transfers")
    async def listed(
        request: Request, direction: Literal["sent", "received"], state: State = "", after: str = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:  # fmt: skip
        """Transfers; `unacknowledged`: sent ones whose partner let a deadline pass. `next`: go on after this case."""
        _allow(caller(request, settings), READERS)
        return await people.page(direction, state, after, limit)

    @router.post("/received/{transfer}/refuse", status_code=202, openapi_extra=_schema(Refusal))
    async def refuse(
        request: Request, transfer: str, idempotency_key: Annotated[str, Header(max_length=200)] = ""
    ) -> JSONResponse:
        """A supervisor gives a received case back, with a reason code."""
        who = _allow(caller(request, settings), frozenset({"supervisor"}))
        body = await read_body(request, Refusal, MAX_BODY)
        return JSONResponse(await people.refuse(transfer, body, idempotency_key, who), 202)

    @router.post("/sent/{transfer}/cancel", status_code=202, openapi_extra=_schema(Cancel))
    async def recall(request: Request, transfer: str) -> JSONResponse:
        """Ask the partner to give a case back."""
        _allow(caller(request, settings), DECIDERS)
        return JSONResponse(await people.recall(transfer, await read_body(request, Cancel, MAX_BODY)), 202)

    return router


def _schema(model: Any) -> dict[str, Any]:
    _, components = msgspec.json.schema_components([model], ref_template="#/{name}")
    schema = components[model.__name__]
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _allow(who: Identity, roles: frozenset[str]) -> Identity:
    if who.role not in roles:
        raise Problem(403, "forbidden", f"{who.role} may not do this")
    return who
