"""The switch of surge mode, always with a reason and an end (domain.md §1: menus only in a surge)."""

from datetime import datetime

from services.knowledge.domain.denied import Denied
from shared.events.knowledge import Surge


def switched(known: Surge | None, *, on: bool, why: str, by: str, until: datetime, now: datetime) -> Surge:
    """The next position of the switch; the same one again is a repeat. Raises Denied."""
    if known is not None and (known.on, known.why, known.by, known.until) == (on, why, by, until):
        return known
    if until <= now:
        raise Denied("ends_in_the_past", f"`until` is not after now, {now.isoformat(timespec='seconds')}")
    return Surge(version=known.version + 1 if known else 1, on=on, why=why, by=by, at=now, until=until)
