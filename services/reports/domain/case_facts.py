"""What one case contributes to the figures: a pure fold of every event, with a check that no sequence is missing."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from services.reports.domain import disputes
from services.reports.domain.disputes import Disputes
from shared.events import cases as e
from shared.events.cases import CASES
from shared.events.commands import URGENT, Clock
from shared.events.envelope import Envelope
from shared.ids import derive


class Missed(Struct, frozen=True, kw_only=True):
    """The resolve deadline `due` passed, and was told at `at`."""

    due: datetime
    at: datetime


class OrderFact(Struct, kw_only=True):
    """One work order; times are domain time. `silent`: signed by silent acceptance."""

    unit: str
    issued_at: datetime
    signed_at: datetime | None = None
    silent: bool = False
    answered_at: datetime | None = None
    done_at: datetime | None = None
    returned_at: datetime | None = None
    withdrawn_at: datetime | None = None
    sent_back: list[datetime] = field(default_factory=list)
    warned: dict[Clock, list[datetime]] = field(default_factory=dict)
    breached: dict[Clock, list[datetime]] = field(default_factory=dict)
    missed: list[Missed] = field(default_factory=list)
    """What `breached` has of the resolve clock, with its deadlines; without what was told before these were kept."""
    replaced: datetime | None = None
    """The last deadline in whose place an extension put a later one."""

    def gone(self) -> bool:
        """Returned or recalled: its unit has it no more."""
        return self.returned_at is not None or self.withdrawn_at is not None

    def late_at(self) -> datetime | None:
        """When it missed its deadline, for good: an extension that was approved after a deadline replaces it too.

        Who asked in time is not late because others judged late (按时办结率: domain.md §5).
        """
        found = self.missed or [Missed(due=at, at=at) for at in self.breached.get("resolve", ())]
        return next((one.at for one in found if self.replaced is None or one.due > self.replaced), None)


class DebtFact(Struct, kw_only=True):
    """One reply obligation; `how` is empty while it is owed, `waived` where it fell away."""

    opened_at: datetime
    settled_at: datetime | None = None
    how: str = ""


class FollowUp(Struct, kw_only=True):
    """`satisfaction` 5..1, 0: not asked."""

    at: datetime
    solved: bool
    satisfaction: int


class Counted(Struct, kw_only=True):
    """An event of a type that needs no more than counting."""

    type: str
    at: datetime


class CaseFact(Struct, kw_only=True):
    """Everything the figures need of a case, and of its reporters no more than who is the same person.

    `caller`: the first reporter under a name of reports' own, made one way of his blind reference; `gaps`: missing
    sequences, first to last. Text, type, topic, area and priority are as people know them now; `born` holds those of
    them that were others when the case was registered, because the figures of a day count cases as they came.
    """

    last: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)
    number: str = ""
    title: str = ""
    text: str = ""
    request_type: str = ""
    topic: str = ""
    area: str = ""
    priority: str = ""
    born: dict[str, str] = field(default_factory=dict)
    raised_at: datetime | None = None
    """When it last became P0 or P1 by a later judgement."""
    caller: str = ""
    registered_at: datetime | None = None
    waived: bool = False
    answered_at: datetime | None = None
    article: str = ""
    """The article that the desk answered from."""
    dispatched_at: datetime | None = None
    units: int = 0
    """How many units had it at once, at the most."""
    closed: bool = False
    closed_at: list[datetime] = field(default_factory=list)
    reopened_at: list[datetime] = field(default_factory=list)
    attached_at: list[datetime] = field(default_factory=list)
    follow_ups: list[FollowUp] = field(default_factory=list)
    orders: dict[str, OrderFact] = field(default_factory=dict)
    debts: dict[str, DebtFact] = field(default_factory=dict)
    others: list[Counted] = field(default_factory=list)
    warned: dict[Clock, list[datetime]] = field(default_factory=dict)
    breached: dict[Clock, list[datetime]] = field(default_factory=dict)
    """The case's own clocks, which belong to the centre."""
    disputes: Disputes = field(default_factory=Disputes)
    merged_into: str = ""

    def at_birth(self, name: str) -> str:
        """`request_type`, `topic`, `area` or `priority` as it was registered."""
        return self.born.get(name, str(getattr(self, name)))

    def urgent_since(self) -> datetime | None:
        """When it became P0 or P1, registered so or judged so later; None where it is neither now."""
        return (self.raised_at or self.registered_at) if self.priority in URGENT else None

    def is_open(self) -> bool:
        """Somebody still has to work on it; a merged case is its target's affair until the merge is undone."""
        return not self.closed and not self.merged_into

    def counting(self) -> list[OrderFact]:
        """All orders but the returned and recalled ones."""
        return [order for order in self.orders.values() if not order.gone()]

    def state(self) -> str:
        """One of merged, closed, answered, handling, waiting (for dispatch)."""
        if self.merged_into:
            return "merged"
        if self.closed:
            return "closed"
        counting = self.counting()
        if counting and all(order.done_at for order in counting):
            return "answered"
        return "handling" if counting else "waiting"


