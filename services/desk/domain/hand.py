"""The calls in one agent's hands: the one on his page, and those he answered and nothing came of yet."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from services.desk.domain.calls import Call
from services.desk.domain.matters import Matters

EMPTY = Call(id="")


class Resumed(Struct, frozen=True):
    """The call to which the agent last went back, and when."""

    resumed: str = ""
    resumed_at: datetime | None = None


class Hand(NamedTuple):
    """`current` is on the page, with its `matters`; `left` are the others that still want him, the newest first."""

    current: Call
    matters: Matters
    left: list[Call]


def hand_of(calls: Sequence[Call], matters: Mapping[str, Matters], back: Resumed, since: datetime) -> Hand:
    """`calls`: what the agent answered, the newest first; `matters` of each of them.

    On the page is the newest until he finishes it, or the one to which he has gone back since it came. Of the others,
    those from before `since` are not asked about any more.
    """
    newest = calls[:1]
    wanting = [one for one in newest if not matters[one.id].finished]
    wanting += [one for one in calls[1:] if matters[one.id].left and one.answered_at and one.answered_at >= since]
    again = [call for call in wanting if call.id == back.resumed and not _came_since(newest[0], back.resumed_at)]
    current = next(iter(again or [call for call in newest if call in wanting]), EMPTY)
    return Hand(current, matters.get(current.id, Matters()), [call for call in wanting if call is not current])


def _came_since(call: Call, moment: datetime | None) -> bool:
    return moment is None or (call.answered_at is not None and call.answered_at > moment)
