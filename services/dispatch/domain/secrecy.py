"""What leaves this service of a report of misconduct: its matter, and nobody who reported it (domain.md §11).

The log of the case keeps what was said. Who may know it learns it from the desk, by its two-person reveal.
"""

from msgspec import Struct
from msgspec.structs import replace

from services.dispatch.domain.case import Case
from shared.elements import told
from shared.events.cases import CaseSupplemented
from shared.privacy import is_secret


def text_of(case: Case) -> str:
    return told(case.text) if is_secret(case.request_type) else case.text


def reporter_of(case: Case) -> str:
    """Masked; empty for who reported misconduct."""
    return "" if is_secret(case.request_type) else case.reporter


def news(case: Case, event: Struct) -> Struct:
    """An event as departments read it."""
    if isinstance(event, CaseSupplemented) and is_secret(case.request_type):
        return replace(event, text=told(event.text))
    return event
