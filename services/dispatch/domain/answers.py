"""What a unit does with its order: contact, progress, answer; and what those above it make of the answer."""

from services.dispatch.domain.case import Case, Order
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.joins import conclude
from services.dispatch.domain.orders import judged_order, own_order, withdrawn
from services.dispatch.domain.rejected import Rejected
from shared.events import cases as e
from shared.events import commands as c


def report_contact(case: Case, command: c.ReportContact, context: Context) -> Events:
    order = own_order(case, command.order, context)
    return [e.WorkOrderContacted(order=order.id, unit=order.unit, reached=command.reached, text=command.text)]


def report_progress(case: Case, command: c.ReportProgress, context: Context) -> Events:
    order = own_order(case, command.order, context)
    return [e.WorkOrderProgressed(order=order.id, unit=order.unit, text=command.text)]


def answer(case: Case, command: c.Answer, context: Context) -> Events:
    """A unit answers once everything that it handed down has ended."""
    order = own_order(case, command.order, context)
    check_childless(case, order)
    if not command.public_answer.strip():
        raise Rejected("blank_answer", "public_answer: the citizen is to be told something")
    return [
        e.WorkOrderAnswered(
            order=order.id,
            unit=order.unit,
            public_answer=command.public_answer,
            internal=command.internal,
            solved=command.solved,
        )
    ]


def check_childless(case: Case, order: Order) -> None:
    """Raises Rejected while lower units are at work on a part of the order."""
    open_ones = case.children(order)
    if open_ones:
        units = ", ".join(one.unit for one in open_ones)
        raise Rejected("children_open", f"{units} still works on it; wait for the answer, or recall that order")


def audit(case: Case, command: c.Audit, context: Context) -> Events:
    order = judged_order(case, command.order, context)
    if not command.passed:
        return [e.WorkOrderSentBack(order=order.id, unit=order.unit, reason=command.reason)]
    done = e.WorkOrderDone(order=order.id, unit=order.unit)
    return [done] if order.parent else [done, *conclude(case, context, done=order.id)]


def recall(case: Case, command: c.Recall, context: Context) -> Events:
    """The order and all that was handed down from it; where the others have answered, the case goes on with them."""
    order = judged_order(case, command.order, context)
    events = withdrawn(case, [order], command.reason)
    return events if order.parent else [*events, *conclude(case, context, gone=order.id)]
