"""Work orders: who gets one, who signs it, what its unit answers and what the auditor makes of that."""

from typing import Protocol

from services.dispatch.domain.case import Case, Order, state_of
from services.dispatch.domain.context import Context, Events, Routing
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.replies import pay
from shared.events import cases as e
from shared.events import commands as c
from shared.ids import derive


class Matter(Protocol):
    """What an order inherits: from the case, or from the registration that is just being decided."""

    @property
    def priority(self) -> c.Priority: ...
    @property
    def request_type(self) -> c.RequestType: ...


def assign(case: Case, command: c.Assign, context: Context) -> Events:
    if case.current():
        raise Rejected("already_issued", f"orders are out; the case is {state_of(case)}")
    if state_of(case) not in ("PENDING_DISPATCH", "TRANSFERRED"):
        raise Rejected("not_pending", f"the case is {state_of(case)}, not PENDING_DISPATCH")
    routing = Routing(
        priority=case.priority,
        rule="person",
        why=context.actor,
        lead=command.lead,
        supporting=command.supporting,
    )
    return dispatch(case, case, context, routing)


def dispatch(case: Case, matter: Matter, context: Context, routing: Routing) -> Events:
    supporting = tuple(dict.fromkeys(unit for unit in routing.supporting if unit != routing.lead))
    units = (routing.lead, *supporting)
    check_units(units, context)
    head = e.CaseDispatched(rule=routing.rule, why=routing.why, policy_version=context.rules.version, units=units)
    lead = issue(case, routing.lead, "lead", matter, cycle=case.cycle)
    return [head, lead, *(issue(case, unit, "supporting", matter, cycle=case.cycle) for unit in supporting)]


def check_units(units: tuple[str, ...], context: Context) -> None:
    unknown = [unit for unit in units if unit not in context.rules.units]
    if unknown:
        raise Rejected("unit_unknown", f"no such unit: {', '.join(unknown)}")


def issue(
    case: Case, unit: str, role: e.UnitRole, matter: Matter, *, cycle: int, returns: int = 0
) -> e.WorkOrderIssued:
    return e.WorkOrderIssued(
        order=new_id(case, unit, cycle, returns),
        unit=unit,
        role=role,
        cycle=cycle,
        returns=returns,
        priority=matter.priority,
        request_type=matter.request_type,
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
    order = case.order(order_id)
    actor = context.actor
    if order is None or (actor.startswith("unit:") and order.unit != actor.removeprefix("unit:")):
        raise Rejected("not_its_order", "this unit has no such order on this case")
    return order


def sign(case: Case, command: c.Sign, context: Context) -> Events:
    order = own_order(case, command.order, context)
    stopped = order.stopped.get("sign")
    if order.state != "WAIT_SIGN":
        why = f"the order is {order.state}" + (f" since {stopped.isoformat()}" if stopped else "")
        raise Rejected("already_signed", why)
    return [e.WorkOrderSigned(order=order.id, unit=order.unit, due=command.due)]


def answer(case: Case, command: c.Answer, context: Context) -> Events:
    order = own_order(case, command.order, context)
    if order.state != "HANDLING":
        raise Rejected("not_signed", f"the order is {order.state}; only a signed order can be answered")
    return [
        e.WorkOrderAnswered(
            order=order.id,
            unit=order.unit,
            public_answer=command.public_answer,
            internal=command.internal,
            solved=command.solved,
        )
    ]


def audit(case: Case, command: c.Audit, context: Context) -> Events:
    order = own_order(case, command.order, context)
    if order.state != "FED_BACK":
        raise Rejected("nothing_to_audit", f"the order is {order.state}; no answer waits for audit")
    if not command.passed:
        return [e.WorkOrderSentBack(order=order.id, unit=order.unit, reason=command.reason)]
    done: Events = [e.WorkOrderDone(order=order.id, unit=order.unit)]
    others = [other for other in case.current() if other.id != order.id]
    if case.transferred() or any(other.state != "DONE" for other in others):
        return done
    return done + pay(case, case.answers(), context)
