"""A case as people see it, folded from its events; numbers are masked, and sealed for intake, which opens them."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from shared.deadlines import Extension, Span
from shared.events.cases import UnitRole
from shared.events.commands import Clock, Priority, RequestType
from shared.states import ENDED, GONE, CaseState, End, OrderState, Standing, case_state


class Order(Struct, kw_only=True):
    """One unit's work order; the dues are empty where the city's table has no line for it.

    `own`: a deadline of its own, earlier than the table's.
    """

    id: str
    unit: str
    role: UnitRole
    cycle: int
    issued_at: datetime
    state: OrderState = "WAIT_SIGN"
    profile: str = ""
    own: datetime | None = None
    raised_at: datetime | None = None
    """Priority rose: its clocks count from here."""
    extended: Extension | None = None
    dues: dict[Clock, datetime] = field(default_factory=dict)
    warned: list[Clock] = field(default_factory=list)
    breached: list[Clock] = field(default_factory=list)
    answer: str = ""
    reason: str = ""
    """Why a return was asked, refused, or the answer sent back: the last word on the order."""
    proposed_unit: str = ""
    parent: str = ""
    """The order of the higher unit that handed this one down."""
    again: bool = False
    """Its answer was sent back."""
    disputed: bool = False
    """Returned too often; a ruling is awaited."""
    asked_until: datetime | None = None

    @property
    def since(self) -> datetime:
        """When its clocks started."""
        return self.raised_at or self.issued_at

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
    state: Literal["open", "owed", "settled", "waived", "moved"]
    how: str = ""


class Transfer(Struct, kw_only=True):
    """`state` is the last step heard of; `result` the partner's answer; `overdue`: he missed a deadline."""

    target: str
    state: str
    result: str = ""
    overdue: bool = False

    @property
    def over(self) -> bool:
        return self.state in ("refused", "completed")


class Supervision(Struct, kw_only=True):
    """A written supervision (督办): of one order, or of the case; `text` is the last word on it."""

    id: str
    number: str
    order: str
    unit: str
    reason: str
    due: datetime | None = None
    state: Literal["ISSUED", "ANSWERED", "CLOSED"] = "ISSUED"
    text: str = ""


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
    end: End = "closed"
    archived: bool = False
    parked: bool = False
    supplement: bool = False
    reopen_requested: bool = False
    keeper: str = ""
    breached_at: datetime | None = None
    centre_due: datetime | None = None
    """Until when the centre dispatches, checks, tells or follows up, where that is what the case waits for."""
    pauses: list[Span] = field(default_factory=list)
    """When it was parked."""
    contacts: list[Contact] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    debts: list[Debt] = field(default_factory=list)
    rating: Rating | None = None
    merge: Literal["", "asked", "done"] = ""
    merged_into: str = ""
    absorbed: dict[str, str] = field(default_factory=dict)
    """Merge → case: which others were merged into this one."""
    event_case: str = ""
    """The event case that it is linked to."""
    event: bool = False
    """It is an event case itself; others may be linked to it."""
    transfers: dict[str, Transfer] = field(default_factory=dict)
    """By id: requests to partner cities and emergency lines to take the case over."""
    supervisions: list[Supervision] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    timeline: list[Entry] = field(default_factory=list)

    def order(self, order_id: str) -> Order | None:
        return next((order for order in self.orders if order.id == order_id), None)

    def current(self) -> list[Order]:
        """The orders of this cycle that the case waits for: no returned or recalled ones, none handed down."""
        return [order for order in self.counting() if not order.parent]

    def counting(self) -> list[Order]:
        """All orders of this cycle but the returned and recalled ones."""
        return [order for order in self.orders if order.cycle == self.cycle and order.state not in GONE]

    @property
    def last(self) -> int:
        """The number of the newest event that is in it."""
        return self.timeline[-1].sequence if self.timeline else 0

    @property
    def arbitration(self) -> bool:
        """A ruling is awaited."""
        return any(order.disputed and order.state not in ENDED for order in self.current())

    def of_unit(self, unit: str) -> list[Order]:
        """All orders of one unit, the newest last."""
        return [order for order in self.orders if order.unit == unit]

    @property
    def due(self) -> datetime | None:
        """The earliest deadline of the orders at work, else the centre's; none while the case is parked."""
        if self.parked:
            return None
        return min((order.due for order in self.counting() if order.due is not None), default=self.centre_due)

    @property
    def promised(self) -> datetime | None:
        """When the last of the units is to have its result: what a citizen is told."""
        due = [order.dues["resolve"] for order in self.current() if order.due and "resolve" in order.dues]
        return None if self.parked else max(due, default=None)

    @property
    def state(self) -> CaseState:
        """Derived as the writer derives it."""
        current = self.current()
        return case_state(
            Standing(
                registered=bool(self.number),
                merge=self.merge,
                linked=bool(self.event_case),
                closed=self.closed,
                end=self.end,
                archived=self.archived,
                reopen_requested=self.reopen_requested,
                parked=self.parked,
                supplement=self.supplement,
                again=self.cycle > 1 or any(order.again for order in current),
                transferred=any(not transfer.over for transfer in self.transfers.values()),
                answered=bool(self.answer),
                waiting=any(debt.state in ("open", "owed") for debt in self.debts),
                orders={order.state for order in current},
            )
        )
