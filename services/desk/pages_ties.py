"""What ties a case to others: merged, absorbed, part of an event case; and which look like the same matter."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.desk.cases import Cases
from services.desk.clients import Reply
from services.desk.desk import Desk
from services.desk.domain import rights
from services.desk.domain.sheet import Sheet
from services.desk.session import Visitor
from shared.moves import BY_VERB

MOST_MEMBERS = 20
NONE = Reply(200, {"items": []})


def ties_router(desk: Desk) -> APIRouter:
    """GET /cases/{case}/ties"""
    router = APIRouter(prefix="/cases", include_in_schema=False)
    router.get("/{case}/ties")(Ties(desk).ties)
    return router


class Ties:
    """Handlers of one desk process; nothing is kept here."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cases = Cases(desk)

    async def ties(self, request: Request, case: str) -> Response:
        """A fragment for staff: a unit learns nothing of other cases."""
        by = self._desk.visitor(request, *rights.STAFF)
        sheet = await self._cases.find(by, case)
        verbs = {action.verb for action in rights.actions(by.who, sheet)}
        duplicates = await self._ask(by, sheet, "duplicates") if verbs & {"merge_into", "link"} else NONE
        members = await self._ask(by, sheet, "members", limit=str(MOST_MEMBERS)) if sheet.event else NONE
        others = await self._cases.known(_named(sheet, duplicates))
        return self._desk.page(
            request, "_ties.html", by, case=sheet, duplicates=duplicates, members=members, others=others, verbs=verbs,
            suggested=_suggested(sheet, duplicates, others), may_undo=by.who.role in BY_VERB["undo_merge"].roles,
        )  # fmt: skip

    async def _ask(self, by: Visitor, sheet: Sheet, what: str, **query: str) -> Reply:
        return await self._desk.ask(by, "dispatch", "GET", f"/cases/{sheet.id}/{what}", **query)


def _named(sheet: Sheet, duplicates: Reply) -> list[str]:
    tied = [sheet.merged_into, sheet.event_case, *sheet.absorbed.values()]
    return [case for case in (*tied, *(one["case"] for one in duplicates.items())) if case]


def _suggested(sheet: Sheet, duplicates: Reply, others: dict[str, Sheet]) -> list[dict[str, Any]]:
    """None across the line of secrecy: that two cases have one caller would tell who reported misconduct."""
    return [one for one in duplicates.items() if one["case"] in others and rights.alike(sheet, others[one["case"]])]
