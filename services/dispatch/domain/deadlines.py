"""Deadlines that pass, told once each and judged by domain time."""

from typing import Any

from services.dispatch.domain.case import Case, Order
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.orders import own_order
from services.dispatch.domain.rejected import Rejected
from shared.events import cases as e
from shared.events import commands as c


def _running(case: Case, command: Any, context: Context) -> Order:
    """The order whose clock ran out; rejected if the clock had stopped at or before `due`."""
    order = own_order(case, command.order, context)
    stopped = order.stopped.get(command.clock)
    if stopped is not None and stopped <= command.due:
        raise Rejected("clock_stopped", f"the {command.clock} clock stopped at {stopped.isoformat()}")
    return order


def warn(case: Case, command: c.Warn, context: Context) -> Events:
    order = _running(case, command, context)
    if command.clock in order.warned:
        raise Rejected("already_warned", f"the {command.clock} clock has warned")
    return [e.DeadlineWarned(clock=command.clock, order=order.id, unit=order.unit, due=command.due)]


def breach(case: Case, command: c.Breach, context: Context) -> Events:
    order = _running(case, command, context)
    if command.clock in order.breached:
        raise Rejected("already_breached", f"the {command.clock} clock is breached")
    return [e.DeadlineBreached(clock=command.clock, order=order.id, unit=order.unit, due=command.due)]
