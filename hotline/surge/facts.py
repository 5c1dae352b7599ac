"""What the ledger is told: promises from the journals, records from the topics, rows from the databases."""

from msgspec import Struct, field

from hotline.surge.journal import Line


class ContactRef(Struct, frozen=True):
    contact_id: str


class Birth(Struct, frozen=True):
    """Of `case.registered`: the contact's matter and the debt it opened."""

    matter: int
    reporter: ContactRef
    obligation: str
    obligation_state: str


class Joined(Struct, frozen=True):
    """Of `contact.attached`."""

    reporter: ContactRef
    obligation: str


class Reopened(Struct, frozen=True):
    obligations: tuple[str, ...]


class Paid(Struct, frozen=True):
    """Of `reply.settled`."""

    obligation: str
    how: str


class Sent(Struct, frozen=True):
    """Of `case.dispatched`."""

    units: tuple[str, ...]


class Rung(Struct, frozen=True):
    """Of `deadline.warned` and `deadline.breached`."""

    order: str
    clock: str
    due: str = ""
    left: float = 0.0


class Signed(Struct, frozen=True):
    """Of `work_order.signed`; `due` is set where the unit accepted by silence."""

    order: str
    due: str | None = None


class Asked(Struct, frozen=True):
    """Of `transfer.asked`."""

    transfer: str
    target: str


class Ended(Struct, frozen=True):
    """Of `transfer.completed` and `transfer.refused`."""

    transfer: str


class Absorbed(Struct, frozen=True):
    """Of `case.absorbed`: whoever waited at another case is owed here."""

    obligations: tuple[str, ...]


class Released(Struct, frozen=True):
    """Of `case.released`."""

    obligations: tuple[str, ...] = ()


class Merged(Struct, frozen=True):
    """Of `case.merged`."""

    target: str


class Split(Struct, frozen=True):
    """Of `case.split`."""

    obligation: str


class Noticed(Struct, frozen=True):
    """Of `notice.due`."""

    notice: str


class UndoAsked(Struct, frozen=True):
    """Of `merge.undo_asked`."""

    merge: str


class Separated(Struct, frozen=True):
    """Of `case.separated`."""

    merge: str
    obligations: tuple[str, ...]


class Kept(Struct, frozen=True):
    """Of `merge.kept`."""

    merge: str


class Issued(Struct, frozen=True):
    """Of `work_order.issued`."""

    profile: str = ""
    order: str = ""
    unit: str = ""


class Gone(Struct, frozen=True):
    """Of `work_order.returned` and `work_order.withdrawn`: the unit has the order no more."""

    order: str


class Told(Struct, frozen=True):
    """Of `case.answered`; empty where it was answered at the desk."""

    event_case: str = ""


class Linked(Struct, frozen=True):
    """Of `case.linked`: waits for the event case's answer."""

    event_case: str
    link: int


Tie = Absorbed | Released | Merged | Split | UndoAsked | Separated | Kept | Told | Linked
Detail = Tie | Birth | Joined | Reopened | Paid | Noticed | Sent | Issued | Gone | Rung | Signed | Asked | Ended
DETAILS: dict[str, type[Detail]] = {
    "case.registered.v1": Birth,
    "contact.attached.v1": Joined,
    "case.absorbed.v1": Absorbed,
    "case.released.v1": Released,
    "case.merged.v1": Merged,
    "case.split.v1": Split,
    "case.separated.v1": Separated,
    "merge.undo_asked.v1": UndoAsked,
    "merge.kept.v1": Kept,
    "work_order.issued.v1": Issued,
    "work_order.returned.v1": Gone,
    "work_order.withdrawn.v1": Gone,
    "case.answered.v1": Told,
    "case.linked.v1": Linked,
    "case.reopened.v1": Reopened,
    "reply.settled.v1": Paid,
    "notice.due.v1": Noticed,
    "case.dispatched.v1": Sent,
    "deadline.warned.v1": Rung,
    "deadline.breached.v1": Rung,
    "work_order.signed.v1": Signed,
    "transfer.asked.v1": Asked,
    "transfer.completed.v1": Ended,
    "transfer.refused.v1": Ended,
}


class CaseEvent(Struct, frozen=True, kw_only=True):
    """One record of `cases.*` in the log's order; `at` unix seconds of its append, `print` a hash of its bytes."""

    case: str
    sequence: int
    type: str
    cause: str = ""
    at: float = 0.0
    print: int = 0
    detail: Detail | None = None


class ContactEvent(Struct, frozen=True):
    """One record of `contacts`; `served_by` is ivr or agent at the end of a served contact, else empty."""

    contact: str
    number: int
    served_by: str = ""


class FeedRecord(Struct, frozen=True, kw_only=True):
    """One record of `dept.<unit>`; without an order it is a rejection that belongs to none."""

    case: str
    order: str
    step: int
    at: float = 0.0
    print: int = 0


class Effect(Struct, frozen=True):
    """One message the gateway accepted, and the obligation it pays, empty where none is known; `at` unix seconds."""

    id: str
    obligation: str
    at: float = 0.0


class Facts(Struct, kw_only=True):
    """Everything of one run. Lists of text name what should not exist."""

    lines: list[Line] = field(default_factory=list)
    contacts: list[ContactEvent] = field(default_factory=list)
    events: list[CaseEvent] = field(default_factory=list)
    feeds: list[FeedRecord] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    """Case id → state in dispatch's database."""
    parked: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    dead_letters: list[str] = field(default_factory=list)
