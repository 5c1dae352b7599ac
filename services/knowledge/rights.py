"""Who may do what at this door, and how a refusal of the rules is told."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request

from services.knowledge.domain.denied import Denied, Missing
from shared.auth import Identity
from shared.service import Problem, caller
from shared.settings import Settings

EDITORS = frozenset({"editor", "supervisor"})
AGENTS = frozenset({"agent"})
SUPERVISORS = frozenset({"supervisor"})


def allowed(request: Request, settings: Settings, roles: frozenset[str]) -> Identity:
    """The sender, if he has one of the roles."""
    who = caller(request, settings)
    if who.role not in roles:
        raise Problem(403, "forbidden", f"{who.role} may not do this; it takes {', '.join(sorted(roles))}")
    return who


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turns what the rules say into an answer; `what` names the thing asked for."""
    try:
        yield
    except Missing as error:
        raise Problem(404, "not_found", f"there is no {what}") from error
    except Denied as error:
        raise Problem(409, error.reason, error.detail) from error
