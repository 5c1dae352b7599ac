"""Topics `commands.<lane>` and `dept.<unit>.answers`: what someone wants done to a case. Key: case id."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.events.contacts import CallResult, Purpose, SealedPerson
from shared.events.envelope import Registry

MAX_TEXT = 20_000
"""Characters of a text."""
MOST_VERSIONS = 1_000_000
"""Of an article; a number without an end would fit into no database."""
Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
Line = Annotated[str, Meta(min_length=1, max_length=500)]
Remark = Annotated[str, Meta(max_length=5_000)]
Name = Annotated[str, Meta(max_length=200)]
CaseId = Annotated[str, Meta(min_length=1, max_length=60)]
Priority = Literal["P0", "P1", "P2", "P3"]
URGENT: frozenset[Priority] = frozenset({"P0", "P1"})
"""Life, safety, and what cannot wait (domain.md §3.2): the urgent lane, no extensions, a list in the daily report."""
RequestType = Literal["ZX", "QZ", "TS", "JB", "JY", "BY", "QT"]
Clock = Literal[
    "audit", "sign", "contact", "resolve", "progress", "approve", "follow_up", "reply", "transfer", "supervision",
    "archive",
]  # fmt: skip
JoinPolicy = Literal["all", "quorum", "lead"]
Rung = Literal["urge", "supervise", "notify_leaders"]
Channel = Literal["sms", "phone", "desk", "document"]
TransferKind = Literal["city", "emergency"]
TransferStep = Literal["receipted", "accepted", "progressed", "refused", "completed", "unacknowledged"]
TransferClock = Literal["receipt", "decision", "result"]


def _check_zone(due: datetime | None) -> None:
    """What `tz=True` would say, where the schema is out already and may only grow. Raises ValueError."""
    if due is not None and due.tzinfo is None:
        raise ValueError("due has no zone")


class Reporter(Struct, frozen=True, kw_only=True):
    """Who waits for an answer: the contact and the sealed person behind it."""

    contact_id: str
    person: SealedPerson = SealedPerson()


class Told(Struct, frozen=True, kw_only=True):
    """The version of a knowledge article that an answer was given from."""

    article: Annotated[str, Meta(min_length=1, max_length=200)]
    version: Annotated[int, Meta(ge=1)]

    def __post_init__(self) -> None:
        if self.version > MOST_VERSIONS:
            raise ValueError(f"version is at most {MOST_VERSIONS}")


class Register(Struct, frozen=True, kw_only=True):
    """A contact's nth matter becomes a case; `answer` is given where the desk answered in the call.

    `knowledge` is what that answer was told from.
    """

    matter: int
    reporter: Reporter
    title: Line
    text: Text
    request_type: RequestType = "QZ"
    topic: str = ""
    area: str = ""
    address: str = ""
    priority: Priority | None = None
    answer: str = ""
    knowledge: Told | None = None
    split_from: str = ""
    """The case that this matter was split from, which waits for the outcome."""


class Attach(Struct, frozen=True, kw_only=True):
    """Another contact about this case."""

    reporter: Reporter
    text: str = ""


class Assign(Struct, frozen=True, kw_only=True):
    """A dispatcher's routing: one lead unit and supporting ones."""

    lead: str
    supporting: tuple[str, ...] = ()
    join_policy: JoinPolicy = "all"


class Delegate(Struct, frozen=True, kw_only=True):
    """A unit hands its order, or a part of it, down to a lower unit (下派), with a deadline before its own."""

    order: str
    unit: str
    text: Remark = ""
    due: Annotated[datetime, Meta(tz=True)] | None = None


class Recall(Struct, frozen=True, kw_only=True):
    """The centre takes an order back from a unit (撤回)."""

    order: str
    reason: Line


class Sign(Struct, frozen=True, kw_only=True):
    """The unit takes the order; `due` is set by silent acceptance alone, which is judged by it."""

    order: str
    due: datetime | None = None

    def __post_init__(self) -> None:
        _check_zone(self.due)


class AskReturn(Struct, frozen=True, kw_only=True):
    order: str
    reason: Line
    basis: str = ""
    proposed_unit: str = ""