def fold(state: CaseFact | None, event: Envelope, data: Any) -> CaseFact:
    """The facts after the event; a missing sequence is written down as a gap."""
    case = state or CaseFact()
    if event.sequence > case.last + 1:
        case.gaps.append((case.last + 1, event.sequence - 1))
    case.last = event.sequence
    if told := disputes.APPLY.get(type(data)):
        told(case.disputes, data, event.time)
    apply = _APPLY.get(type(data))
    if apply is None:
        case.others.append(Counted(type=event.type, at=event.time))
    else:
        apply(case, data, event.time)
    return case


def _registered(case: CaseFact, data: e.CaseRegistered, at: datetime) -> None:
    for name in ("number", "title", "text", "request_type", "topic", "area", "priority"):
        setattr(case, name, getattr(data, name))
    who = data.reporter.person.caller_ref
    case.caller = derive("caller in reports", who) if who else ""
    case.registered_at = at
    case.waived = data.obligation_state == "waived"
    if data.obligation_state == "open":
        _owe(case, data.obligation, at)


def _owe(case: CaseFact, obligation: str, at: datetime) -> None:
    if obligation:
        case.debts.setdefault(obligation, DebtFact(opened_at=at))


def _regraded(case: CaseFact, data: e.CaseRegraded, at: datetime) -> None:
    if data.priority in URGENT and case.priority not in URGENT:
        case.raised_at = at
        _not_extended(case)
    _become(case, request_type=data.request_type, topic=data.topic, priority=data.priority)
    _counted(case, data, at)


def _not_extended(case: CaseFact) -> None:
    """What may not be extended any more is due as if it never had been (domain.md §3.3)."""
    for order in case.orders.values():
        if order.done_at is None:
            order.replaced = None


def _supplemented(case: CaseFact, data: e.CaseSupplemented, at: datetime) -> None:
    """Empty fields stay as they were."""
    case.text = "\n".join(part for part in (case.text, data.text) if part)
    _become(case, area=data.area or case.area, topic=data.topic or case.topic)
    _counted(case, data, at)


def _become(case: CaseFact, **fields: str) -> None:
    for name, value in fields.items():
        before = getattr(case, name)
        if value != before:
            case.born.setdefault(name, before)
            setattr(case, name, value)


def _counted(case: CaseFact, data: Struct, at: datetime) -> None:
    """The event itself is counted as well."""
    case.others.append(Counted(type=CASES.type_of(data), at=at))


def _answered(case: CaseFact, data: e.CaseAnswered, at: datetime) -> None:
    """What an event case answers was not answered at the desk."""
    if not data.event_case:
        case.answered_at = at
        case.article = data.knowledge.article if data.knowledge else ""


def _dispatched(case: CaseFact, data: e.CaseDispatched, at: datetime) -> None:
    """A later dispatch may add units to those that have the case already."""
    case.dispatched_at = case.dispatched_at or at
    case.units = max(case.units, len({*data.units, *(order.unit for order in case.counting())}))


def _issued(case: CaseFact, data: e.WorkOrderIssued, at: datetime) -> None:
    case.orders[data.order] = OrderFact(unit=data.unit, issued_at=at)


def _signed(case: CaseFact, data: e.WorkOrderSigned, at: datetime) -> None:
    order = case.orders[data.order]
    order.signed_at, order.silent = at, data.due is not None


def _order_answered(case: CaseFact, data: e.WorkOrderAnswered, at: datetime) -> None:
    case.orders[data.order].answered_at = at


def _done(case: CaseFact, data: e.WorkOrderDone, at: datetime) -> None:
    case.orders[data.order].done_at = at


def _returned(case: CaseFact, data: e.WorkOrderReturned, at: datetime) -> None:
    case.orders[data.order].returned_at = at


def _withdrawn(case: CaseFact, data: e.WorkOrderWithdrawn, at: datetime) -> None:
    case.orders[data.order].withdrawn_at = at


def _waived(case: CaseFact, data: e.CaseWithdrawn | e.CaseHandedBack, at: datetime) -> None:
    """Whoever still waited is owed nothing any more."""
    for debt in case.debts.values():
        if not debt.how:
            debt.settled_at, debt.how = at, "waived"
    _counted(case, data, at)


