"""The lists of cases that wait for somebody, by name, each with the nearest deadline first."""

import asyncio
from collections.abc import Iterable
from datetime import datetime

from services.desk.domain.sheet import Sheet
from services.desk.store import Store, Wanted

MOST = 15
"""Rows where several lists stand on one page."""
AGENTS = ("supplement", "callback")
"""Completing a sheet and asking a caller afterwards are an agent's work too (domain.md §2.1)."""
Lists = dict[str, tuple[list[Sheet], int]]
"""Name → the first rows, and how many there are (at most 1,000 are counted)."""


def wanted(now: datetime) -> dict[str, Wanted]:
    return {
        "dispatch": Wanted(case_states=("PENDING_DISPATCH",)),
        "returns": Wanted(order_states=("RETURN_ASKED",)),
        "extensions": Wanted(order_states=("EXTENSION_ASKED",)),
        "audit": Wanted(order_states=("FED_BACK",)),
        "breaches": Wanted(order_states=("WAIT_SIGN", "HANDLING"), due_before=now),
        "reports": Wanted(supervised=("ANSWERED",)),
        "supervised": Wanted(supervised=("ISSUED",)),
        "supplement": Wanted(case_states=("PENDING_SUPPLEMENT",)),
        "reply": Wanted(case_states=("PENDING_REPLY",)),
        "reopen": Wanted(case_states=("REOPEN_REQUESTED",)),
        "callback": Wanted(case_states=("PENDING_CALLBACK",)),
        "parked": Wanted(case_states=("PARKED",)),
    }


async def begun(store: Store, now: datetime, names: Iterable[str] = ()) -> Lists:
    """The beginning of these lists, of all where none is named."""
    every = wanted(now)
    asked = {name: every[name] for name in names or every}
    pages = await asyncio.gather(*(store.page(one, "", MOST) for one in asked.values()))
    counts = await asyncio.gather(*(store.count(one) for one in asked.values()))
    return {name: (page.sheets, count) for name, page, count in zip(asked, pages, counts, strict=True)}
