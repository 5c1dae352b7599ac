"""Who sees what of a case (domain.md §11), and which actions a role has on it."""

from msgspec import Struct

from services.desk.domain.sheet import Entry, Order, Sheet
from shared.auth import Identity

STAFF = frozenset({"agent", "dispatcher", "auditor", "supervisor"})
BOARD = frozenset({"supervisor", "dispatcher", "auditor"})
SECRET_TYPE = "JB"
"""Reports of misconduct: the reporter appears under an alias until somebody of REVEALERS says why."""
REVEALERS = frozenset({"agent", "dispatcher", "supervisor"})


class Action(Struct, frozen=True):
    """A command that the person may send now, and the order it is about (empty: the case)."""

    verb: str
    order: str = ""


def may_see(who: Identity, sheet: Sheet) -> bool:
    """Staff see every case, a unit those on which it has or had an order, nobody else any."""
    return bool(sheet.of_unit(who.unit)) if who.unit else who.role in STAFF


def is_secret(sheet: Sheet) -> bool:
    return sheet.request_type == SECRET_TYPE


def reporters(who: Identity, sheet: Sheet, revealed: bool = False) -> list[str]:
    """Masked reporters; empty strings stand for an alias."""
    hidden = is_secret(sheet) and not (revealed and who.role in REVEALERS)
    return ["" if hidden else contact.masked for contact in sheet.contacts]


def may_reveal(who: Identity, sheet: Sheet) -> bool:
    """Whether this person may see more of the reporters for a reason; a unit while an order of its is at work."""
    if who.unit:
        at_work = any(order.state in ("WAIT_SIGN", "HANDLING") for order in sheet.of_unit(who.unit))
        return at_work and not is_secret(sheet)
    return who.role in REVEALERS


def orders(who: Identity, sheet: Sheet) -> list[Order]:
    """A unit sees its own orders alone."""
    return sheet.of_unit(who.unit) if who.unit else sheet.orders


def timeline(who: Identity, sheet: Sheet) -> list[Entry]:
    """Newest first. A unit sees nothing of what concerns other units, and no routing reasons."""
    entries = list(reversed(sheet.timeline))
    if not who.unit:
        return entries
    return [entry for entry in entries if entry.data.get("unit") in (None, who.unit) and "units" not in entry.data]


def actions(who: Identity, sheet: Sheet) -> list[Action]:
    """What this person may do now, the most pressing first."""
    if who.unit:
        found = [Action(verb, order.id) for order in sheet.of_unit(who.unit) for verb in _UNIT.get(order.state, ())]
        return [*found, Action("note")]
    found = [Action(verb, order.id) for order in sheet.current() for verb in _of_order(who.role, order)]
    found += [Action(verb) for verb, roles in _CASE.get(sheet.state, {}).items() if who.role in roles]
    return [*found, Action("note")]


def _of_order(role: str, order: Order) -> list[str]:
    return [verb for verb, roles in _ORDER.get(order.state, {}).items() if role in roles]


_UNIT: dict[str, tuple[str, ...]] = {"WAIT_SIGN": ("sign", "ask_return"), "HANDLING": ("answer",)}
_ORDER: dict[str, dict[str, frozenset[str]]] = {
    "RETURN_ASKED": {"judge_return": frozenset({"supervisor"})},
    "FED_BACK": {"audit": frozenset({"auditor", "supervisor"})},
}
_TRANSFER = {"ask_transfer": frozenset({"agent", "dispatcher", "supervisor"})}
_CASE: dict[str, dict[str, frozenset[str]]] = {
    "PENDING_DISPATCH": {"assign": frozenset({"dispatcher", "supervisor"}), **_TRANSFER},
    "DISPATCHED": _TRANSFER,
    "HANDLING": _TRANSFER,
    "PENDING_CALLBACK": {
        "follow_up": frozenset({"agent", "supervisor"}),
        "close": frozenset({"agent", "supervisor"}),
    },
    "REOPEN_REQUESTED": {"reopen": frozenset({"supervisor"}), "close": frozenset({"agent", "supervisor"})},
    "CLOSED": {"reopen": frozenset({"supervisor"})},
}
