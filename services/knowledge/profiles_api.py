"""knowledge's door from HTTP for surge profiles: which the city has, and the switch of each."""

from functools import partial
from typing import Any

import msgspec
from fastapi import APIRouter, Request

from services.knowledge.bodies import SurgeBody
from services.knowledge.desk import Desk
from services.knowledge.domain import surge
from services.knowledge.rights import SUPERVISORS, allowed, told
from services.knowledge.store import Store
from shared.clock import Clock
from shared.deadlines import Profile, Profiles
from shared.documents import Document
from shared.events.knowledge import ProfileSwitch, profile_key
from shared.service import Problem, caller
from shared.settings import Settings


def profiles_router(settings: Settings, desk: Desk, store: Store, profiles: Profiles, clock: Clock) -> APIRouter:
    """Routes under /profiles."""
    router = APIRouter(tags=["profiles"])

    @router.put("/profiles/{profile}")
    async def switch(request: Request, profile: str, body: SurgeBody) -> Any:
        """On or off until a moment; every position of the switch is kept with who and why."""
        who = allowed(request, settings, SUPERVISORS)
        if profile not in profiles.by_id():
            known = ", ".join(profiles.by_id()) or "none"
            raise Problem(404, "not_found", f"there is no profile {profile}; the city has {known}")
        decide = partial(
            surge.profile_switched,
            profile=profile, on=body.on, why=body.why, by=who.actor, until=body.until, now=clock.now(),
        )  # fmt: skip
        with told("switch"):
            trace = request.headers.get("traceparent", "")
            return msgspec.to_builtins(await desk.put(profile_key(profile), ProfileSwitch, decide, who.actor, trace))

    @router.get("/profiles")
    async def positions(request: Request) -> dict[str, Any]:
        """Each profile: whether it is on now, its last position, and every position it had."""
        caller(request, settings)
        keys = [profile_key(one.id) for one in profiles.profiles]
        found = await store.entries.load(keys)
        return {"items": [_shown(one, found.get(profile_key(one.id)), clock) for one in profiles.profiles]}

    return router


def _shown(profile: Profile, document: Document | None, clock: Clock) -> dict[str, Any]:
    switch = msgspec.convert(document["entry"], ProfileSwitch) if document else None
    return {
        "id": profile.id,
        "name": profile.name,
        "english": profile.english,
        "on": switch is not None and switch.holds(clock.now()),
        "switch": document["entry"] if document else None,
        "history": document["history"] if document else [],
    }
