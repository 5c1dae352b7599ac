"""intake's door for calls out: those that were made, and the lost calls that still want one (domain.md §10)."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from msgspec import UNSET, Meta, Struct
from msgspec.json import Decoder

from services.intake.asking import CALLERS_OUT, check_case_id, check_contact_id, sender_of, timed
from services.intake.bodies import OutboundBody
from services.intake.domain.missed import stored_state, tries_of
from services.intake.door import Door
from services.intake.missed_store import Mark, MissedStore, mark_of
from shared.documents import Document
from shared.plain import KEY, PlainRouter, answer, body_of, own_key, query_of
from shared.service import Problem
from shared.settings import Settings

_outbound = Decoder(OutboundBody)


class MissedQuery(Struct, frozen=True):
    """`after`: the `next` of the page before."""

    after: str = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class OutboundApi:
    """The routes of one intake process that agents and supervisors use to call out."""

    def __init__(self, settings: Settings, door: Door, missed: MissedStore) -> None:
        self._settings = settings
        self._door = door
        self._missed = missed

    def router(self) -> APIRouter:
        router = PlainRouter("intake")
        router.take("/calls/outbound", timed(self.call_out), OutboundBody, headers=(KEY,))
        router.read("/calls/missed", self.missed, MissedQuery)
        router.read("/calls/missed/{contact_id}", self.one)
        return router

    async def call_out(self, request: Request) -> Response:
        """A call made about a case becomes a contact and a note on the case; under the same key it is the same one.

        Of a lost call (`contact_id`) it is a try to reach its caller, and needs no case.
        """
        sender, key = sender_of(request, self._settings, CALLERS_OUT), own_key(request)
        body = await body_of(request, _outbound)
        return answer(await self._door.outbound(sender, key, body, await self._called_back(body)))

    async def missed(self, request: Request) -> Response:
        """Lost calls whose caller nobody has reached, who waits longest first; he is masked.

        The next page starts `after` the last one.
        """
        sender_of(request, self._settings, CALLERS_OUT)
        asked = query_of(request, MissedQuery)
        found = await self._missed.page(_mark(asked.after), asked.limit)
        following = mark_of(found[-1]) if len(found) == asked.limit else None
        mark = f"{following.at.isoformat()}|{following.contact}" if following else None
        return answer({"items": [_row(one) for one in found], "next": mark}, 200)

    async def one(self, request: Request) -> Response:
        """A lost call, also when its caller has been reached or came again (`state`)."""
        sender_of(request, self._settings, CALLERS_OUT)
        return answer(_row(await self._lost(request.path_params["contact_id"])), 200)

    async def _called_back(self, body: OutboundBody) -> str:
        """The sealed number of the lost call, if it is one that was called back. Raises Problem."""
        if body.contact_id is UNSET or body.case_id:
            check_case_id(body.case_id)
        if body.contact_id is UNSET:
            return ""
        if body.purpose != "missed_call":
            raise Problem(422, "invalid", "only a call of purpose missed_call answers a lost one - at `$.contact_id`")
        if body.promise and not body.case_id:
            raise Problem(422, "invalid", "what somebody promises belongs to a case - at `$.promise`")
        return str((await self._lost(body.contact_id))["offered"]["person"]["sealed"])

    async def _lost(self, contact: str) -> Document:
        """Raises Problem."""
        found = await self._missed.lost(check_contact_id(contact))
        if found is None:
            raise Problem(404, "no_such_call", f"no call {contact} was lost")
        return found


def _mark(after: str) -> Mark | None:
    """Raises Problem 422 for a mark that no page gave."""
    if not after:
        return None
    at, _, contact = after.partition("|")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise Problem(422, "invalid", f"after: {error}") from error
    if moment.tzinfo is None:
        raise Problem(422, "invalid", "after: a time without a zone")
    return Mark(moment, contact)


def _row(contact: Document) -> dict[str, Any]:
    offered, missed = contact["offered"], contact["missed"]
    tries = [
        {"at": one["time"], "by": one["actor"], "result": one["result"], "text": one["text"]}
        for one in tries_of(contact)
    ]
    return {
        "contact_id": contact["_id"],
        "state": stored_state(contact),
        "caller": offered["person"]["masked"],
        "receipt": offered["receipt"],
        "offered_at": offered["time"],
        "ended_at": contact["ended"]["time"],
        "tries": tries,
        "again_from": missed["again_from"],
    }
