"""What a citizen sees of his case, and how often somebody may try."""

import re
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from services.desk.domain.sheet import Contact, Entry, Sheet
from shared.clock import CHINA
from shared.events.topics import LANES
from shared.ids import case_id, receipt_code
from shared.policy import Policy
from shared.privacy import redact
from shared.states import OVER, CaseState

_URGED = frozenset({"PENDING_DISPATCH", "DISPATCHED", "HANDLING", "REWORK", "PENDING_AUDIT", "TRANSFERRED"})
STEPS = ("registered", "dispatched", "handling", "answered", "replied", "closed")


class Step(Struct, frozen=True):
    """One step of the way: done, the present one, or to come."""

    name: str
    stands: Literal["done", "now", "later"]
    at: datetime | None = None


class Earlier(Struct, frozen=True):
    """The reply of a former cycle."""

    text: str
    at: datetime


class Tries(Policy):
    """Part of desk.yaml: so many tries in so many seconds, per case number, and per visitor of those that failed."""

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


def may_supplement(sheet: Sheet) -> bool:
    """As long as somebody works on the case, or waits for what he has to add."""
    return sheet.state in _URGED or sheet.state == "PENDING_SUPPLEMENT"


def supplementing(typed: str) -> str:
    """What the citizen adds, without numbers, at most 1,000 characters; empty where he says nothing."""
    text = redact(typed.strip())[:1000]
    return f"市民补充：{text}" if text else ""


def urging(now: datetime) -> str:
    """The text of a day's urging: the same text again is the same command, so a day has one."""
    return f"市民催办 {now.astimezone(CHINA):%Y-%m-%d}"


def rating_body(form: Mapping[str, str]) -> dict[str, Any] | None:
    """Body of the command `follow_up`; None where a mark is missing."""
    if form.get("satisfaction") not in ("1", "2", "3", "4", "5") or form.get("solved") not in ("yes", "no"):
        return None
    comment = redact(form.get("comment", "").strip())[:500]
    return {"solved": form["solved"] == "yes", "satisfaction": int(form["satisfaction"]), "comment": comment}


def ids_of(typed: str) -> list[str]:
    """The cases that a case's id, or the contact's id of a message over the web, may stand for; none for a number."""
    low = typed.lower()
    if _UUID.fullmatch(low):
        return [case_id(lane, low, 1) for lane in LANES]
    return [low[0].upper() + low[1:]] if low[:2] in ("n-", "u-") and _UUID.fullmatch(low[2:]) else []


def steps(sheet: Sheet) -> list[Step]:
    """What happened in this cycle, and what is to come; a step that was left out is neither."""
    times, most = _times(sheet), _MOST[sheet.state]
    reached = [name for name in STEPS[: most + 1] if name in times and name != "closed"] or ["registered"]
    if end := _end(sheet):
        return [*_done(reached, times), Step(end, "now", times.get("merged" if end == "merged" else "closed"))]
    present = reached.pop()
    known = max(STEPS.index(present), most if most >= STEPS.index("answered") else 0)
    to_come = [Step(name, "later") for name in STEPS[known + 1 :]]
    return [*_done(reached, times), Step(present, "now", times.get(present)), *to_come]


def _done(names: list[str], times: Mapping[str, datetime]) -> list[Step]:
    return [Step(name, "done", times.get(name)) for name in names]


def _end(sheet: Sheet) -> str:
    if sheet.state == "MERGED":
        return "merged"
    return (sheet.end if sheet.end != "merged" else "closed") if sheet.state in OVER else ""


def notes(sheet: Sheet) -> list[str]:
    """What the steps do not say: why the case waits, or where it goes on."""
    again = sheet.cycle > 1 and not sheet.answer and sheet.state not in OVER
    state = "referred" if sheet.end == "referred" else _NOTES.get(sheet.state, "")
    return [*(["again"] if again else []), *([state] if state else [])]


def missing(sheet: Sheet, contact: Contact) -> str:
    """The word for a case without a reply: only who left a number can be told."""
    if sheet.state in OVER:
        return "none"
    return "no_reply" if contact.masked else "no_reply_here"


def earlier(sheet: Sheet) -> list[Earlier]:
    """The replies of former cycles, the oldest first."""
    found: list[Earlier] = []
    last: Earlier | None = None
    for entry in sheet.timeline:
        if entry.type in ("reply.owed", "case.answered") and entry.data.get("answer"):
            last = Earlier(entry.data["answer"], entry.time)
        elif entry.type in _NEW_CYCLE and last:
            found, last = [*found, last], None
    return found


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NOTES: dict[CaseState, str] = {
    "PENDING_SUPPLEMENT": "supplement", "PARKED": "parked", "TRANSFERRED": "transferred", "MERGING": "merging",
    "MERGED": "merged", "LINKED": "linked", "REOPEN_REQUESTED": "reopen", "WITHDRAWN": "withdrawn",
}  # fmt: skip
_MOST: dict[CaseState, int] = {
    "UNKNOWN": 0, "PENDING_DISPATCH": 0, "PENDING_SUPPLEMENT": 0, "LINKED": 0, "REOPEN_REQUESTED": 0, "DISPATCHED": 1,
    "HANDLING": 2, "REWORK": 2, "PARKED": 2, "TRANSFERRED": 2, "MERGING": 2, "PENDING_AUDIT": 3, "PENDING_REPLY": 3,
    "PENDING_CALLBACK": 4, "CLOSED": 5, "ARCHIVED": 5, "REJECTED_GUIDED": 5, "WITHDRAWN": 5, "MERGED": 2,
}  # fmt: skip
"""The furthest step that a state allows; which of them were taken, the events say."""
_NEW_CYCLE = frozenset({"case.reopened", "case.separated"})
_EVENTS = {
    "case.registered": "registered",
    "work_order.issued": "dispatched",
    "work_order.signed": "handling",
    "transfer.accepted": "handling",
    "work_order.answered": "answered",
    "transfer.completed": "answered",
    "reply.settled": "replied",
    "case.closed": "closed",
    "case.merged": "merged",
}


def _times(sheet: Sheet) -> dict[str, datetime]:
    """When this cycle's steps were taken; a case is registered once for all of them."""
    times: dict[str, datetime] = {}
    for entry in sheet.timeline:
        if entry.type in _NEW_CYCLE:
            times = {name: at for name, at in times.items() if name == "registered"}
        if name := _step_of(entry):
            times[name] = entry.time
    return times


def _step_of(entry: Entry) -> str:
    if entry.type == "case.answered":
        return "answered" if entry.data.get("event_case") else "replied"
    if entry.type == "reply.settled" and entry.data.get("how") == "unreachable":
        return ""
    return _EVENTS.get(entry.type, "")


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

    def forgive(self, key: str) -> None:
        """The last try of this key does not count."""
        if tries := self._tries.get(key):
            tries.pop()

    def _forget(self, now: float) -> None:
        for key, tries in list(self._tries.items()):
            while tries and tries[0] <= now - self._window_s:
                tries.popleft()
            if not tries:
                del self._tries[key]
