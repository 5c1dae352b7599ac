"""A case as its events left it. No await, no I/O, no clock: everything comes in as an event."""

from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from services.dispatch.domain.related import Related
from shared.events.cases import UnitRole
from shared.events.commands import Clock, Priority, Reporter, RequestType, TransferClock
from shared.events.contacts import SealedPerson

OrderState = Literal["WAIT_SIGN", "HANDLING", "RETURN_ASKED", "FED_BACK", "DONE", "RETURNED", "WITHDRAWN"]
DebtState = Literal["open", "owed", "settled", "waived", "leaving", "moved", "split"]
"""`leaving`: on the way to another case, which has not confirmed yet; then `moved` by a merge, or `split` off."""
CaseState = Literal[
    "UNKNOWN", "PENDING_DISPATCH", "DISPATCHED", "HANDLING", "PENDING_AUDIT", "PENDING_REPLY",
    "PENDING_CALLBACK", "REOPEN_REQUESTED", "CLOSED", "TRANSFERRED",
    "MERGING", "MERGED", "LINKED",
]  # fmt: skip
TransferState = Literal["asked", "receipted", "accepted", "refused", "completed"]
_VOID: frozenset[OrderState] = frozenset({"RETURNED", "WITHDRAWN"})
ENDED: frozenset[OrderState] = frozenset({"DONE", "RETURNED", "WITHDRAWN"})


class Order(Struct, kw_only=True):
    """A work order to one unit. `steps` counts what its department was told."""

    id: str
    unit: str
    role: UnitRole
    cycle: int
    returns: int
    issued_at: datetime
    state: OrderState = "WAIT_SIGN"
    fixed: bool = False
    """A refused return or arbitration: the unit is in charge and may not return it again."""
    silent_until: datetime | None = None
    """Signed by silence: a return asked before this moment undoes it."""
    stopped: dict[Clock, datetime] = field(default_factory=dict)
    breached: list[Clock] = field(default_factory=list)
    warned: list[Clock] = field(default_factory=list)
    answer: str = ""
    steps: int = 0


class Debt(Struct, kw_only=True, omit_defaults=True):
    """A reply obligation: one per reporter and cycle. `merge` and `number`: of the merged case he turned to."""

    id: str
    reporter: Reporter
    cycle: int
    state: DebtState
    merge: str = ""
    number: str = ""


class Transfer(Struct, kw_only=True):
    """A request to a partner to take the case over."""

    id: str
    target: str
    cycle: int
    state: TransferState = "asked"
    reached: dict[TransferState, datetime] = field(default_factory=dict)
    overdue: list[TransferClock] = field(default_factory=list)
    number: str = ""
    result: str = ""

    def over(self) -> bool:
        return self.state in ("refused", "completed")


class Case(Struct, kw_only=True):
    """What the citizen wants, with one lifecycle and its debts. `sequence` 0: nothing has happened yet."""

    id: str
    sequence: int = 0
    time: datetime | None = None
    born: int = -1
    """Offset of its first register: what stands before it in the case's partition has no case, also in a replay."""
    registered: bool = False
    number: str = ""
    title: str = ""
    text: str = ""
    request_type: RequestType = "QZ"
    topic: str = ""
    area: str = ""
    address: str = ""
    priority: Priority = "P2"
    reporter: str = ""
    cycle: int = 1
    answer: str = ""
    closed: bool = False
    arbitration: bool = False
    reopen_requested: bool = False
    orders: list[Order] = field(default_factory=list)
    debts: list[Debt] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    related: Related = field(default_factory=Related)
    causes: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    """Command id → first and last sequence of its events, and its digest."""

    def order(self, order_id: str) -> Order | None:
        for order in self.orders:
            if order.id == order_id:
                return order
        return None

    def debt(self, debt_id: str) -> Debt | None:
        return next((debt for debt in self.debts if debt.id == debt_id), None)

    def current(self) -> list[Order]:
        """The orders of this cycle that count: returned ones were replaced."""
        return [order for order in self.orders if order.cycle == self.cycle and order.state not in _VOID]

    def unpaid(self) -> list[Debt]:
        return [debt for debt in self.debts if debt.state in ("open", "owed", "leaving")]

    def all_done(self) -> bool:
        """Every unit of this cycle has answered and was audited."""
        orders = self.current()
        return bool(orders) and all(order.state == "DONE" for order in orders)

    def transfer(self, transfer_id: str) -> Transfer | None:
        return next((transfer for transfer in self.transfers if transfer.id == transfer_id), None)

    def transferred(self) -> bool:
        """A partner has the case, or is asked to take it."""
        return any(not transfer.over() for transfer in self.transfers)

    def results(self) -> list[str]:
        """What the partners of this cycle answered."""
        return [one.result for one in self.transfers if one.cycle == self.cycle and one.state == "completed"]

    def finished(self) -> bool:
        """Every unit and every partner of this cycle has come to its end, and at least one of them with an answer."""
        done = all(order.state == "DONE" for order in self.current())
        somebody = self.current() or self.results() or self.related.told()
        return done and not self.transferred() and bool(somebody)

    def answers(self) -> str:
        """The answers of this cycle's units and partners, as one text."""
        return "\n".join([*(order.answer for order in self.current()), *self.results()])

    def answered(self) -> bool:
        """An answer stands: whoever joins now is owed it at once."""
        if self.transferred():
            return False
        return bool(self.answer) and (self.closed or self.all_done() or not self.current())

    def reporters(self) -> list[Debt]:
        """The last obligation of everybody who waits or waited for an answer here, each once."""
        found: dict[tuple[str, str], Debt] = {}
        for debt in self.debts:
            found[debt.merge, debt.reporter.person.caller_ref or debt.reporter.contact_id] = debt
        here = {"", *self.related.absorbed}
        return [debt for debt in found.values() if debt.state != "split" and debt.merge in here]


def state_of(case: Case) -> CaseState:
    """The case's state, derived from its work orders and its debts (domain.md §2.1)."""
    if not case.registered:
        return "UNKNOWN"
    if case.related.merge is not None:
        return "MERGED" if case.related.merge.done else "MERGING"
    if case.closed:
        return "CLOSED"
    if case.reopen_requested:
        return "REOPEN_REQUESTED"
    states = {order.state for order in case.current()}
    if states - {"DONE"}:
        return _at_work(states)
    if case.transferred():
        return "TRANSFERRED"
    if case.related.waits():
        return "LINKED"
    if not states and not case.answer:
        return "PENDING_DISPATCH"
    return "PENDING_REPLY" if case.unpaid() else "PENDING_CALLBACK"


def _at_work(states: set[OrderState]) -> CaseState:
    if states <= {"DONE", "FED_BACK"}:
        return "PENDING_AUDIT"
    return "HANDLING" if states & {"HANDLING", "FED_BACK", "DONE"} else "DISPATCHED"


def is_known(person: SealedPerson) -> bool:
    """Whether somebody can be told an answer."""
    return bool(person.sealed)
