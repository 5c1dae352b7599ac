"""Topic `cases.<lane>`: what happened to a case, the truth others read. Only dispatch writes; key: case id."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from shared.events.commands import Clock, Priority, Reporter, RequestType, Told, TransferClock, TransferKind
from shared.events.contacts import CallResult, Purpose, SealedPerson
from shared.events.envelope import Registry

UnitRole = Literal["lead", "supporting"]


class CaseRegistered(Struct, frozen=True, kw_only=True):
    """`obligation` is empty where nobody waits: answered in the call, or no contact left."""

    number: str
    matter: int
    reporter: Reporter
    title: str
    text: str
    request_type: RequestType
    topic: str
    area: str
    address: str
    priority: Priority
    obligation: str
    obligation_state: Literal["open", "settled", "waived"]


class CaseAnswered(Struct, frozen=True, kw_only=True):
    answer: str
    knowledge: Told | None = None


class CaseDispatched(Struct, frozen=True, kw_only=True):
    """Who decided the routing (a rule's id, or `person`) under which policy version."""

    rule: str
    why: str
    policy_version: str
    units: tuple[str, ...]


class WorkOrderIssued(Struct, frozen=True, kw_only=True):
    """An order to one unit. The department's own clocks start here."""

    order: str
    unit: str
    role: UnitRole
    cycle: int
    returns: int
    priority: Priority
    request_type: RequestType


class WorkOrderSigned(Struct, frozen=True, kw_only=True):
    """`due` is the sign deadline where the unit accepted by silence, else nothing."""

    order: str
    unit: str
    due: datetime | None = None


class WorkOrderReturnAsked(Struct, frozen=True, kw_only=True):
    order: str
    unit: str
    reason: str
    basis: str
    proposed_unit: str


class WorkOrderReturned(Struct, frozen=True, kw_only=True):
    order: str
    unit: str


class WorkOrderReturnRefused(Struct, frozen=True, kw_only=True):
    """The unit keeps the order and is in charge from now on."""

    order: str
    unit: str
    reason: str


class CaseArbitrationOpened(Struct, frozen=True, kw_only=True):
    """After the last allowed return; the first unit goes on serving the citizen."""

    order: str
    returns: int
    unit: str = ""


class WorkOrderAnswered(Struct, frozen=True, kw_only=True):
    order: str
    unit: str
    public_answer: str
    internal: str
    solved: bool


class WorkOrderDone(Struct, frozen=True, kw_only=True):
    order: str
    unit: str


class WorkOrderSentBack(Struct, frozen=True, kw_only=True):
    order: str
    unit: str
    reason: str


class ReplyOwed(Struct, frozen=True, kw_only=True):
    """The obligation is payable: tell this reporter this answer."""

    obligation: str
    number: str
    reporter: Reporter
    answer: str


class ReplySettled(Struct, frozen=True, kw_only=True):
    obligation: str
    how: str
    proof: str


class ContactAttached(Struct, frozen=True, kw_only=True):
    """`obligation` is empty where the reporter already has an open one or left no contact."""

    reporter: Reporter
    text: str
    obligation: str


class CaseFollowedUp(Struct, frozen=True, kw_only=True):
    solved: bool
    satisfaction: int
    comment: str


class CaseClosed(Struct, frozen=True, kw_only=True):
    reason: str


class CaseReopenRequested(Struct, frozen=True, kw_only=True):
    contact_id: str


class CaseReopened(Struct, frozen=True, kw_only=True):
    """A new cycle: each reporter is owed an answer again (`obligations`: reporter's index → id)."""

    cycle: int
    reason: str
    obligations: tuple[str, ...]


class CaseNoted(Struct, frozen=True, kw_only=True):
    """A remark; with a purpose it is a call out, whose contact is `contact_id`. Changes no state."""

    text: str
    contact_id: str = ""
    purpose: Purpose | None = None
    callee: str = ""
    result: CallResult | None = None
    promise: str = ""
    promise_due: datetime | None = None


class DeadlineWarned(Struct, frozen=True, kw_only=True):
    clock: Clock
    order: str
    unit: str
    due: datetime


class DeadlineBreached(Struct, frozen=True, kw_only=True):
    clock: Clock
    order: str
    unit: str
    due: datetime


class TransferAsked(Struct, frozen=True, kw_only=True):
    """What the partner is to know. `person` is empty where he may not know the reporter."""

    transfer: str
    target: str
    kind: TransferKind
    number: str
    title: str
    text: str
    request_type: RequestType
    topic: str
    area: str
    address: str
    priority: Priority
    reason: str
    asked_action: str
    consent: bool
    checkpoint: str = ""
    plate: str = ""
    person: SealedPerson = SealedPerson()


class TransferReceipted(Struct, frozen=True, kw_only=True):
    """The partner has it: a receipt from its log."""

    transfer: str
    target: str
    update: int = 0


class TransferAccepted(Struct, frozen=True, kw_only=True):
    transfer: str
    target: str
    number: str
    update: int = 0


class TransferProgressed(Struct, frozen=True, kw_only=True):
    transfer: str
    target: str
    text: str
    update: int = 0


class TransferRefused(Struct, frozen=True, kw_only=True):
    """The case is ours again; `reason` is a code of policy's transfer.yaml."""

    transfer: str
    target: str
    reason: str
    text: str
    update: int = 0


class TransferCompleted(Struct, frozen=True, kw_only=True):
    """The partner's result, which becomes an answer of the case."""

    transfer: str
    target: str
    number: str
    text: str
    update: int = 0


class TransferUnacknowledged(Struct, frozen=True, kw_only=True):
    """The partner let a deadline pass: someone telephones (`receipt`) or goes to the province (the later ones)."""

    transfer: str
    target: str
    clock: TransferClock
    due: datetime


class CaseHandedBack(Struct, frozen=True, kw_only=True):
    """A received case went back to its origin, which owes the reporter the answer from now on."""

    reason: str
    text: str


class CommandRejected(Struct, frozen=True, kw_only=True):
    """The command changed nothing; `reason` is a code, `detail` the words for a person."""

    verb: str
    reason: str
    detail: str
    order: str = ""
    unit: str = ""


CASES = Registry(
    {
        "case.registered.v1": CaseRegistered,
        "case.answered.v1": CaseAnswered,
        "case.dispatched.v1": CaseDispatched,
        "case.arbitration_opened.v1": CaseArbitrationOpened,
        "case.followed_up.v1": CaseFollowedUp,
        "case.closed.v1": CaseClosed,
        "case.reopen_requested.v1": CaseReopenRequested,
        "case.reopened.v1": CaseReopened,
        "case.noted.v1": CaseNoted,
        "contact.attached.v1": ContactAttached,
        "work_order.issued.v1": WorkOrderIssued,
        "work_order.signed.v1": WorkOrderSigned,
        "work_order.return_asked.v1": WorkOrderReturnAsked,
        "work_order.returned.v1": WorkOrderReturned,
        "work_order.return_refused.v1": WorkOrderReturnRefused,
        "work_order.answered.v1": WorkOrderAnswered,
        "work_order.done.v1": WorkOrderDone,
        "work_order.sent_back.v1": WorkOrderSentBack,
        "reply.owed.v1": ReplyOwed,
        "reply.settled.v1": ReplySettled,
        "deadline.warned.v1": DeadlineWarned,
        "deadline.breached.v1": DeadlineBreached,
        "transfer.asked.v1": TransferAsked,
        "transfer.receipted.v1": TransferReceipted,
        "transfer.accepted.v1": TransferAccepted,
        "transfer.progressed.v1": TransferProgressed,
        "transfer.refused.v1": TransferRefused,
        "transfer.completed.v1": TransferCompleted,
        "transfer.unacknowledged.v1": TransferUnacknowledged,
        "case.handed_back.v1": CaseHandedBack,
        "command.rejected.v1": CommandRejected,
    }
)
