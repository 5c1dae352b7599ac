"""When the units and partners of a case have done enough; then the rest is recalled and replies are payable."""

from collections.abc import Sequence

from services.dispatch.domain.case import Case, Order
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.orders import withdrawn
from services.dispatch.domain.replies import pay

JOINED = "joined"
"""Why an order is taken back that was still open when the others had done enough."""


def conclude(
    case: Case, context: Context, *, done: str = "", gone: str = "", partner: str = "", result: str = ""
) -> Events:
    """What follows where an order is `done` or `gone`, or a transfer (`partner`) is over with this `result`.

    Nothing while the case waits for others, or where nobody has answered at all: then a dispatcher decides.
    """
    orders = [order for order in case.current() if order.id != gone]
    ready = [order for order in orders if order.state == "DONE" or order.id == done]
    if any(not one.over() and one.id != partner for one in case.transfers) or not _joined(case, orders, ready, context):
        return []
    results = [*case.results(), *([result] if result else [])]
    if not ready and not results:
        return []
    late = [order for order in orders if order not in ready]
    answer = "\n".join([*(order.answer for order in ready), *results])
    return [*withdrawn(case, late, JOINED), *pay(case, answer, context)]


def _joined(case: Case, orders: Sequence[Order], ready: Sequence[Order], context: Context) -> bool:
    """Whether so many are ready as the case's join policy asks for; without a lead unit it asks for all."""
    leads = [order for order in orders if order.role == "lead"]
    if case.join == "quorum":
        return len(ready) >= min(context.rules.quorum, len(orders))
    if case.join == "lead" and leads:
        return all(order in ready for order in leads)
    return len(ready) == len(orders)