class JudgeReturn(Struct, frozen=True, kw_only=True):
    """Approve: a new order goes to `unit`, or to the unit the asker proposed."""

    order: str
    approve: bool
    unit: str = ""
    reason: str = ""


class Arbitrate(Struct, frozen=True, kw_only=True):
    """The ruling after too many returns: which unit is in charge, and under which rule."""

    order: str
    unit: str
    reason: Line


class AskExtension(Struct, frozen=True, kw_only=True):
    """The unit asks for more time (延期): until when, why, and what it will do meanwhile."""

    order: str
    until: Annotated[datetime, Meta(tz=True)]
    reason: Line
    plan: Remark = ""


class JudgeExtension(Struct, frozen=True, kw_only=True):
    order: str
    approve: bool
    reason: Remark = ""


class ReportContact(Struct, frozen=True, kw_only=True):
    """The unit has spoken with the citizen, or has tried to."""

    order: str
    reached: bool = True
    text: Remark = ""


class ReportProgress(Struct, frozen=True, kw_only=True):
    """What the unit has done so far; owed at intervals on urgent cases."""

    order: str
    text: Text


class AskSupplement(Struct, frozen=True, kw_only=True):
    """The auditor sends the sheet back to the agent: what is missing."""

    text: Line


class Supplement(Struct, frozen=True, kw_only=True):
    """The agent adds what was missing; empty fields stay as they are."""

    text: Remark = ""
    address: Name = ""
    area: Name = ""
    topic: Name = ""

    def __post_init__(self) -> None:
        if not any((self.text, self.address, self.area, self.topic)):
            raise ValueError("a supplement says at least one of text, address, area and topic")


class Withdraw(Struct, frozen=True, kw_only=True):
    """The citizen takes his request back (撤单)."""

    reason: Line


class Park(Struct, frozen=True, kw_only=True):
    """A matter that takes long waits by an approved plan (挂账) until its review."""

    reason: Line
    review_at: Annotated[datetime, Meta(tz=True)]


class Resume(Struct, frozen=True, kw_only=True):
    reason: Line


class Refer(Struct, frozen=True, kw_only=True):
    """Not the hotline's to settle: the citizen is told the legal route (不予受理)."""

    reason: Line
    route: Text


class Regrade(Struct, frozen=True, kw_only=True):
    """Another priority, type or topic, by a person's judgement; what is not given stays."""

    reason: Line
    priority: Priority | None = None
    request_type: RequestType | None = None
    topic: Name = ""


class Keep(Struct, frozen=True, kw_only=True):
    """Who tracks the case from unit to unit; hand-over gives the next keeper a note."""

    keeper: Name
    note: Remark = ""


class Archive(Struct, frozen=True, kw_only=True):
    """The appeal window of a closed case is over."""

    reason: Line


class Answer(Struct, frozen=True, kw_only=True):
    """What the unit did (inside) and what the citizen is told (public)."""

    order: str
    public_answer: Text
    internal: str = ""
    solved: bool = True


class Audit(Struct, frozen=True, kw_only=True):
    order: str
    passed: bool
    reason: str = ""


class SettleReply(Struct, frozen=True, kw_only=True):
    """The obligation is paid: by which means, with which proof."""

    obligation: str
    how: Literal["sms", "voice", "person", "unreachable"]
    proof: str = ""


class FollowUp(Struct, frozen=True, kw_only=True):
    """The follow-up call: solved or not, satisfaction 5..1 (0: not asked)."""

    solved: bool
    satisfaction: Annotated[int, Meta(ge=0, le=5)] = 0
    comment: str = ""


class Close(Struct, frozen=True, kw_only=True):
    reason: Line


class Reopen(Struct, frozen=True, kw_only=True):
    reason: Line


class Note(Struct, frozen=True, kw_only=True):
    """A remark on the case; with a purpose it is a call out: to whom, with which result and promise."""

    text: Remark = ""
    contact_id: Name = ""
    purpose: Purpose | None = None
    callee: Name = ""
    result: CallResult | None = None
    promise: Remark = ""
    promise_due: Annotated[datetime, Meta(tz=True)] | None = None

    def __post_init__(self) -> None:
        if not self.text and self.purpose is None:
            raise ValueError("a note has a text, or it is a call out with its purpose")


