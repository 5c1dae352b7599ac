"""Under which surge profile work is given out: decided here, recorded in the event, held until the order ends."""

from msgspec import Struct, structs

from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Context, Events
from shared.deadlines import Matter
from shared.events import cases as e


def profiled(case: Case, events: Events, context: Context) -> Events:
    """The events, those that give out work with the profile that is on and made for the matter."""
    if not context.profiles:
        return events
    about: Struct = next((one for one in events if isinstance(one, e.CaseRegistered)), case)
    return [_profiled(one, about, context) for one in events]


def _profiled(event: Struct, about: Struct, context: Context) -> Struct:
    """An order handed down or given again says itself what it is about; the rest is as the case."""
    if isinstance(event, e.WorkOrderIssued):
        return structs.replace(event, profile=context.rules.profile(_matter(event, about), context.profiles))
    if isinstance(event, e.CaseDispatched):
        return structs.replace(event, profile=context.rules.profile(_matter(about, about), context.profiles))
    return event


def _matter(one: Struct, other: Struct) -> Matter:
    given = {name: getattr(one, name) or getattr(other, name) for name in Matter.__struct_fields__}
    return Matter(**given)
