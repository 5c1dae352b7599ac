"""Lost calls: who asked for a person and was answered by nobody is called back (漏话回拨).

National policy of 2025 wants it (domain.md §1.5, §10). Whether a call was lost, and what came of calling back, follows
from the facts of its own contact, whatever their order; that its caller came again is looked up beside it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct
from pydantic import Field

from shared.documents import Document
from shared.events.contacts import CONTACTS, TO_A_PERSON, CalledBack, CallResult, KeyPressed
from shared.policy import Policy

State = Literal["open", "made_up", "reached", "unreachable"]
STAGES: dict[State, int] = {"open": 1, "made_up": 2, "reached": 3, "unreachable": 4}
"""Of two states that are known of one call the one with the higher stage counts, so that their order does not matter.

`made_up`: its caller came again, and was served or lost once more.
"""
MOST_NUMBER = 1_000_000
"""The highest number that a telephone system gives an event of a call."""
_NOBODY: frozenset[CallResult] = frozenset({"busy", "no_answer"})
_KEY, _CALLED_BACK = CONTACTS.types[KeyPressed], CONTACTS.types[CalledBack]


class CallBacks(Policy):
    """Part of outbound.yaml: what counts as lost, and how long somebody is called back.

    `apart_minutes`: a try counts only so long after the last one that counted (3 attempts at different hours, then
    联系不上: domain.md §3.2).
    """

    short_s: float = Field(ge=0)
    tries: int = Field(ge=1)
    apart_minutes: int = Field(ge=0)


class Missed(Struct, frozen=True, kw_only=True):
    """A lost call; `again_from`: until then a further try does not count, None before the first one."""

    state: State
    ref: str
    at: datetime
    again_from: datetime | None


def stored_state(contact: Document) -> State | None:
    """What is stored of a lost call; None of every other contact, also of one that was answered after all."""
    if "answered" in contact:
        return None
    stage = contact.get("missed", {}).get("stage")
    return next((state for state, one in STAGES.items() if one == stage), None)


def is_lost(contact: Document, short_s: float) -> bool:
    """A call that is over, was answered by nobody, and had asked for a person (as reports and the desk count it).

    It asked by its last key; without any key, unless the menu ended it or it was over at once.
    """
    offered, ended = contact.get("offered"), contact.get("ended")
    if not offered or not ended or "answered" in contact or offered["channel"] != "call":
        return False
    keys = _of_type(contact, _KEY)
    if keys:
        return keys[-1]["action"] in TO_A_PERSON
    return bool(ended["by"] != "ivr") and (ended["time"] - offered["time"]).total_seconds() >= short_s


def missed_of(contact: Document, policy: CallBacks) -> Missed | None:
    """What the contact's own facts say; None where it is no lost call, or nobody knows whom to call."""
    ref = ref_of(contact)
    if not ref or not is_lost(contact, policy.short_s):
        return None
    tries = tries_of(contact)
    failed = counted((one["time"] for one in tries if not reached(one["result"])), policy)
    state: State = "unreachable" if len(failed) >= policy.tries else "open"
    return Missed(
        state="reached" if any(reached(one["result"]) for one in tries) else state,
        ref=ref,
        at=contact["offered"]["time"],
        again_from=failed[-1] + timedelta(minutes=policy.apart_minutes) if failed else None,
    )


def ref_of(contact: Document) -> str:
    """The caller's blind reference; empty for an anonymous one."""
    return str(contact.get("offered", {}).get("person", {}).get("caller_ref", ""))


def tries_of(contact: Document) -> list[dict[str, Any]]:
    """Calls back to this contact's caller, the first one first."""
    return sorted(_of_type(contact, _CALLED_BACK), key=lambda one: one["time"])


def reached(result: CallResult) -> bool:
    """Whether somebody was spoken to, were it only to refuse."""
    return result not in _NOBODY


def counted(times: Iterable[datetime], policy: CallBacks) -> list[datetime]:
    """Of these tries those that count, in their order: as many as there can be so far apart."""
    found: list[datetime] = []
    for at in sorted(times):
        if not found or at - found[-1] >= timedelta(minutes=policy.apart_minutes):
            found.append(at)
    return found


def own_number(call: str) -> int:
    """Number of the fact that this call out adds to the one that it answers: its own, so that a repeat is a repeat."""
    return MOST_NUMBER + 1 + int(call.replace("-", "")[:12], 16)


def _of_type(contact: Document, kind: str) -> list[dict[str, Any]]:
    """The contact's facts of one type, by number."""
    events = sorted(contact.get("events", {}).items(), key=lambda item: int(item[0]))
    return [event for _, event in events if event["type"] == kind]
