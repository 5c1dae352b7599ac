"""What a citizen sees of his case, and how often somebody may try."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from services.desk.domain.sheet import Contact, Sheet
from shared.clock import CHINA
from shared.ids import receipt_code
from shared.policy import Policy
from shared.privacy import redact
from shared.states import CaseState

_URGED = frozenset({"PENDING_DISPATCH", "DISPATCHED", "HANDLING", "PENDING_AUDIT", "TRANSFERRED"})
STEPS = ("registered", "dispatched", "handling", "answered", "replied", "closed")


class Step(Struct, frozen=True):
    """One step of the way: done, the present one, or to come."""

    name: str
    stands: Literal["done", "now", "later"]
    at: datetime | None = None


class Tries(Policy):
    """Part of desk.yaml: so many tries in so many seconds, per visitor and per case number."""

    per_visitor: int
    per_number: int
    window_s: float


def contact_of(sheet: Sheet, code: str) -> Contact | None:
    """The contact whose pickup code this is."""
    wanted = code.strip().upper()
    return next((one for one in sheet.contacts if len(wanted) == 8 and receipt_code(one.id) == wanted), None)


def may_rate(sheet: Sheet) -> bool:
    """The reply has been told, and nobody has asked yet whether it helped."""
    return sheet.state == "PENDING_CALLBACK"


def may_urge(sheet: Sheet, today: str) -> bool:
    """A case at work, once a day; `today` is what the day's urging says."""
    urged = any(entry.data.get("text") == today for entry in sheet.timeline if entry.type == "contact.attached")
    return sheet.state in _URGED and not urged


def urging(now: datetime) -> str:
    """The text of a day's urging: the same text again is the same command, so a day has one."""
    return f"市民催办 {now.astimezone(CHINA):%Y-%m-%d}"


def rating_body(form: Mapping[str, str]) -> dict[str, Any] | None:
    """Body of the command `follow_up`; None where a mark is missing."""
    if form.get("satisfaction") not in ("1", "2", "3", "4", "5") or form.get("solved") not in ("yes", "no"):
        return None
    comment = redact(form.get("comment", "").strip())[:500]
    return {"solved": form["solved"] == "yes", "satisfaction": int(form["satisfaction"]), "comment": comment}


def steps(sheet: Sheet) -> list[Step]:
    """The steps in their order, with the moments at which they were reached in this cycle."""
    reached = _REACHED[sheet.state]
    times = _times(sheet)
    return [
        Step(name, "done" if n < reached else "now" if n == reached else "later", times.get(name))
        for n, name in enumerate(STEPS)
    ]


_REACHED: dict[CaseState, int] = {
    "UNKNOWN": 0, "PENDING_DISPATCH": 0, "PENDING_SUPPLEMENT": 0, "DISPATCHED": 1, "HANDLING": 2, "REWORK": 2,
    "PARKED": 2, "TRANSFERRED": 2, "PENDING_AUDIT": 3, "PENDING_REPLY": 3, "PENDING_CALLBACK": 4, "REOPEN_REQUESTED": 0,
    "CLOSED": 5, "ARCHIVED": 5, "REJECTED_GUIDED": 5, "WITHDRAWN": 5, "MERGED": 5,
    "MERGING": 1, "LINKED": 2,
}  # fmt: skip
_EVENTS = {
    "case.registered": "registered",
    "work_order.issued": "dispatched",
    "work_order.signed": "handling",
    "work_order.answered": "answered",
    "case.answered": "answered",
    "reply.settled": "replied",
    "case.closed": "closed",
}


def _times(sheet: Sheet) -> dict[str, datetime]:
    return {_EVENTS[entry.type]: entry.time for entry in sheet.timeline if entry.type in _EVENTS}


class Limiter:
    """Tries within a sliding window, per key; forgets what is older."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._tries: dict[str, deque[float]] = {}

    def allow(self, key: str, most: int, now: float) -> bool:
        """Count a try at `now` (seconds); false when there were `most` in the window already."""
        self._forget(now)
        tries = self._tries.setdefault(key, deque())
        if len(tries) >= most:
            return False
        tries.append(now)
        return True

    def _forget(self, now: float) -> None:
        for key, tries in list(self._tries.items()):
            while tries and tries[0] <= now - self._window_s:
                tries.popleft()
            if not tries:
                del self._tries[key]
