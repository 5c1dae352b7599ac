"""A case as its events left it. No await, no I/O, no clock: everything comes in as an event."""

from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from services.dispatch.domain.related import Related
from shared.deadlines import Span
from shared.events.cases import UnitRole
from shared.events.commands import Clock, JoinPolicy, Priority, Reporter, RequestType, TransferClock
from shared.events.contacts import SealedPerson
from shared.states import ENDED, GONE, End, OrderState

DebtState = Literal["open", "owed", "settled", "waived", "leaving", "moved", "split"]
"""`leaving`: on the way to another case, which has not confirmed yet; then `moved` by a merge, or `split` off."""
TransferState = Literal["asked", "receipted", "accepted", "refused", "completed"]


class Order(Struct, kw_only=True, omit_defaults=True):
    """A work order to one unit. `steps` counts what its department was told."""

    id: str
    unit: str
    role: UnitRole
    cycle: int
    returns: int
    issued_at: datetime
    parent: str = ""
    """The order of the higher unit that handed this one down."""
    instead_of: str = ""
    """The returned order that this one replaces."""
    state: OrderState = "WAIT_SIGN"
    fixed: bool = False
    """A refused return or a ruling: the unit is in charge and may not return it again."""
    disputed: bool = False
    """Returned too often: the unit serves the citizen until the ruling."""
    again: bool = False
    """Its answer was sent back, and is being given again."""
    proposed: str = ""
    """The unit that the asker of a return proposed."""
    due: datetime | None = None
    """A resolve deadline of its own: handed down with one, or extended. None: the table's."""
    first_due: datetime | None = None
    """The resolve deadline before the first extension."""
    own: datetime | None = None
    """Of an extended order: the deadline that it was handed down with, if any."""
    extended_at: datetime | None = None
    """When it was extended last; empty also where that was before this was kept."""
    asked_until: datetime | None = None
    asked_why: str = ""
    extensions: int = 0
    profile: str = ""
    """The surge profile that it was given out under."""
    silent_until: datetime | None = None
    """Signed by silence: a return asked before this moment undoes it."""
    stopped: dict[Clock, datetime] = field(default_factory=dict)
    breached: list[Clock] = field(default_factory=list)
    answer: str = ""
    steps: int = 0


class Debt(Struct, kw_only=True, omit_defaults=True):
    """A reply obligation: one per reporter and cycle."""

    id: str
    reporter: Reporter
    cycle: int
    state: DebtState
    merge: str = ""
    number: str = ""


class Transfer(Struct, kw_only=True, omit_defaults=True):
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


class Supervision(Struct, kw_only=True, omit_defaults=True):
    """A written supervision; `unit` has to answer it, `order` is empty where it is about the whole case."""

    id: str
    number: str
    order: str
    unit: str
    due: datetime | None = None
    state: Literal["ISSUED", "ANSWERED", "CLOSED"] = "ISSUED"


class Case(Struct, kw_only=True, omit_defaults=True):
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
    cycle: int = 1
    answer: str = ""
    join: JoinPolicy = "all"
    closed: bool = False
    closed_at: datetime | None = None
    end: End = "closed"
    """How the case ended, or is about to end while its last replies are being settled."""
    archived: bool = False
    reopen_requested: bool = False
    supplement: bool = False
    """The agent is asked for what is missing."""
    parked_at: datetime | None = None
    first_parked_at: datetime | None = None
    """Of this cycle: the longest parking counts from it."""
    parked: list[Span] = field(default_factory=list)
    """Of this cycle: when it was parked, and is no longer."""
    raised_at: datetime | None = None
    """When its priority rose last: limits count from there."""
    keeper: str = ""
    """The agent who tracks the case from unit to unit."""
    unkept_since: datetime | None = None
    orders: list[Order] = field(default_factory=list)
    debts: list[Debt] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    supervisions: list[Supervision] = field(default_factory=list)
    stopped: dict[Clock, datetime] = field(default_factory=dict)
    """When the case's own clocks stopped."""
    told: list[str] = field(default_factory=list)
    """Marks of the warnings, breaches and steps that were told."""
    related: Related = field(default_factory=Related)
    causes: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    """Command id → first and last sequence of its events, and its digest."""

    def order(self, order_id: str) -> Order | None:
        for order in self.orders:
            if order.id == order_id:
                return order
        return None

    def known(self, order_id: str) -> Order:
        """The order of an event; raises LookupError."""
        order = self.order(order_id)
        if order is None:
            raise LookupError(f"{self.id}: event about unknown order {order_id}")
        return order

    def debt(self, debt_id: str) -> Debt | None:
        return next((debt for debt in self.debts if debt.id == debt_id), None)

    def current(self) -> list[Order]:
        """The orders of this cycle that the case waits for: no returned or recalled ones, none handed down."""
        return [order for order in self.counting() if not order.parent]

    def counting(self) -> list[Order]:
        """All orders of this cycle but the returned and recalled ones."""
        return [order for order in self.orders if order.cycle == self.cycle and order.state not in GONE]

    def children(self, order: Order) -> list[Order]:
        """Open orders that were handed down from this one."""
        return [one for one in self.orders if one.parent == order.id and one.state not in ENDED]

    @property
    def arbitration(self) -> bool:
        """A ruling is awaited."""
        return any(order.disputed and order.state not in ENDED for order in self.current())

    def unpaid(self) -> list[Debt]:
        return [debt for debt in self.debts if debt.state in ("open", "owed", "leaving")]

    def transfer(self, transfer_id: str) -> Transfer | None:
        return next((transfer for transfer in self.transfers if transfer.id == transfer_id), None)

    def supervision(self, supervision_id: str) -> Supervision | None:
        return next((one for one in self.supervisions if one.id == supervision_id), None)

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

    def conclude(self) -> None:
        """Once all have come to their end, their answers are the case's."""
        if self.finished():
            self.answer, self.parked_at = self.answers(), None

    def answered(self) -> bool:
        """An answer stands: whoever joins now is owed it at once."""
        at_work = self.transferred() or any(order.state != "DONE" for order in self.current())
        return bool(self.answer) and (self.closed or not at_work)

    def bringer(self) -> SealedPerson:
        """Who brought the case; once he goes his own way, the next of those who wait or waited for an answer here."""
        going = self.related.leaving.values()
        return next((debt.reporter.person for debt in self.reporters() if debt.id not in going), SealedPerson())

    @property
    def reporter(self) -> str:
        """Who brought the case, masked."""
        return self.bringer().masked

    def reporters(self) -> list[Debt]:
        """The last obligation of everybody who waits or waited for an answer here, each once."""
        found: dict[tuple[str, str], Debt] = {}
        for debt in self.debts:
            found[debt.merge, debt.reporter.person.caller_ref or debt.reporter.contact_id] = debt
        here = {"", *self.related.absorbed}
        return [debt for debt in found.values() if debt.state != "split" and debt.merge in here]


def same_person(one: Reporter, other: Reporter) -> bool:
    """The same contact under the same number; in one call somebody may leave another one's number as well."""
    return (one.contact_id, one.person.caller_ref) == (other.contact_id, other.person.caller_ref)


def is_known(person: SealedPerson) -> bool:
    """Whether somebody can be told an answer."""
    return bool(person.sealed)
