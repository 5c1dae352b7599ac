"""Past cases as they were registered, for dry runs of the routing rules."""

from datetime import datetime
from typing import Any, Protocol

from pymongo import ASCENDING

from services.dispatch.domain.dry_run import Past
from services.dispatch.domain.grading import JUDGED
from services.dispatch.domain.situation import Situation
from shared.documents import Document
from shared.events.cases import CASES, CaseRegistered
from shared.events.envelope import decode
from shared.events.topics import is_case_id, lane_of
from shared.mongo import reachable

FIRST = 3
"""Records of a case's log among which its registration is."""


class PastCases(Protocol):
    async def page(self, after: str, limit: int) -> list[Past]:
        """Registered cases by id after `after`. Raises StoreAway."""
        ...

    async def one(self, case: str) -> Past | None:
        """By id or number."""
        ...


class MongoPast:
    """Reads the beginnings of the cases' logs."""

    def __init__(self, database: Any) -> None:
        self._cases = database.cases

    async def page(self, after: str, limit: int) -> list[Past]:
        query: Document = {"number": {"$ne": None}, "_id": {"$gt": after}}
        with reachable():
            found = self._cases.find(query, {"log": {"$slice": FIRST}}).sort("_id", ASCENDING).limit(limit)
            rows = await found.to_list(None)
        return [past for row in rows if (past := past_of(row)) is not None]

    async def one(self, case: str) -> Past | None:
        key = "_id" if is_case_id(case) else "number"
        with reachable():
            row = await self._cases.find_one({key: case}, {"log": {"$slice": FIRST}})
        return past_of(row) if row else None


def past_of(document: Document) -> Past | None:
    """From the case's first event; None where the beginning of its log is no registration."""
    for row in document.get("log", ()):
        envelope = decode(bytes(row["v"]))
        event = CASES.data(envelope)
        if isinstance(event, CaseRegistered):
            situation = _situation(envelope.subject, event, envelope.time)
            return Past(case=str(document["_id"]), number=event.number, situation=situation)
    return None


def _situation(case: str, event: CaseRegistered, at: datetime) -> Situation:
    """As the rules saw it; the priority counts as given only where a person gave it."""
    return Situation(
        title=event.title,
        text=event.text,
        at=at,
        request_type=event.request_type,
        topic=event.topic,
        area=event.area,
        priority=event.priority if event.priority_why == JUDGED else None,
        urgent=lane_of(case) == "urgent",
    )
