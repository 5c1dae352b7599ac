"""The switches of a surge, of the menus and of each profile, always with a reason and an end."""

from datetime import datetime

from services.knowledge.domain.denied import Denied
from shared.events.knowledge import ProfileSwitch, Surge


def switched(known: Surge | None, *, on: bool, why: str, by: str, until: datetime, now: datetime) -> Surge:
    """The next position of the switch; the same one again is a repeat. Raises Denied."""
    if known is not None and (known.on, known.why, known.by, known.until) == (on, why, by, until):
        return known
    _check(until, now)
    return Surge(version=known.version + 1 if known else 1, on=on, why=why, by=by, at=now, until=until)


def profile_switched(
    known: ProfileSwitch | None, *, profile: str, on: bool, why: str, by: str, until: datetime, now: datetime
) -> ProfileSwitch:
    """The next position of a profile's switch; the same one again is a repeat. Raises Denied."""
    if known is not None and (known.on, known.why, known.by, known.until) == (on, why, by, until):
        return known
    _check(until, now)
    version = known.version + 1 if known else 1
    return ProfileSwitch(profile=profile, version=version, on=on, why=why, by=by, at=now, until=until)


def _check(until: datetime, now: datetime) -> None:
    if until <= now:
        raise Denied("ends_in_the_past", f"`until` is not after now, {now.isoformat(timespec='seconds')}")
