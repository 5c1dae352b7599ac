"""Keepers: a shift's open cases go to the next one with a note, and what nobody keeps is counted for an alarm."""

import asyncio
from datetime import timedelta
from typing import Any

import structlog
from msgspec import Struct

from services.dispatch.desk import Desk
from services.dispatch.store import Store
from shared import names
from shared.auth import Identity
from shared.away import AWAY
from shared.clock import Clock
from shared.events.commands import Line, Name
from shared.ids import derive
from shared.service import Problem

log = structlog.get_logger()
PAGE, PARALLEL = 200, 20
PERIOD_S = 10.0


class Handover(Struct, frozen=True, kw_only=True):
    """To whom, and what the next keeper should know of all of them."""

    to: Name
    note: Line


class Keepers:
    """Moves all open cases of one keeper; each is a command of its own, decided like any other."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk

    async def hand_over(self, keeper: str, body: Handover, key: str, who: Identity) -> dict[str, Any]:
        """`moved`, `refused` (with reason) and `pending` case ids. Repeated under the same key, it goes on."""
        if who.role not in ("agent", "supervisor") or (who.role == "agent" and who.subject != keeper):
            raise Problem(403, "forbidden", "an agent hands over his own cases, a supervisor anybody's")
        if not body.to or body.to == keeper:
            raise Problem(422, "invalid", "to: name another keeper")
        result: dict[str, Any] = {"moved": [], "refused": [], "pending": []}
        after = ""
        while rows := await self._store.page({"keeper": keeper}, after, PAGE):
            after = str(rows[-1]["_id"])
            await self._move([str(row["_id"]) for row in rows], body, key, who, result)
        return result

    async def _move(self, cases: list[str], body: Handover, key: str, who: Identity, result: dict[str, Any]) -> None:
        gate = asyncio.Semaphore(PARALLEL)

        async def one(case: str) -> None:
            async with gate:
                given = {"keeper": body.to, "note": body.note}
                status, answer = await self._desk.command(case, "keep", given, derive(key, case), who, "")
            if status == 409:
                result["refused"].append({"case": case, "reason": answer["reason"], "detail": answer["detail"]})
            else:
                result["moved" if status == 200 else "pending"].append(case)

        await asyncio.gather(*(one(case) for case in cases))


async def watch_unkept(store: Store, clock: Clock, within: timedelta) -> None:
    """Keep the gauge of cases that nobody keeps, until cancelled."""
    while True:
        try:
            names.UNKEPT.set(await store.unkept(clock.now() - within))
        except AWAY as error:
            log.warning("cases without a keeper are not counted", error=repr(error))
        await asyncio.sleep(PERIOD_S)
