"""What of a case's events concerns one of its units (domain.md §11): its own orders, and what befalls the whole case.

The centre's own work does not: remarks, hand-overs, routing, partners, other cases, and who has been told what.
"""

from typing import Any

WHOLE = frozenset({
    "case.registered", "case.supplemented", "contact.attached", "case.regraded", "case.parked", "case.resumed",
    "case.answered", "case.followed_up", "case.closed", "case.reopened", "case.withdrawn", "case.referred",
    "case.archived",
})  # fmt: skip
"""What befalls the whole case, so that each of its units is to know."""
NOTED = "case.noted"


def part(unit: str, kind: str, actor: str, data: dict[str, Any]) -> dict[str, Any] | None:
    """What the unit sees of an event's data; nothing of what is not its affair.

    Of a call out it sees that to itself, without the remark of the centre.
    """
    if kind == NOTED and actor != f"unit:{unit}":
        return {**data, "text": ""} if data.get("callee") == unit else None
    return data if kind in WHOLE or kind == NOTED or data.get("unit") == unit else None
