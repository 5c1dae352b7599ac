"""Remarks and calls out, which change no state."""

from msgspec import structs

from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.rejected import Rejected
from shared.events import cases as e
from shared.events import commands as c


def note(case: Case, command: c.Note, context: Context) -> Events:
    unit = context.actor.removeprefix("unit:")
    if unit != context.actor and all(order.unit != unit for order in case.orders):
        raise Rejected("not_its_case", "this unit has no order on the case")
    return [e.CaseNoted(**structs.asdict(command))]
