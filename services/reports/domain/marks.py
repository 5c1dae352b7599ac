"""Marks: what a fact counts for, by domain day. A day's figures are sums over marks, so that the database can add up.

A day of a fact is `{"d": "2021-01-13", "m": [marks], "ms": milliseconds}`; facts with the same marks form one group.
`ms` is whole, so that a sum does not depend on its order: of a contact its wait, of a case its time to the close.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from services.reports.domain.case_facts import CaseFact, DebtFact, OrderFact
from services.reports.domain.contact_facts import ContactFact, Touch
from shared.clock import CHINA
from shared.events.contacts import TO_A_PERSON
from shared.events.deliveries import CHANNELS

ANSWER_TARGET_S = 15.0
SHORT_ABANDON_S = 5.0
SATISFIED, STRICTLY_SATISFIED = 3, 4
NOT_REPLIED = {"waived": "replies_waived", "unreachable": "replies_unreachable"}
"""How a debt ended without a reply → what it counts as: who could not be reached was told nothing."""


class Mark(NamedTuple):
    at: datetime
    name: str
    ms: int = 0


class Tally(NamedTuple):
    """Sums over the facts of some days: how often each mark, and milliseconds of its facts by kind of fact."""

    counts: Counter[str]
    wait_ms: int = 0
    handled_ms: int = 0


def tally_of(cases: Iterable[CaseFact], contacts: Iterable[ContactFact] = ()) -> Tally:
    """The sums over whole facts, whatever their days."""
    case_rows = [day for case in cases for day in case_days(case)]
    contact_rows = [day for contact in contacts for day in contact_days(contact)]
    counts = Counter(mark for day in (*case_rows, *contact_rows) for mark in day["m"])
    return Tally(counts, sum(day["ms"] for day in contact_rows), sum(day["ms"] for day in case_rows))


def day_of(at: datetime) -> str:
    """The domain day (00:00–24:00 +08:00)."""
    return at.astimezone(CHINA).date().isoformat()


def _days(marks: Iterable[Mark]) -> list[dict[str, Any]]:
    days: dict[str, dict[str, Any]] = {}
    at: datetime | None = None
    day: dict[str, Any] = {}
    for mark in marks:
        if mark.at is not at:  # many marks of one moment
            at, day = mark.at, days.setdefault(day_of(mark.at), {"m": [], "ms": 0})
        day["m"].append(mark.name)
        day["ms"] += mark.ms
    return [{"d": name, "m": sorted(day["m"]), "ms": day["ms"]} for name, day in sorted(days.items())]


def case_days(case: CaseFact) -> list[dict[str, Any]]:
    return _days(_case_marks(case))


def contact_days(contact: ContactFact) -> list[dict[str, Any]]:
    return _days(_contact_marks(contact))


def _case_marks(case: CaseFact) -> Iterator[Mark]:
    yield from _birth(case)
    yield from _handling(case)
    for order in case.orders.values():
        yield from _order_marks(order)
    for debt in case.debts.values():
        yield Mark(debt.opened_at, "replies_owed")
        yield from _paid(debt)
    yield from (Mark(at, "warnings") for times in case.warned.values() for at in times)
    yield from (Mark(at, "breaches") for times in case.breached.values() for at in times)
    yield from (Mark(other.at, f"event:{other.type}") for other in case.others)


def _paid(debt: DebtFact) -> Iterator[Mark]:
    if debt.settled_at is None:
        return
    if debt.how in NOT_REPLIED:
        yield Mark(debt.settled_at, NOT_REPLIED[debt.how])
        return
    yield Mark(debt.settled_at, "replies_settled")
    yield Mark(debt.settled_at, "replies_delivered" if debt.how in CHANNELS else "replies_by_person")


def _birth(case: CaseFact) -> Iterator[Mark]:
    at = case.registered_at
    if at is None:
        return
    yield Mark(at, "accepted")
    for dimension in ("request_type", "topic", "area", "priority"):
        yield Mark(at, f"{dimension}:{case.at_birth(dimension)}")
    if case.waived:
        yield Mark(at, "replies_waived")
    if case.answered_at:
        yield Mark(case.answered_at, "answered_at_desk")
        yield Mark(case.answered_at, "told_from_knowledge" if case.article else f"untold:{case.at_birth('topic')}")


def _handling(case: CaseFact) -> Iterator[Mark]:
    sent = case.dispatched_at
    if sent:
        yield Mark(sent, "dispatched")
        if case.units > 1:
            yield Mark(sent, "to_several_units")
        if case.registered_at and day_of(case.registered_at) == day_of(sent):
            yield Mark(sent, "dispatched_same_day")
        if case.closed_at:
            yield Mark(case.closed_at[0], "handled", round((case.closed_at[0] - sent).total_seconds() * 1000))
    yield from (Mark(at, "closed") for at in case.closed_at)
    yield from (Mark(at, "reopened") for at in case.reopened_at)
    yield from (Mark(at, "called_again") for at in case.attached_at)
    for call in case.follow_ups:
        yield Mark(call.at, "followed_up")
        if call.solved:
            yield Mark(call.at, "solved")
        if call.satisfaction:
            yield Mark(call.at, "rated")
            yield from (Mark(call.at, name) for name, floor in _RATINGS if call.satisfaction >= floor)


_RATINGS = (("satisfied", SATISFIED), ("strictly_satisfied", STRICTLY_SATISFIED))


def _order_marks(order: OrderFact) -> Iterator[Mark]:
    """Each step for the city and for the unit."""
    for at, name in _steps(order):
        if at is not None:
            yield Mark(at, f"orders_{name}")
            yield Mark(at, f"unit:{order.unit}:{name}")
    if order.signed_at and not order.silent and "sign" not in order.breached:
        yield Mark(order.signed_at, "orders_signed_in_time")
    yield from (Mark(at, "warnings") for times in order.warned.values() for at in times)
    yield from (Mark(at, "breaches") for times in order.breached.values() for at in times)


def _steps(order: OrderFact) -> Iterator[tuple[datetime | None, str]]:
    """Overdue an order is once, however often its deadline moved and passed again; `breaches` counts each time."""
    late = order.late_at()
    yield order.issued_at, "issued"
    yield order.signed_at, "signed"
    yield order.done_at, "done"
    yield None if late else order.done_at, "done_in_time"
    yield order.returned_at, "returned"
    yield order.withdrawn_at, "withdrawn"
    yield from ((at, "sent_back") for at in order.sent_back)
    yield next(iter(order.breached.get("sign", ())), None), "overdue_sign"
    yield late, "overdue_resolve"


def _contact_marks(contact: ContactFact) -> Iterator[Mark]:
    for touch in contact.events.values():
        if touch.kind == "placed":
            yield Mark(touch.at, "placed")
            yield Mark(touch.at, f"purpose:{touch.purpose}")
    offered = contact.first("offered")
    if offered is None:
        return
    yield Mark(offered.at, "offered")
    yield Mark(offered.at, f"channel:{offered.channel}")
    ended = contact.first("ended")
    if ended is not None and ended.served and ended.by == "ivr":
        yield Mark(offered.at, "served_by_ivr")
    if offered.channel == "call":
        yield from _call_marks(contact, offered, ended)


def _call_marks(contact: ContactFact, offered: Touch, ended: Touch | None) -> Iterator[Mark]:
    """Asked for a person: a key that leads there, or no key at all and not served by the menu."""
    yield Mark(offered.at, "calls")
    keys = [touch.action for touch in contact.in_order("key")]
    if keys:
        yield Mark(offered.at, "ivr_used")
    answered = contact.first("answered")
    asked = keys[-1] in TO_A_PERSON if keys else not (ended is not None and ended.by == "ivr")
    if not (asked or answered):
        return
    yield Mark(offered.at, "asked_for_person")
    if answered is not None:
        yield Mark(offered.at, "answered", round(answered.wait_s * 1000))
        if answered.wait_s <= ANSWER_TARGET_S:
            yield Mark(offered.at, "answered_in_15s")
    elif ended is not None:
        yield Mark(offered.at, "abandoned")
        if (ended.at - offered.at).total_seconds() < SHORT_ABANDON_S:
            yield Mark(offered.at, "abandoned_short")
