"""Topic `cases.<lane>`: what happened to a case, the truth others read. Only dispatch writes; key: case id."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from shared.events.commands import (
    Carried,
    Channel,
    Clock,
    JoinPolicy,
    Priority,
    Reporter,
    RequestType,
    Rung,
    Told,
    TransferClock,
    TransferKind,
)
from shared.events.contacts import CallResult, Purpose, SealedPerson
from shared.events.envelope import Registry

UnitRole = Literal["lead", "supporting"]


class CaseRegistered(Struct, frozen=True, kw_only=True):
    """`obligation` is empty where nobody waits: answered in the call, or no contact left.

    `keeper`: the agent who opened the case tracks it.
    `priority_why`: the word, topic or type that made it so urgent, or a person's judgement.
    """

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
    split_from: str = ""
    received: bool = False
    """It came from a partner city, which waits for this very case's answer."""
    keeper: str = ""
    priority_why: str = ""


class CaseAnswered(Struct, frozen=True, kw_only=True):
    """Answered at the desk, or by the event case that it is linked to."""

    answer: str
    knowledge: Told | None = None
    event_case: str = ""


class CaseDispatched(Struct, frozen=True, kw_only=True):
    """Who decided the routing (a rule's id, or `person`) under which policy version."""

    rule: str
    why: str
    policy_version: str
    units: tuple[str, ...]
    join_policy: JoinPolicy = "all"
    profile: str = ""
    """The surge profile that holds for the case's orders and clocks from now on."""


class WorkOrderIssued(Struct, frozen=True, kw_only=True):
    """An order to one unit. The department's own clocks start here.

    `parent`: the order of the higher unit that handed this one down; `due`: its own deadline, earlier than the table's;
    `profile`: the surge profile whose limits and calendar hold until the order ends.
    `instead_of`: the returned order that it replaces; `text`: what the higher unit says to it.
    """

    order: str
    unit: str
    role: UnitRole
    cycle: int
    returns: int
    priority: Priority
    request_type: RequestType
    topic: str = ""
    area: str = ""
    parent: str = ""
    due: datetime | None = None
    profile: str = ""
    instead_of: str = ""
    text: str = ""


class WorkOrderWithdrawn(Struct, frozen=True, kw_only=True):
    """The centre took the order back: recalled, or its case was withdrawn, referred or re-dispatched."""

    order: str
    unit: str
    reason: str


class WorkOrderExtensionAsked(Struct, frozen=True, kw_only=True):
    order: str
    unit: str
    until: datetime
    reason: str
    plan: str = ""


class WorkOrderExtended(Struct, frozen=True, kw_only=True):
    """The order's resolve clock is due at `until` and not at `due`; a `notice.due` follows for each who waits."""

    order: str
    unit: str
    until: datetime
    reason: str
    due: datetime | None = None


class NoticeDue(Struct, frozen=True, kw_only=True):
    """Tell this reporter, who waits, that the case is to be done by `until`, and why. Nothing is owed or settled by it.

    `notice`: its own id; `number`: the one that the reporter knows.
    """

    notice: str
    number: str
    reporter: Reporter
    until: datetime
    reason: str


class WorkOrderExtensionRefused(Struct, frozen=True, kw_only=True):
    order: str
    unit: str
    reason: str


class WorkOrderContacted(Struct, frozen=True, kw_only=True):
    """The unit has spoken with the citizen (`reached`), or has tried to; stops the contact clock when reached."""

    order: str
    unit: str
    reached: bool
    text: str


class WorkOrderProgressed(Struct, frozen=True, kw_only=True):
    """What the unit has done so far; the progress clock starts again."""

    order: str
    unit: str
    text: str


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


class CaseArbitrated(Struct, frozen=True, kw_only=True):
    """The ruling: `unit` is in charge of what `order` was about; no further return is possible."""

    order: str
    unit: str
    reason: str


class CaseSupplementAsked(Struct, frozen=True, kw_only=True):
    text: str


class CaseSupplemented(Struct, frozen=True, kw_only=True):
    """What the agent added; empty fields stay as they were."""

    text: str
    address: str
    area: str
    topic: str


class CaseWithdrawn(Struct, frozen=True, kw_only=True):
    """The citizen took the request back: what was owed is waived, and `case.closed` follows."""

    reason: str