class Warn(Struct, frozen=True, kw_only=True):
    """A deadline comes near: `left` is the share of its time that is left. Without an order it is the case's own."""

    clock: Clock
    order: str
    due: datetime
    left: float = 0.0

    def __post_init__(self) -> None:
        _check_zone(self.due)


class Breach(Struct, frozen=True, kw_only=True):
    clock: Clock
    order: str
    due: datetime

    def __post_init__(self) -> None:
        _check_zone(self.due)


class Escalate(Struct, frozen=True, kw_only=True):
    """One step of the ladder after a breach: which rung of policy's ladder, to which role, by which channel."""

    clock: Clock
    order: str
    due: datetime
    rung: Rung
    step: str
    role: str
    channel: Channel

    def __post_init__(self) -> None:
        _check_zone(self.due)


class Supervise(Struct, frozen=True, kw_only=True):
    """A written supervision (督办): of one order, or of the whole case (`order` empty)."""

    reason: Line
    order: str = ""
    due: Annotated[datetime, Meta(tz=True)] | None = None


class AnswerSupervision(Struct, frozen=True, kw_only=True):
    """The unit's report on a supervision."""

    supervision: str
    text: Text


class JudgeSupervision(Struct, frozen=True, kw_only=True):
    """The supervisor accepts the report and closes the supervision, or sends it back."""

    supervision: str
    passed: bool
    text: Remark = ""


class AskTransfer(Struct, frozen=True, kw_only=True):
    """Hand the case to another city's hotline (its area code) or to 110, 119, 120, 122.

    `consent`: the reporter agrees that his number is shared. `checkpoint` and `plate` name third parties.
    """

    target: Annotated[str, Meta(pattern=r"^(\d{6}|110|119|120|122)$")]
    reason: Line
    asked_action: Line
    consent: bool = False
    checkpoint: Annotated[str, Meta(max_length=200)] = ""
    plate: Annotated[str, Meta(max_length=20)] = ""


class RecordTransfer(Struct, frozen=True, kw_only=True):
    """What became of a transfer. `update` is the partner's own count from 1; 0: our transfer service says so.

    `number`: the partner's case number; `reason`: a reason code; `clock` and `due` belong to `unacknowledged`.
    """

    transfer: str
    step: TransferStep
    update: int = 0
    number: str = ""
    reason: str = ""
    text: Annotated[str, Meta(max_length=MAX_TEXT)] = ""
    clock: TransferClock = "receipt"
    due: datetime | None = None

    def __post_init__(self) -> None:
        _check_zone(self.due)


class EndTransfer(Struct, frozen=True, kw_only=True):
    """A person ends a transfer that the partner let run over: without him, or with what he told on the telephone."""

    transfer: str
    outcome: Literal["refused", "completed"]
    text: Text


class HandBack(Struct, frozen=True, kw_only=True):
    """A case that came from a partner goes back to it, with a reason code."""

    reason: Line
    text: str = ""


class Carried(Struct, frozen=True, kw_only=True):
    """A reporter whose right to an answer goes to another case, and the number he knows his own by."""

    reporter: Reporter
    number: str


class MergeInto(Struct, frozen=True, kw_only=True):
    """This case is about the matter of `target` (并单), or the same request filed twice (`duplicate`)."""

    target: CaseId
    reason: Line
    kind: Literal["merge", "duplicate"] = "merge"


class Absorb(Struct, frozen=True, kw_only=True):
    """The other half of a merge: take over those who wait at `source`."""

    merge: str
    source: str
    number: str
    reporters: tuple[Carried, ...]


class RecordMerge(Struct, frozen=True, kw_only=True):
    """What the target made of a merge, told to its source."""

    merge: str
    target: str
    step: Literal["absorbed", "refused", "released", "kept"]
    reason: str = ""
    detail: str = ""


class TakeOn(Struct, frozen=True, kw_only=True):
    """A reporter who turned to a merged case, handed on to the case that will answer."""

    merge: str
    number: str
    reporter: Reporter
    text: str = ""


class UndoMerge(Struct, frozen=True, kw_only=True):
    """A merged case becomes a case of its own again, with its reporters."""

    reason: Line


