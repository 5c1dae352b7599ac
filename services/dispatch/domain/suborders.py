"""Orders handed down from a unit to a lower one (下派); the higher unit answers for them."""

from datetime import datetime, timedelta

from services.dispatch.domain.case import Case, Order
from services.dispatch.domain.context import Context, Events, Rules
from services.dispatch.domain.orders import check_units, new_id, own_order
from services.dispatch.domain.rejected import Rejected
from shared.deadlines import Extension, Matter, granted, stood
from shared.events import cases as e
from shared.events import commands as c


def delegate(case: Case, command: c.Delegate, context: Context) -> Events:
    order = own_order(case, command.order, context)
    check_units((command.unit,), context)
    if context.rules.parents.get(command.unit) != order.unit:
        raise Rejected("not_below", f"{command.unit} is no lower unit of {order.unit}")
    if any(one.unit == command.unit for one in case.children(order)):
        raise Rejected("already_issued", f"{command.unit} works on it already")
    return [
        e.WorkOrderIssued(
            order=new_id(case, command.unit, order.cycle, order.returns),
            unit=command.unit,
            role=order.role,
            cycle=order.cycle,
            returns=order.returns,
            priority=case.priority,
            request_type=case.request_type,
            topic=case.topic,
            area=case.area,
            parent=order.id,
            due=_due(case, order, command, context),
            text=command.text,
        )
    ]


def _due(case: Case, order: Order, command: c.Delegate, context: Context) -> datetime:
    """Before the higher unit's own deadline; a share of the time left where it does not say when."""
    limit = due_of(case, order, context.rules)
    if command.due is None:
        return context.at + max(limit - context.at, timedelta()) * context.rules.child_share
    if not context.at < command.due < limit:
        raise Rejected("not_earlier", f"the lower unit's deadline lies between now and {limit.isoformat()}")
    return command.due


def due_of(case: Case, order: Order, rules: Rules) -> datetime:
    """The order's resolve deadline as sla counts it: table or own, from a rise of priority on, moved by parking."""
    matter = Matter(priority=case.priority, request_type=case.request_type, topic=case.topic, area=case.area)
    about = (matter, order.unit, order.profile)
    start = max(order.issued_at, case.raised_at or order.issued_at)
    due, since, _ = granted(rules.resolve(start, *about), start, order.due, _extension(order))
    return stood(due, since, case.parked, rules.parked(*about))[0]


def _extension(order: Order) -> Extension | None:
    """A case written before `extended_at` was kept had no parking kept either."""
    if order.due is None or not order.extensions:
        return None
    return Extension(at=order.extended_at or order.issued_at, until=order.due)
