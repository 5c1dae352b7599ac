"""Remarks and calls out, which change no state."""

from msgspec import structs

from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.dates import check_date
from services.dispatch.domain.rejected import Rejected
from shared.events import cases as e
from shared.events import commands as c


def note(case: Case, command: c.Note, context: Context) -> Events:
    unit = context.actor.removeprefix("unit:")
    if unit != context.actor and all(order.unit != unit for order in case.orders):
        raise Rejected("not_its_case", "this unit has no order on the case")
    # A call that intake has recorded is history already, and nobody waits for what becomes of its note.
    if command.promise_due is not None and not command.contact_id:
        check_date("promise_due", command.promise_due, context)
    return [e.CaseNoted(**structs.asdict(command))]