class Release(Struct, frozen=True, kw_only=True):
    """The other half of undoing: let the reporters of `source` go."""

    merge: str
    source: str


class Split(Struct, frozen=True, kw_only=True):
    """One contact of the case becomes a case of its own; what is not given is as here."""

    contact_id: Annotated[str, Meta(min_length=1, max_length=200)]
    title: Line
    text: Text
    reason: Line
    request_type: RequestType | None = None
    topic: Name = ""
    area: Name = ""
    address: Name = ""


class RecordSplit(Struct, frozen=True, kw_only=True):
    """What became of the new case, told to the case it was split from."""

    case: str
    taken: bool
    reason: str = ""
    detail: str = ""


class DeclareEvent(Struct, frozen=True, kw_only=True):
    """This case stands for one cause of many: others may be linked to it, and its answer reaches them all."""

    reason: Line


class Link(Struct, frozen=True, kw_only=True):
    """This case waits for the answer of an event case from now on."""

    event_case: CaseId
    reason: Line


class Detach(Struct, frozen=True, kw_only=True):
    """The case is no part of its event case, and goes its own way."""

    reason: Line


class TakeAnswer(Struct, frozen=True, kw_only=True):
    """The event case's answer, for the case that was linked to it for the `link`th time."""

    event_case: str
    link: int
    answer: str


class RefuseLink(Struct, frozen=True, kw_only=True):
    """No answer will come from there: it is no event case, or has ended without one."""

    event_case: str
    link: int
    reason: str
    detail: str


Command = (
    Register | Attach | Assign | Sign | AskReturn | JudgeReturn | Answer | Audit
    | SettleReply | FollowUp | Close | Reopen | Note | Warn | Breach | AskTransfer | RecordTransfer | HandBack
    | Delegate | Recall | Arbitrate | AskExtension | JudgeExtension | ReportContact | ReportProgress
    | AskSupplement | Supplement | Withdraw | Park | Resume | Refer | Regrade | Keep | Archive
    | Escalate | Supervise | AnswerSupervision | JudgeSupervision
    | MergeInto | Absorb | RecordMerge | TakeOn | UndoMerge | Release | Split | RecordSplit
    | DeclareEvent | Link | Detach | TakeAnswer | RefuseLink
)  # fmt: skip

VERBS: dict[str, type[Struct]] = {
    "register": Register,
    "attach": Attach,
    "assign": Assign,
    "sign": Sign,
    "ask_return": AskReturn,
    "judge_return": JudgeReturn,
    "answer": Answer,
    "audit": Audit,
    "settle_reply": SettleReply,
    "follow_up": FollowUp,
    "close": Close,
    "reopen": Reopen,
    "note": Note,
    "warn": Warn,
    "breach": Breach,
    "ask_transfer": AskTransfer,
    "record_transfer": RecordTransfer,
    "end_transfer": EndTransfer,
    "hand_back": HandBack,
    "delegate": Delegate,
    "recall": Recall,
    "arbitrate": Arbitrate,
    "ask_extension": AskExtension,
    "judge_extension": JudgeExtension,
    "report_contact": ReportContact,
    "report_progress": ReportProgress,
    "ask_supplement": AskSupplement,
    "supplement": Supplement,
    "withdraw": Withdraw,
    "park": Park,
    "resume": Resume,
    "refer": Refer,
    "regrade": Regrade,
    "keep": Keep,
    "archive": Archive,
    "escalate": Escalate,
    "supervise": Supervise,
    "answer_supervision": AnswerSupervision,
    "judge_supervision": JudgeSupervision,
    "merge_into": MergeInto,
    "absorb": Absorb,
    "record_merge": RecordMerge,
    "take_on": TakeOn,
    "undo_merge": UndoMerge,
    "release": Release,
    "split": Split,
    "record_split": RecordSplit,
    "declare_event": DeclareEvent,
    "link": Link,
    "detach": Detach,
    "take_answer": TakeAnswer,
    "refuse_link": RefuseLink,
}
COMMANDS = Registry({f"case.{verb}.v1": model for verb, model in VERBS.items()})


def verb_of(command_type: str) -> str:
    """`case.sign.v1` → `sign`."""
    return command_type.split(".")[1]