class CaseParked(Struct, frozen=True, kw_only=True):
    """Clocks that may pause stand still until `case.resumed`."""

    reason: str
    review_at: datetime


class CaseResumed(Struct, frozen=True, kw_only=True):
    reason: str


class CaseReferred(Struct, frozen=True, kw_only=True):
    """Not accepted; `route` is the legal way, which every reporter is told as the answer."""

    reason: str
    route: str


class CaseRegraded(Struct, frozen=True, kw_only=True):
    """Priority, type and topic as they are from now on; running clocks are computed again.

    Each from its own start; where priority rises, from here: nobody can meet a limit that he did not have.
    """

    priority: Priority
    request_type: RequestType
    topic: str
    reason: str


class CaseKept(Struct, frozen=True, kw_only=True):
    """Who tracks the case from now on, with the note of the hand-over."""

    keeper: str
    note: str = ""


class CaseArchived(Struct, frozen=True, kw_only=True):
    reason: str


class CaseEscalated(Struct, frozen=True, kw_only=True):
    """One step of policy's ladder after a breach: to which role, by which channel."""

    clock: Clock
    order: str
    unit: str
    due: datetime
    rung: Rung
    step: str
    role: str
    channel: Channel


class SupervisionOpened(Struct, frozen=True, kw_only=True):
    """A written supervision under its own document `number`; `order` is empty where it is about the whole case.

    `unit`: who has to answer it; empty while no unit is in charge.
    """

    supervision: str
    order: str
    unit: str
    reason: str
    due: datetime | None = None
    number: str = ""


class SupervisionAnswered(Struct, frozen=True, kw_only=True):
    supervision: str
    unit: str
    text: str


class SupervisionSentBack(Struct, frozen=True, kw_only=True):
    supervision: str
    unit: str
    text: str


class SupervisionClosed(Struct, frozen=True, kw_only=True):
    supervision: str
    unit: str
    text: str


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
    """`obligation` is empty where the reporter already has one, left no contact, or is handed on.

    `number` and `merge` are set where he turned to another case, which was merged into this one.
    """

    reporter: Reporter
    text: str
    obligation: str
    number: str = ""
    merge: str = ""


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
    """`left`: the share of the time that was left; `order` and `unit` are empty where the clock is the case's own."""

    clock: Clock
    order: str
    unit: str
    due: datetime
    left: float = 0.0


class DeadlineBreached(Struct, frozen=True, kw_only=True):
    """`order` and `unit` are empty where the clock is the case's own. Progress is breached anew in each round."""

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
    """The command changed nothing; `reason` is a code, `detail` the words for a person.

    `asker`: the case that asked and waits for the outcome; `about`: which of its merges.
    """

    verb: str
    reason: str
    detail: str
    order: str = ""
    unit: str = ""
    asker: str = ""
    about: str = ""


class MergeAsked(Struct, frozen=True, kw_only=True):
    """Until the target's answer nothing but contacts is taken. `reporters` are those who wait here."""

    merge: str
    target: str
    kind: Literal["merge", "duplicate"]
    reason: str
    number: str
    reporters: tuple[Carried, ...]
    request_type: RequestType = "QZ"


class MergeRefused(Struct, frozen=True, kw_only=True):
    """The target did not take the case, which goes on as it was."""

    merge: str
    target: str
    reason: str
    detail: str


class CaseMerged(Struct, frozen=True, kw_only=True):
    """The target has taken over all who wait here, and answers them."""

    merge: str
    target: str


class ReporterHandedOn(Struct, frozen=True, kw_only=True):
    """Somebody turned to a merged case: its target owes him the answer.

    `number` is the one he knows; `via`: the merge by which he came here, where it was from another case.
    """

    merge: str
    target: str
    number: str
    via: str
    reporter: Reporter
    text: str


class CaseAbsorbed(Struct, frozen=True, kw_only=True):
    """Another case was merged into this one; each of its reporters is owed an answer here (`obligations`)."""

    merge: str
    source: str
    number: str
    reporters: tuple[Carried, ...]
    obligations: tuple[str, ...]


class MergeUndoAsked(Struct, frozen=True, kw_only=True):
    merge: str
    target: str
    reason: str


class MergeKept(Struct, frozen=True, kw_only=True):
    """The target did not let the case go; it stays merged."""

    merge: str
    target: str
    reason: str
    detail: str


