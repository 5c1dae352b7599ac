"""The keeper of a case: the agent who tracks it from unit to unit until it is solved."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.rejected import Rejected
from shared.events import cases as e
from shared.events import commands as c


def keep(case: Case, command: c.Keep, context: Context) -> Events:
    """An agent takes what nobody keeps, or hands over his own; with a note where the case had a keeper."""
    if not command.keeper or command.keeper == case.keeper:
        raise Rejected("nothing_new", f"the keeper is {case.keeper or 'nobody'}; name another one")
    if context.role == "agent" and case.keeper not in ("", context.subject):
        raise Rejected("not_its_keeper", f"{case.keeper} keeps the case; he or a supervisor hands it over")
    if case.keeper and not command.note:
        raise Rejected("no_note", "tell the next keeper how the case stands")
    return [e.CaseKept(keeper=command.keeper, note=command.note)]


def _kept(case: Case, event: e.CaseKept, now: datetime) -> None:
    case.keeper, case.unkept_since = event.keeper, None


APPLY: dict[type[Struct], Callable[[Case, Any, datetime], None]] = {e.CaseKept: _kept}
