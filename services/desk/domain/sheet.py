"""A case as people see it, folded from its events; numbers are masked, and sealed for intake, which opens them."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from shared.events.cases import UnitRole
from shared.events.commands import Clock, Priority, RequestType

OrderState = Literal["WAIT_SIGN", "HANDLING", "RETURN_ASKED", "FED_BACK", "DONE", "RETURNED"]
CaseState = Literal[
    "UNKNOWN", "PENDING_DISPATCH", "DISPATCHED", "HANDLING", "PENDING_AUDIT", "PENDING_REPLY",
    "PENDING_CALLBACK", "REOPEN_REQUESTED", "CLOSED", "TRANSFERRED",
]  # fmt: skip
ENDED: frozenset[OrderState] = frozenset({"DONE", "RETURNED"})


class Order(Struct, kw_only=True):
    """One unit's work order; the dues are empty where the city's table has no line for it."""

    id: str
    unit: str
    role: UnitRole
    cycle: int
    issued_at: datetime
    state: OrderState = "WAIT_SIGN"
    dues: dict[Clock, datetime] = field(default_factory=dict)
    warned: list[Clock] = field(default_factory=list)
    breached: list[Clock] = field(default_factory=list)
    answer: str = ""
    reason: str = ""
    """Why a return was asked, refused, or the answer sent back: the last word on the order."""
    proposed_unit: str = ""

    @property
    def due(self) -> datetime | None:
        """The deadline that runs now: of the signature before it, then of the result."""
        if self.state in ENDED or self.state == "FED_BACK":
            return None
        return self.dues.get("sign" if self.state == "WAIT_SIGN" else "resolve")


class Contact(Struct, kw_only=True):
    """Somebody who reported the case; masked."""

    id: str
    masked: str
    caller_ref: str
    sealed: str = ""
    """For intake alone, which opens it for who says why."""


class Debt(Struct, kw_only=True):
    """A reply that somebody is owed."""

    id: str
    masked: str
    cycle: int
    state: Literal["open", "owed", "settled", "waived"]
    how: str = ""


class Transfer(Struct, kw_only=True):
    """`state` is the last step heard of; `result` the partner's answer."""

    target: str
    state: str
    result: str = ""

    @property
    def over(self) -> bool:
        return self.state in ("refused", "completed")


class Rating(Struct, kw_only=True):
    """The follow-up: solved or not, satisfaction 5..1 (0: not asked)."""

    solved: bool
    satisfaction: int
    comment: str


class Entry(Struct, kw_only=True):
    """One line of the timeline; `data` holds no person and no contact."""

    sequence: int
    time: datetime
    type: str
    actor: str
    data: dict[str, Any]


class Sheet(Struct, kw_only=True):
    """One case."""

    id: str = ""
    registered_at: datetime | None = None
    number: str = ""
    title: str = ""
    text: str = ""
    request_type: RequestType = "QZ"
    topic: str = ""
    area: str = ""
    address: str = ""
    priority: Priority = "P2"
    cycle: int = 1
    answer: str = ""
    closed: bool = False
    arbitration: bool = False
    reopen_requested: bool = False
    breached_at: datetime | None = None
    contacts: list[Contact] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    debts: list[Debt] = field(default_factory=list)
    rating: Rating | None = None
    transfers: dict[str, Transfer] = field(default_factory=dict)
    """By id: requests to partner cities and emergency lines to take the case over."""
    words: list[str] = field(default_factory=list)
    timeline: list[Entry] = field(default_factory=list)

    def order(self, order_id: str) -> Order | None:
        return next((order for order in self.orders if order.id == order_id), None)

    def current(self) -> list[Order]:
        """The orders of this cycle that count; returned ones were replaced."""
        return [order for order in self.orders if order.cycle == self.cycle and order.state != "RETURNED"]

    def of_unit(self, unit: str) -> list[Order]:
        """All orders of one unit, the newest last."""
        return [order for order in self.orders if order.unit == unit]

    @property
    def due(self) -> datetime | None:
        """The earliest deadline of the orders at work."""
        return min((order.due for order in self.current() if order.due is not None), default=None)

    @property
    def state(self) -> CaseState:
        """Derived from orders and debts, as domain.md §2.1 says."""
        if not self.number:
            return "UNKNOWN"
        if self.closed:
            return "CLOSED"
        if self.reopen_requested:
            return "REOPEN_REQUESTED"
        states = {order.state for order in self.current()}
        if states - {"DONE"}:
            return _at_work(states)
        if any(not transfer.over for transfer in self.transfers.values()):
            return "TRANSFERRED"
        if not states and not self.answer:
            return "PENDING_DISPATCH"
        waiting = any(debt.state in ("open", "owed") for debt in self.debts)
        return "PENDING_REPLY" if waiting else "PENDING_CALLBACK"


def _at_work(states: set[OrderState]) -> CaseState:
    if states <= {"DONE", "FED_BACK"}:
        return "PENDING_AUDIT"
    return "HANDLING" if states & {"HANDLING", "FED_BACK", "DONE"} else "DISPATCHED"
