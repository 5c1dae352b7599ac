"""knowledge's door from HTTP for bulletins (飞鸽), their acknowledgements, and the switch of surge mode."""

from functools import partial
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query, Request

from services.knowledge.bodies import BulletinBody, SurgeBody
from services.knowledge.desk import Desk
from services.knowledge.domain import bulletins, surge
from services.knowledge.domain.bulletins import Decision
from services.knowledge.domain.denied import Missing
from services.knowledge.rights import AGENTS, EDITORS, SUPERVISORS, allowed, told
from services.knowledge.store import Store
from shared.auth import Identity
from shared.clock import Clock
from shared.events.knowledge import (
    SURGE_KEY,
    Acknowledgement,
    Bulletin,
    BulletinState,
    Surge,
    acknowledgement_key,
)
from shared.ids import client_command_id
from shared.seats import Seats
from shared.service import Problem, caller
from shared.settings import Settings
from shared.shelf import Shelf


def bulletins_router(settings: Settings, desk: Desk, shelf: Shelf, seats: Seats, clock: Clock) -> APIRouter:
    """Routes under /bulletins."""
    router = APIRouter(tags=["bulletins"])

    async def put(request: Request, bulletin: str, who: Identity, decide: Decision) -> Any:
        with told(f"bulletin {bulletin}"):
            trace = request.headers.get("traceparent", "")
            return msgspec.to_builtins(await desk.put(bulletin, Bulletin, decide, who.actor, trace))

    @router.post("/bulletins", status_code=201)
    async def draft(
        request: Request, body: BulletinBody, idempotency_key: Annotated[str, Header(min_length=1, max_length=200)]
    ) -> Any:
        """A draft; the same Idempotency-Key again is the same bulletin."""
        who = allowed(request, settings, EDITORS)
        if unknown := seats.unknown(body.scope):
            raise Problem(422, "invalid", f"scope: there is no {', '.join(unknown)} in bulletins.yaml")
        bulletin = client_command_id(who.subject, idempotency_key)
        made = body.draft(bulletin, who.actor, clock.now())
        return await put(request, bulletin, who, partial(bulletins.drafted, draft=made))

    @router.post("/bulletins/{bulletin}/submit")
    async def submit(request: Request, bulletin: str) -> Any:
        """The draft waits for approval."""
        return await put(request, bulletin, allowed(request, settings, EDITORS), bulletins.submitted)

    @router.post("/bulletins/{bulletin}/publish")
    async def publish(request: Request, bulletin: str) -> Any:
        """Approve; level I takes another person than the author."""
        who = allowed(request, settings, EDITORS)
        decide = partial(bulletins.published, approver=who.actor, now=clock.now())
        return await put(request, bulletin, who, decide)

    @router.post("/bulletins/{bulletin}/recall")
    async def recall(request: Request, bulletin: str) -> Any:
        """No longer in force."""
        return await put(request, bulletin, allowed(request, settings, EDITORS), bulletins.recalled)

    @router.get("/bulletins")
    async def current(request: Request) -> dict[str, Any]:
        """What is in force for the asking person, level I first."""
        who = caller(request, settings)
        found = shelf.current(seats.names_of(who.subject, who.unit), clock.now())
        return {"items": [_shown(one, shelf.has_acknowledged(one.id, who.subject)) for one in found]}

    @router.get("/bulletins/all")
    async def everything(request: Request, state: Annotated[BulletinState | None, Query()] = None) -> dict[str, Any]:
        """Bulletins of a state, whole, the newest first; for those who write and approve them."""
        allowed(request, settings, EDITORS)
        found = [one for one in shelf.bulletins.values() if state in (None, one.state)]
        return {"items": msgspec.to_builtins(sorted(found, key=lambda one: one.effective_from, reverse=True))}

    @router.post("/bulletins/{bulletin}/acknowledgements", status_code=201)
    async def acknowledge(request: Request, bulletin: str) -> Any:
        """The agent has read it; once is enough."""
        who = allowed(request, settings, AGENTS)

        def decide(known: Acknowledgement | None) -> Acknowledgement:
            names = seats.names_of(who.subject)
            return known or bulletins.acknowledged(shelf.bulletins.get(bulletin), who.subject, names, clock.now())

        key = acknowledgement_key(bulletin, who.subject)
        with told(f"bulletin {bulletin}"):
            trace = request.headers.get("traceparent", "")
            return msgspec.to_builtins(await desk.put(key, Acknowledgement, decide, who.actor, trace))

    @router.get("/bulletins/{bulletin}/acknowledgements")
    async def read_by(request: Request, bulletin: str) -> dict[str, Any]:
        """How many agents have read it, who and when."""
        allowed(request, settings, EDITORS)
        with told(f"bulletin {bulletin}"):
            if bulletin not in shelf.bulletins:
                raise Missing
        read = sorted(shelf.acknowledged.get(bulletin, {}).values(), key=lambda one: one.at)
        return {
            "read": len(read),
            "items": [{"agent": one.agent, "at": one.at} for one in read],
        }

    return router


def surge_router(settings: Settings, desk: Desk, store: Store, clock: Clock) -> APIRouter:
    """Routes under /surge."""
    router = APIRouter(tags=["surge"])

    @router.put("/surge")
    async def switch(request: Request, body: SurgeBody) -> Any:
        """Menus on or off until a moment; every position of the switch is kept with who and why."""
        who = allowed(request, settings, SUPERVISORS)
        decide = partial(
            surge.switched, on=body.on, why=body.why, by=who.actor, until=body.until, now=clock.now()
        )  # fmt: skip
        with told("switch"):
            trace = request.headers.get("traceparent", "")
            return msgspec.to_builtins(await desk.put(SURGE_KEY, Surge, decide, who.actor, trace))

    @router.get("/surge")
    async def position(request: Request) -> dict[str, Any]:
        """`switch` as it holds now, null where the city's default does; and every position it had."""
        caller(request, settings)
        document = (await store.entries.load([SURGE_KEY])).get(SURGE_KEY)
        if document is None:
            return {"switch": None, "history": []}
        holds = msgspec.convert(document["entry"], Surge).until > clock.now()
        return {"switch": document["entry"] if holds else None, "history": document["history"]}

    return router


def _shown(bulletin: Bulletin, acknowledged: bool) -> dict[str, Any]:
    return {
        "id": bulletin.id,
        "level": bulletin.level,
        "title": bulletin.title,
        "text": bulletin.text,
        "script": bulletin.script,
        "acknowledged": acknowledged,
        "expires_at": bulletin.expires_at,
    }