def _extended(case: CaseFact, data: e.WorkOrderExtended, at: datetime) -> None:
    order = case.orders[data.order]
    order.replaced = data.due or order.replaced
    _counted(case, data, at)


def _sent_back(case: CaseFact, data: e.WorkOrderSentBack, at: datetime) -> None:
    case.orders[data.order].sent_back.append(at)


def _settled(case: CaseFact, data: e.ReplySettled, at: datetime) -> None:
    debt = case.debts.setdefault(data.obligation, DebtFact(opened_at=at))
    debt.settled_at, debt.how = at, data.how


def _attached(case: CaseFact, data: e.ContactAttached, at: datetime) -> None:
    if not data.merge:
        case.attached_at.append(at)
    _owe(case, data.obligation, at)


def _followed_up(case: CaseFact, data: e.CaseFollowedUp, at: datetime) -> None:
    case.follow_ups.append(FollowUp(at=at, solved=data.solved, satisfaction=data.satisfaction))


def _closed(case: CaseFact, data: e.CaseClosed, at: datetime) -> None:
    case.closed = True
    case.closed_at.append(at)


def _reopen_requested(case: CaseFact, data: e.CaseReopenRequested, at: datetime) -> None:
    case.closed = False


def _reopened(case: CaseFact, data: e.CaseReopened, at: datetime) -> None:
    case.closed = False
    case.reopened_at.append(at)
    for obligation in data.obligations:
        _owe(case, obligation, at)


def _forget(case: CaseFact, obligations: Iterable[str]) -> None:
    """Owed by another case from now on; what was settled here stays."""
    for obligation in list(obligations):
        debt = case.debts.get(obligation)
        if debt is not None and debt.settled_at is None:
            del case.debts[obligation]


def _merged(case: CaseFact, data: e.CaseMerged, at: datetime) -> None:
    case.merged_into = data.target
    _forget(case, case.debts)
    _counted(case, data, at)


def _absorbed(case: CaseFact, data: e.CaseAbsorbed, at: datetime) -> None:
    for obligation in data.obligations:
        _owe(case, obligation, at)


def _released(case: CaseFact, data: e.CaseReleased, at: datetime) -> None:
    _forget(case, data.obligations)


def _separated(case: CaseFact, data: e.CaseSeparated, at: datetime) -> None:
    case.merged_into = ""
    for obligation in data.obligations:
        _owe(case, obligation, at)


def _split(case: CaseFact, data: e.CaseSplit, at: datetime) -> None:
    _forget(case, [data.obligation])


def _warned(case: CaseFact, data: e.DeadlineWarned, at: datetime) -> None:
    _tells(case, data.order).warned.setdefault(data.clock, []).append(at)


def _breached(case: CaseFact, data: e.DeadlineBreached, at: datetime) -> None:
    _tells(case, data.order).breached.setdefault(data.clock, []).append(at)
    if data.order and data.clock == "resolve":
        case.orders[data.order].missed.append(Missed(due=data.due, at=at))


def _tells(case: CaseFact, order: str) -> "OrderFact | CaseFact":
    """An order's clock, or the case's own where no order is named."""
    return case.orders[order] if order else case


_APPLY: dict[type[Struct], Callable[[CaseFact, Any, datetime], None]] = {
    e.CaseRegistered: _registered,
    e.CaseRegraded: _regraded,
    e.CaseSupplemented: _supplemented,
    e.CaseAnswered: _answered,
    e.CaseDispatched: _dispatched,
    e.WorkOrderIssued: _issued,
    e.WorkOrderSigned: _signed,
    e.WorkOrderAnswered: _order_answered,
    e.WorkOrderDone: _done,
    e.WorkOrderReturned: _returned,
    e.WorkOrderExtended: _extended,
    e.WorkOrderSentBack: _sent_back,
    e.WorkOrderWithdrawn: _withdrawn,
    e.CaseWithdrawn: _waived,
    e.CaseHandedBack: _waived,
    e.ReplySettled: _settled,
    e.ContactAttached: _attached,
    e.CaseFollowedUp: _followed_up,
    e.CaseClosed: _closed,
    e.CaseReopenRequested: _reopen_requested,
    e.CaseReopened: _reopened,
    e.CaseMerged: _merged,
    e.CaseAbsorbed: _absorbed,
    e.CaseReleased: _released,
    e.CaseSeparated: _separated,
    e.CaseSplit: _split,
    e.DeadlineWarned: _warned,
    e.DeadlineBreached: _breached,
}
