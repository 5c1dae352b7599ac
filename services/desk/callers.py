"""What an agent sees beside a call: its caller's cases, and how far the form of the call's matters is."""

from typing import Any

from services.desk.domain.calls import Call
from services.desk.domain.matters import Matters, matters_of
from services.desk.session import Visitor
from services.desk.store import Store
from shared.states import OVER

HISTORY = 8


async def cases_of(store: Store, call: Call) -> dict[str, Any]:
    """The call with its caller's cases, open ones first, as `_caller.html` shows them."""
    found = await store.of_caller(call.caller_ref, HISTORY + 1) if call.caller_ref else []
    cases = found[:HISTORY]
    still_open = [case for case in cases if case.state not in OVER]
    over = [case for case in cases if case.state in OVER]
    return {"call": call, "open_cases": still_open, "history": over, "more": found[HISTORY:] != []}


async def matters_at(store: Store, by: Visitor, contact: str) -> Matters:
    """Of this agent on this call."""
    return matters_of(await store.get("drafts", draft_of(by, contact)))


def draft_of(by: Visitor, contact: str) -> str:
    """The form that this agent fills about the call."""
    return f"{by.who.subject}/{contact}"
