"""Which event starts and stops which clock: one table, by which sla counts and dispatch judges."""

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from shared.events import cases as e
from shared.events.commands import Clock

ORDER_CLOCKS: tuple[Clock, ...] = ("sign", "contact", "resolve", "progress")
"""Those of a unit, which start when its order is given out."""
ALL: tuple[Clock, ...] = (*ORDER_CLOCKS, "audit", "approve")
CASE_CLOCKS: tuple[Clock, ...] = ("audit", "reply", "follow_up")


class Change(NamedTuple):
    """Clocks that an event stops, starts (again) at its time, or lets go on as if they had not stopped."""

    stops: tuple[Clock, ...] = ()
    starts: tuple[Clock, ...] = ()
    goes_on: tuple[Clock, ...] = ()


_ORDER: dict[type[Struct], Change] = {
    e.WorkOrderIssued: Change((), ORDER_CLOCKS),
    e.WorkOrderSigned: Change(("sign",)),
    e.WorkOrderReturnAsked: Change(("sign",), ("approve",)),
    e.WorkOrderReturned: Change(ALL),
    e.WorkOrderReturnRefused: Change(("approve",)),
    e.CaseArbitrationOpened: Change(("sign", "approve")),
    e.WorkOrderExtensionAsked: Change((), ("approve",)),
    e.WorkOrderExtended: Change(("approve",)),
    e.WorkOrderExtensionRefused: Change(("approve",)),
    e.WorkOrderProgressed: Change((), ("progress",)),
    e.WorkOrderAnswered: Change((*ORDER_CLOCKS, "approve"), ("audit",)),
    e.WorkOrderSentBack: Change(("audit",), ("progress",), ("resolve",)),
    e.WorkOrderDone: Change(ALL),
    e.WorkOrderWithdrawn: Change(ALL),
}
_CASE: dict[type[Struct], Change] = {
    e.CaseRegistered: Change((), ("audit",)),
    e.CaseAnswered: Change(("audit",)),
    e.CaseDispatched: Change(("audit",)),
    e.WorkOrderIssued: Change(("audit",)),
    e.CaseParked: Change((), ("audit",)),
    e.CaseResumed: Change(("audit",)),
    e.TransferAsked: Change(("audit",)),
    e.CaseReopenRequested: Change(("archive",), ("audit",)),
    e.CaseReopened: Change(("follow_up", "archive"), ("audit",)),
    e.ReplyOwed: Change((), ("reply",)),
    e.CaseFollowedUp: Change(("follow_up",)),
    e.CaseReferred: Change(("audit", "follow_up")),
    e.CaseWithdrawn: Change(CASE_CLOCKS),
    e.CaseClosed: Change(CASE_CLOCKS, ("archive",)),
    e.CaseArchived: Change(("archive",)),
    e.CaseHandedBack: Change(CASE_CLOCKS),
    e.CaseMerged: Change(CASE_CLOCKS),
    e.CaseLinked: Change(CASE_CLOCKS),
    e.CaseSeparated: Change((), ("audit",)),
    e.CaseDetached: Change((), ("audit",)),
}

FREES: tuple[type[Struct], ...] = (e.WorkOrderWithdrawn, e.TransferRefused, e.TransferCompleted)
"""After these a dispatcher decides anew, where nobody else is at work."""

_SUPERVISION: dict[type[Struct], Change] = {
    e.SupervisionOpened: Change((), ("supervision",)),
    e.SupervisionAnswered: Change(("supervision",)),
    e.SupervisionSentBack: Change((), (), ("supervision",)),
    e.SupervisionClosed: Change(("supervision",)),
}


EVENTS: frozenset[type[Struct]] = frozenset(
    {*_ORDER, *_CASE, *FREES, *_SUPERVISION, e.WorkOrderContacted, e.ReplySettled}
)
"""All events that change a clock."""


def of_order(data: Struct) -> Change:
    """What the event does to the clocks of the order it is about."""
    if isinstance(data, e.WorkOrderContacted):
        return Change(("contact",) if data.reached else ())
    return _ORDER.get(type(data), Change())


def of_supervision(data: Struct) -> Change:
    """What it does to the clock of the supervised order, or of the case where the document is about the whole."""
    return _SUPERVISION.get(type(data), Change())


def of_case(data: Struct, owed: bool, idle: bool) -> Change:
    """What it does to the case's own clocks, once it has happened.

    `owed`: replies are still owed; `idle`: no unit and no partner has the case or has answered it.
    """
    if idle and isinstance(data, FREES):
        return Change((), ("audit",))
    if isinstance(data, e.ReplySettled):
        return Change() if owed else Change(("reply",), ("follow_up",))
    return _CASE.get(type(data), Change())


def ends_orders(data: Struct) -> bool:
    """Whether the clocks of all orders stop for good."""
    return isinstance(data, e.CaseClosed | e.CaseWithdrawn | e.CaseReferred | e.CaseHandedBack)


def stop(stopped: dict[Clock, datetime], change: Change, now: datetime) -> None:
    """Keep the moments at which clocks stopped: the first stop counts until the clock starts again."""
    for clock in change.stops:
        stopped.setdefault(clock, now)
    for clock in (*change.starts, *change.goes_on):
        stopped.pop(clock, None)
