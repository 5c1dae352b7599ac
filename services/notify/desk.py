"""A person settles what no machine can: replies whose fate is unknown, and reporters who cannot be reached."""

import asyncio
import time
from typing import Any, Literal

import msgspec
from msgspec import Struct

from services.notify.book import Book, Step
from services.notify.domain.debts import FOR_A_PERSON, OVER, Debt, claim, settle
from services.notify.outbox import Outbox
from services.notify.store import Store, read_debts
from shared import names
from shared.auth import Identity
from shared.away import StoreAway
from shared.clock import Clock
from shared.documents import Document
from shared.events.commands import COMMANDS, Line, SettleReply
from shared.ids import client_command_id, digest
from shared.privacy import redact
from shared.producer import Publisher
from shared.records import Record
from shared.service import Problem
from shared.telemetry import traceparent
from shared.tracing import TRACER

ACK_S = 1.0
NOTED_S = 5.0


class Settlement(Struct, frozen=True, kw_only=True):
    """How a person settled it, and what proves it (a call's id, a note)."""

    how: Literal["person", "unreachable"]
    proof: Line


class Desk:
    """Lists debts, masked, and sends a person's `settle_reply`."""

    def __init__(self, store: Store, publisher: Publisher, outbox: Outbox, clock: Clock) -> None:
        self._store = store
        self._publisher = publisher
        self._outbox = outbox
        self._book = Book(store.cases, clock)

    async def waiting(self, status: str, after: str, limit: int) -> dict[str, Any]:
        """A page of cases with a debt in this state; the next one starts `after` the last case."""
        rows = await self._store.waiting(status, after, limit)
        items = [item for row in rows for item in _items(row) if item["state"] == status]
        return {"items": items, "next": rows[-1]["_id"] if len(rows) == limit else None}

    async def of_case(self, case: str) -> list[dict[str, Any]]:
        return _items(await self._case(case))

    async def settle(
        self, case: str, obligation: str, body: Settlement, key: str, who: Identity, trace: str
    ) -> dict[str, Any]:  # fmt: skip
        """Claim the debt, send the command, wait until the log has it, then note it as sent.

        A repeat under the same key sends it again; after the case has refused it, a repeat is another command.
        """
        debt = read_debts(await self._case(case)).by_id.get(obligation)
        if debt is None:
            raise Problem(404, "no_such_obligation", f"case {case} has no obligation {obligation}")
        data = SettleReply(obligation=obligation, how=body.how, proof=redact(body.proof))
        identity = client_command_id(who.actor, f"{obligation}/{key}/{len(debt.refused)}")
        _check(debt, data, identity)
        await self._noted(case, obligation, lambda one: claim(one, identity))
        await self._send(case, data, identity, who, trace or debt.trace)
        await self._noted(case, obligation, lambda one: settle(one, data.how, data.proof, identity))
        return {"command": identity, "outcome": f"/obligations/{case}"}

    async def _send(self, case: str, data: SettleReply, identity: str, who: Identity, parent: str) -> None:
        """Under a span of its own."""
        began_ns, own = time.time_ns(), traceparent(parent, case)
        content = digest([COMMANDS.type_of(data), case, msgspec.to_builtins(data)])
        await self._acknowledged(self._outbox.settle(case, data, identity, who.actor, trace=own, digest=content))
        if TRACER.on:
            TRACER.tell(names.SETTLE, own, parent, began_ns, {"case": case})

    async def _noted(self, case: str, obligation: str, step: Step) -> None:
        try:
            async with asyncio.timeout(NOTED_S):
                await self._book.change(case, obligation, step)
        except TimeoutError as error:
            raise StoreAway("nothing can be noted; repeat the request") from error

    async def _acknowledged(self, record: Record) -> None:
        try:
            async with asyncio.timeout(ACK_S):
                await self._publisher.publish([record])
        except TimeoutError:
            raise Problem(503, "not_now", "the log does not answer; repeat the request", {"Retry-After": "2"}) from None

    async def _case(self, case: str) -> Document:
        found = (await self._store.cases.load([case], omit=("parked",))).get(case)
        if found is None:
            raise Problem(404, "no_such_case", f"nothing was ever owed on case {case}")
        return found


def _check(debt: Debt, data: SettleReply, identity: str) -> None:
    if debt.command == identity and (debt.how, debt.proof) == (data.how, data.proof):
        return
    if debt.status in OVER:
        raise Problem(409, "settled", f"this reply is {debt.status}: {debt.how or 'nobody waits for it'}")
    if debt.status not in FOR_A_PERSON:
        raise Problem(409, "under_way", f"the message is {debt.status}; a person settles only what stays open")


def _items(document: Document) -> list[dict[str, Any]]:
    return [_item(document["_id"], debt) for debt in read_debts(document).by_id.values()]


def _item(case: str, debt: Debt) -> dict[str, Any]:
    return {
        "case": case,
        "obligation": debt.obligation,
        "kind": debt.kind,
        "number": debt.number,
        "reporter": debt.masked,
        "state": debt.status,
        "attempt": debt.attempt,
        "sent_at": debt.since or None,
        "how": debt.how,
        "proof": debt.proof,
    }
