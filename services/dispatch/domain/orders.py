"""Work orders: who gets one, who signs it, and how the centre takes one back."""

from collections.abc import Iterable
from typing import Protocol

from services.dispatch.domain.case import Case, Order
from services.dispatch.domain.context import Context, Events, Routing
from services.dispatch.domain.rejected import Rejected
from shared.events import cases as e
from shared.events import commands as c
from shared.ids import derive
from shared.states import ENDED


class Matter(Protocol):
    """What an order inherits: from the case, or from the registration that is just being decided."""

    @property
    def priority(self) -> c.Priority: ...
    @property
    def request_type(self) -> c.RequestType: ...
    @property
    def topic(self) -> str: ...
    @property
    def area(self) -> str: ...


def assign(case: Case, command: c.Assign, context: Context) -> Events:
    """The first units of a case, or more of them (加派); a case has one lead at a time."""
    lead = next((order.unit for order in case.current() if order.role == "lead"), "")
    if lead and command.lead not in ("", lead):
        raise Rejected("already_issued", f"{lead} is in the lead; recall its order, or add supporting units only")
    busy = {order.unit for order in case.counting()}
    routing = Routing(
        priority=case.priority,
        rule="person",
        why=context.actor,
        lead="" if lead else command.lead,
        supporting=tuple(unit for unit in command.supporting if unit not in busy),
    )
    if routing.lead in busy or (lead and not routing.supporting):
        raise Rejected("already_issued", "the units named have orders of this case already")
    return dispatch(case, case, context, routing, case.join if case.current() else command.join_policy)


def dispatch(case: Case, matter: Matter, context: Context, routing: Routing, join: c.JoinPolicy = "all") -> Events:
    """Orders to the lead unit, unless the case has one, and to each supporting unit."""
    has_lead = any(order.role == "lead" for order in case.current())
    lead = () if has_lead else (routing.lead,)
    supporting = tuple(dict.fromkeys(unit for unit in routing.supporting if unit != routing.lead))
    units = (*lead, *supporting)
    check_units(units, context)
    head = e.CaseDispatched(
        rule=routing.rule,
        why=routing.why,
        policy_version=context.rules.version,
        units=units,
        join_policy=join,
    )
    first = [issue(case, unit, "lead", matter, cycle=case.cycle) for unit in lead]
    return [head, *first, *(issue(case, unit, "supporting", matter, cycle=case.cycle) for unit in supporting)]


def check_units(units: tuple[str, ...], context: Context) -> None:
    unknown = [unit for unit in units if unit not in context.rules.units]
    if unknown:
        raise Rejected("unit_unknown", f"no such unit: {', '.join(unknown)}")


def issue(
    case: Case, unit: str, role: e.UnitRole, matter: Matter, *, cycle: int, returns: int = 0, instead_of: str = ""
) -> e.WorkOrderIssued:
    return e.WorkOrderIssued(
        order=new_id(case, unit, cycle, returns),
        unit=unit,
        role=role,
        cycle=cycle,
        returns=returns,
        priority=matter.priority,
        request_type=matter.request_type,
        topic=matter.topic,
        area=matter.area,
        instead_of=instead_of,
    )


def new_id(case: Case, unit: str, cycle: int, returns: int) -> str:
    """Derived; a unit that had such an order before, which was recalled, gets a further one."""
    known = {order.id for order in case.orders}
    made, nth = derive("order", case.id, unit, cycle, returns), 1
    while made in known:
        nth += 1
        made = derive("order", case.id, unit, cycle, returns, nth)
    return made


def own_order(case: Case, order_id: str, context: Context) -> Order:
    """The order; for a unit only one of its own."""
    order = case.order(order_id)
    if order is None or (context.role == "unit" and order.unit != context.subject):
        raise Rejected("not_its_order", "this unit has no such order on this case")
    return order


def judged_order(case: Case, order_id: str, context: Context) -> Order:
    """The order that somebody above its unit judges: the centre, or the unit that handed it down."""
    order = case.order(order_id)
    above = case.order(order.parent) if order else None
    if order is None or (context.role == "unit" and (above is None or above.unit != context.subject)):
        raise Rejected("not_its_order", "this unit has handed down no such order")
    return order


def sign(case: Case, command: c.Sign, context: Context) -> Events:
    """By the unit, or by its silence, which sla tells: only that can be undone until `due`."""
    order = own_order(case, command.order, context)
    if command.due is not None and context.role != "service":
        raise Rejected("no_deadline", "due belongs to silent acceptance; a unit signs without it")
    return [e.WorkOrderSigned(order=order.id, unit=order.unit, due=command.due)]


def withdrawn(case: Case, orders: Iterable[Order], reason: str) -> Events:
    """Orders taken back, each told, and before each of them what was handed down from it."""
    events: Events = []
    for order in orders:
        if order.state in ENDED:
            continue
        events += withdrawn(case, case.children(order), reason)
        events.append(e.WorkOrderWithdrawn(order=order.id, unit=order.unit, reason=reason))
    return events