class MergeLapsed(Struct, frozen=True, kw_only=True):
    """The target took the case when it no longer asked for it, and shall let it go."""

    merge: str
    target: str


class CaseReleased(Struct, frozen=True, kw_only=True):
    """A merged case left with its reporters; the `obligations` that were open here are its own affair again."""

    merge: str
    source: str
    obligations: tuple[str, ...] = ()


class CaseSeparated(Struct, frozen=True, kw_only=True):
    """A merged case is a case of its own again, in a new cycle: as in `case.reopened`, `obligations` are in order."""

    merge: str
    target: str
    cycle: int
    obligations: tuple[str, ...]


class SplitAsked(Struct, frozen=True, kw_only=True):
    """One contact's matter is to become the case `case`; `obligation` is what is owed to him here, or empty."""

    case: str
    matter: int
    obligation: str
    reporter: Reporter
    title: str
    text: str
    request_type: RequestType
    topic: str
    area: str
    address: str
    priority: Priority
    reason: str


class CaseSplit(Struct, frozen=True, kw_only=True):
    """The new case is registered; it owes the contact his answer, and this one no more."""

    case: str
    obligation: str


class SplitRefused(Struct, frozen=True, kw_only=True):
    case: str
    obligation: str
    reason: str
    detail: str


class EventDeclared(Struct, frozen=True, kw_only=True):
    reason: str


class EventAnswered(Struct, frozen=True, kw_only=True):
    """The answer that every linked case gets, also one that is linked later in this cycle."""

    answer: str
    cycle: int


class EventEnded(Struct, frozen=True, kw_only=True):
    """The event case ended without an answer; whoever waits for it goes his own way again."""

    reason: str
    cycle: int


class CaseLinked(Struct, frozen=True, kw_only=True):
    """Waits for the event case's answer. `link` counts this case's links from 1."""

    event_case: str
    link: int
    reason: str
    request_type: RequestType = "QZ"


class CaseDetached(Struct, frozen=True, kw_only=True):
    event_case: str
    link: int
    reason: str


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
        "work_order.withdrawn.v1": WorkOrderWithdrawn,
        "work_order.extension_asked.v1": WorkOrderExtensionAsked,
        "work_order.extended.v1": WorkOrderExtended,
        "notice.due.v1": NoticeDue,
        "work_order.extension_refused.v1": WorkOrderExtensionRefused,
        "work_order.contacted.v1": WorkOrderContacted,
        "work_order.progressed.v1": WorkOrderProgressed,
        "case.arbitrated.v1": CaseArbitrated,
        "case.supplement_asked.v1": CaseSupplementAsked,
        "case.supplemented.v1": CaseSupplemented,
        "case.withdrawn.v1": CaseWithdrawn,
        "case.parked.v1": CaseParked,
        "case.resumed.v1": CaseResumed,
        "case.referred.v1": CaseReferred,
        "case.regraded.v1": CaseRegraded,
        "case.kept.v1": CaseKept,
        "case.archived.v1": CaseArchived,
        "case.escalated.v1": CaseEscalated,
        "supervision.opened.v1": SupervisionOpened,
        "supervision.answered.v1": SupervisionAnswered,
        "supervision.sent_back.v1": SupervisionSentBack,
        "supervision.closed.v1": SupervisionClosed,
        "merge.asked.v1": MergeAsked,
        "merge.refused.v1": MergeRefused,
        "case.merged.v1": CaseMerged,
        "reporter.handed_on.v1": ReporterHandedOn,
        "case.absorbed.v1": CaseAbsorbed,
        "merge.undo_asked.v1": MergeUndoAsked,
        "merge.kept.v1": MergeKept,
        "merge.lapsed.v1": MergeLapsed,
        "case.released.v1": CaseReleased,
        "case.separated.v1": CaseSeparated,
        "split.asked.v1": SplitAsked,
        "case.split.v1": CaseSplit,
        "split.refused.v1": SplitRefused,
        "event_case.declared.v1": EventDeclared,
        "event_case.answered.v1": EventAnswered,
        "event_case.ended.v1": EventEnded,
        "case.linked.v1": CaseLinked,
        "case.detached.v1": CaseDetached,
        "command.rejected.v1": CommandRejected,
    }
)
