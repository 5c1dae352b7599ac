"""Who has a case open at this moment: one document per case, one field per person, forgotten after a while."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.auth import Identity
from shared.ids import derive

HERE_S = 25.0
"""A page says every ten seconds that it is open."""


def here(who: Identity, now: float) -> dict[str, Any]:
    """Fields to set at `now` (unix seconds); `at` lets the database forget the document."""
    said = {"actor": who.actor, "unit": who.unit, "subject": who.subject, "at": now}
    return {"at": datetime.fromtimestamp(now, UTC), derive("presence", who.role, who.subject): said}


def others(document: Mapping[str, Any], who: Identity, now: float) -> list[str]:
    """Actors who are here beside this person, by name; a unit sees its own people alone."""
    said = [one for one in document.values() if isinstance(one, Mapping) and now - one["at"] < HERE_S]
    seen = [one for one in said if (one["actor"], one["subject"]) != (who.actor, who.subject)]
    return sorted({str(one["actor"]) for one in seen if not who.unit or one["unit"] == who.unit})
