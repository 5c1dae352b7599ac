"""What every route checks of a request: who sends it, and which case or contact is meant; and how long it took."""

import re
import time
from collections.abc import Collection

from fastapi import Request, Response

from services.intake.door import Sender
from shared import names
from shared.events.topics import is_case_id
from shared.plain import Plain
from shared.service import Problem, caller
from shared.settings import Settings

CALLERS_OUT = frozenset({"agent", "supervisor"})
"""Who calls out for the centre, and may see the number of a lost call."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def sender_of(request: Request, settings: Settings, roles: Collection[str]) -> Sender:
    """Who sends it, if of one of these roles (`unit` for any unit). Raises Forbidden and Problem 403."""
    identity = caller(request, settings)
    if identity.role.split(":")[0] not in roles:
        raise Problem(403, "forbidden", f"{identity.role} may not do this; it takes {', '.join(sorted(roles))}")
    return Sender(identity, request.headers.get("traceparent", ""))


def check_case_id(case: str) -> None:
    """Raises Problem 422."""
    if not is_case_id(case) or not _UUID.fullmatch(case[2:]):
        raise Problem(422, "invalid", "a case's id is N- or U- and a UUID - at `$.case_id`")


def check_contact_id(contact: str) -> str:
    """The id again; raises Problem 422."""
    if not _UUID.fullmatch(contact):
        raise Problem(422, "invalid", "a contact's id is the UUID that this service gave to the contact")
    return contact


def timed(endpoint: Plain) -> Plain:
    """The same endpoint, its time observed."""

    async def accept(request: Request) -> Response:
        started = time.perf_counter()
        response = await endpoint(request)
        names.ACCEPT_SECONDS.observe(time.perf_counter() - started)
        return response

    accept.__name__, accept.__doc__ = endpoint.__name__, endpoint.__doc__
    return accept
