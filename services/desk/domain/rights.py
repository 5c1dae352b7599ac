"""Who sees what of a case (domain.md §11), and which actions a role has on it."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from services.desk.domain.sheet import Entry, Order, Sheet, Supervision
from shared import privacy
from shared.auth import Identity
from shared.concerns import part
from shared.elements import told
from shared.moves import Move, possible

STAFF = frozenset({"agent", "dispatcher", "auditor", "supervisor"})
BOARD = frozenset({"supervisor", "dispatcher", "auditor"})
REVEALERS = frozenset({"agent", "dispatcher", "supervisor"})


class Action(Struct, frozen=True):
    """A command that the person may send now, about an order, a supervision, a transfer, else the case."""

    verb: str
    order: str = ""
    supervision: str = ""
    transfer: str = ""


def may_see(who: Identity, sheet: Sheet) -> bool:
    """Staff see every case, a unit those on which it has or had an order, nobody else any."""
    return bool(sheet.of_unit(who.unit)) if who.unit else who.role in STAFF


def is_secret(sheet: Sheet) -> bool:
    """Its reporter appears under an alias until two persons agree (domain/reveals.py)."""
    return privacy.is_secret(sheet.request_type)


def alike(one: Sheet, other: Sheet) -> bool:
    """Whether both are secret or neither is: what is merged across that line would show who reported misconduct."""
    return is_secret(one) == is_secret(other)


def reporters(sheet: Sheet) -> list[str]:
    """Masked reporters; empty strings stand for an alias."""
    return ["" if is_secret(sheet) else contact.masked for contact in sheet.contacts]


def text(sheet: Sheet) -> str:
    """What was told; of a secret case without who told it, which two persons may see (pages_reveals)."""
    return told(sheet.text) if is_secret(sheet) else sheet.text


def may_reveal(who: Identity, sheet: Sheet) -> bool:
    """Whether this person alone may see the numbers for a reason; a unit while an order of its is at work."""
    if is_secret(sheet):
        return False
    if who.unit:
        return any(order.state in ("WAIT_SIGN", "HANDLING") for order in sheet.of_unit(who.unit))
    return who.role in REVEALERS


def orders(who: Identity, sheet: Sheet) -> list[Order]:
    """A unit sees its own orders alone."""
    return sheet.of_unit(who.unit) if who.unit else sheet.orders


def due(who: Identity, sheet: Sheet) -> datetime | None:
    """A unit's own deadline is what it is shown."""
    if not who.unit:
        return sheet.due
    mine = [order.due for order in sheet.counting() if order.unit == who.unit and order.due is not None]
    return None if sheet.parked else min(mine, default=None)


def supervisions(who: Identity, sheet: Sheet) -> list[Supervision]:
    """A unit sees those that it has to answer; where none is named, every unit of the case."""
    return [one for one in sheet.supervisions if not who.unit or one.unit in ("", who.unit)]


def timeline(who: Identity, sheet: Sheet) -> list[Entry]:
    """Newest first. A unit sees what concerns it; nobody sees in it who reported a secret case."""
    entries = list(reversed(sheet.timeline))
    if who.unit:
        parts = [part(who.unit, entry.type, entry.actor, entry.data) for entry in entries]
        entries = [replace(entry, data=data) for entry, data in zip(entries, parts, strict=True) if data is not None]
    return [_anonymous(entry) for entry in entries] if is_secret(sheet) else entries


def _anonymous(entry: Entry) -> Entry:
    said = entry.data.get("text")
    return replace(entry, data={**entry.data, "text": told(said)}) if said else entry


def actions(who: Identity, sheet: Sheet) -> list[Action]:
    """What this person may do now, orders first; only what the desk has a form for."""
    found = [
        Action(move.verb, order.id)
        for order in sheet.counting()
        for move in possible(sheet.state, order.state)
        if move.verb in FORMS and _may(who, move, order, sheet)
    ]
    role = "unit" if who.unit else who.role
    moves = [move.verb for move in possible(sheet.state) if move.verb in FORMS and role in move.roles]
    found += [action for verb in moves for action in _about(who, sheet, verb)]
    return sorted(found, key=lambda action: FORMS.index(action.verb))


def _about(who: Identity, sheet: Sheet, verb: str) -> list[Action]:
    """For each document or overdue transfer that the verb is about, else for the case."""
    if verb in SUPERVISED:
        documents = supervisions(who, sheet)
        return [Action(verb, supervision=one.id) for one in documents if one.state in SUPERVISED[verb]]
    if verb == "end_transfer":
        return [Action(verb, transfer=key) for key, one in sheet.transfers.items() if one.overdue and not one.over]
    return [Action(verb)]


def _may(who: Identity, move: Move, order: Order, sheet: Sheet) -> bool:
    """A unit acts on its own orders, and judges those that it handed down."""
    if not who.unit:
        return who.role in move.roles and (move.verb != "arbitrate" or order.disputed)
    parent = sheet.order(order.parent)
    mine = parent is not None and parent.unit == who.unit if move.verb in JUDGED else order.unit == who.unit
    return mine and "unit" in move.roles


SUPERVISED = {"answer_supervision": ("ISSUED",), "judge_supervision": ("ANSWERED", "ISSUED")}
"""What is done with a written supervision, and the states in which it is possible."""
JUDGED = frozenset({"audit", "judge_return", "judge_extension", "recall"})
"""What somebody above the order's unit does with it."""
FORMS = (
    "sign", "answer", "ask_return", "audit", "judge_return", "arbitrate", "assign", "supplement", "follow_up",
    "close", "reopen", "judge_supervision", "answer_supervision", "end_transfer", "judge_extension", "ask_extension",
    "delegate", "report_contact", "report_progress", "ask_supplement", "merge_into", "undo_merge", "link", "detach",
    "declare_event", "ask_transfer", "refer", "regrade", "supervise", "recall", "park", "resume", "withdraw", "keep",
    "note",
)  # fmt: skip
"""Commands with a form on the page of a case, the most pressing first."""
