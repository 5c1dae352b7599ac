"""The states of cases and of work orders, and how a case's state follows from its facts. Pure.

A case's state is written nowhere: it is derived from its work orders, its debts and the few facts of `Standing`, here,
for the writer and for every reader. Which command is possible in which state says shared/moves.py.
"""

from collections.abc import Set
from typing import Literal

from msgspec import Struct

OrderState = Literal[
    "WAIT_SIGN", "HANDLING", "RETURN_ASKED", "EXTENSION_ASKED", "FED_BACK", "DONE", "RETURNED", "WITHDRAWN"
]
CaseState = Literal[
    "UNKNOWN", "PENDING_DISPATCH", "PENDING_SUPPLEMENT", "DISPATCHED", "HANDLING", "REWORK", "PENDING_AUDIT", "PARKED",
    "TRANSFERRED", "PENDING_REPLY", "PENDING_CALLBACK", "REOPEN_REQUESTED", "CLOSED", "ARCHIVED", "REJECTED_GUIDED",
    "WITHDRAWN", "MERGING", "MERGED", "LINKED",
]  # fmt: skip
End = Literal["closed", "referred", "withdrawn", "merged"]
"""How a case ended, or will end once its replies are settled."""
GONE: frozenset[OrderState] = frozenset({"RETURNED", "WITHDRAWN"})
"""Orders that count no longer: replaced, or taken back."""
ENDED: frozenset[OrderState] = GONE | {"DONE"}
ENDS: dict[End, CaseState] = {
    "closed": "CLOSED", "referred": "REJECTED_GUIDED", "withdrawn": "WITHDRAWN", "merged": "MERGED",
}  # fmt: skip
OVER: frozenset[CaseState] = frozenset(ENDS.values()) | {"ARCHIVED"}
"""Nothing is owed or at work any more; only another contact or a supervisor begins again."""


class Standing(Struct, frozen=True, kw_only=True):
    """The facts a case's state follows from.

    `orders`: states of this cycle's own orders that count, without those handed down; `again`: something is done for
    the second time; `transferred`: a partner has it or is asked; `waiting`: a reporter is still owed a reply;
    `merge`: into another case; `linked`: to an event case.
    """

    registered: bool
    closed: bool
    end: End
    archived: bool
    reopen_requested: bool
    parked: bool
    supplement: bool
    again: bool
    transferred: bool
    answered: bool
    waiting: bool
    orders: Set[OrderState]
    merge: Literal["", "asked", "done"] = ""
    linked: bool = False


def case_state(facts: Standing) -> CaseState:
    """The one state of a case."""
    if not facts.registered:
        return "UNKNOWN"
    if facts.merge:
        return "MERGED" if facts.merge == "done" else "MERGING"
    if facts.closed:
        return "ARCHIVED" if facts.archived else ENDS[facts.end]
    if facts.reopen_requested:
        return "REOPEN_REQUESTED"
    if facts.orders - {"DONE"}:
        return "PARKED" if facts.parked else _at_work(facts)
    return _without_open_orders(facts)


def _at_work(facts: Standing) -> CaseState:
    if facts.orders <= {"DONE", "FED_BACK"}:
        return "PENDING_AUDIT"
    if facts.orders <= {"WAIT_SIGN", "RETURN_ASKED"}:
        return "DISPATCHED"
    return "REWORK" if facts.again else "HANDLING"


def _without_open_orders(facts: Standing) -> CaseState:
    if facts.transferred:
        return "TRANSFERRED"
    if not facts.orders and not facts.answered:
        if facts.linked:
            return "LINKED"
        return "PENDING_SUPPLEMENT" if facts.supplement else "PENDING_DISPATCH"
    return "PENDING_REPLY" if facts.waiting else "PENDING_CALLBACK"
