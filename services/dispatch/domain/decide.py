"""What a command makes of a case: a pure function from state, command and circumstances to events.

A command is never ignored: it becomes events, or one `command.rejected` with the reason.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from services.dispatch.domain import (
    answers,
    closing,
    deadlines,
    event_case,
    extensions,
    keeping,
    leaving,
    matter,
    merging,
    notes,
    orders,
    parking,
    registration,
    replies,
    returns,
    splitting,
    suborders,
    supervision,
    ties,
    transfers,
)
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.profiles import profiled
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.states import check
from shared.events import cases as e
from shared.events import commands as c


def decide(case: Case, command: Struct, context: Context) -> Events:
    """The events that the command causes, at least one. Raises Rejected."""
    if not case.registered and not isinstance(command, c.Register):
        raise Rejected("no_such_case", "this id was refused at registration and is no case")
    ties.check(case, command)
    check(case, command)
    return profiled(case, _DECIDE[type(command)](case, command, context), context)


def rejection(case: Case, command: Struct, context: Context, error: Rejected) -> e.CommandRejected:
    """The event that tells everybody of a rejection; a unit hears of it on its own feed."""
    order = getattr(command, "order", "")
    known = case.order(order)
    verb = c.verb_of(c.COMMANDS.type_of(command))
    unit = context.actor.removeprefix("unit:") if context.actor.startswith("unit:") else ""
    if known is not None and not unit:
        unit = known.unit
    mine = known is not None and known.unit == unit
    asking, about = ties.asker(command)
    return e.CommandRejected(
        verb=verb, reason=error.reason, detail=error.detail, order=order if mine else "", unit=unit,
        asker=asking, about=about,
    )  # fmt: skip


_DECIDE: dict[type[Struct], Callable[[Case, Any, Context], Events]] = {
    c.Register: registration.register,
    c.Attach: registration.attach,
    c.Assign: orders.assign,
    c.Delegate: suborders.delegate,
    c.Recall: answers.recall,
    c.Sign: orders.sign,
    c.AskReturn: returns.ask_return,
    c.JudgeReturn: returns.judge_return,
    c.Arbitrate: returns.arbitrate,
    c.AskExtension: extensions.ask_extension,
    c.JudgeExtension: extensions.judge_extension,
    c.ReportContact: answers.report_contact,
    c.ReportProgress: answers.report_progress,
    c.Answer: answers.answer,
    c.Audit: answers.audit,
    c.AskSupplement: matter.ask_supplement,
    c.Supplement: matter.supplement,
    c.Regrade: matter.regrade,
    c.Keep: keeping.keep,
    c.Park: parking.park,
    c.Resume: parking.resume,
    c.Withdraw: leaving.withdraw,
    c.Refer: leaving.refer,
    c.SettleReply: replies.settle_reply,
    c.FollowUp: closing.follow_up,
    c.Close: closing.close,
    c.Archive: closing.archive,
    c.Reopen: closing.reopen,
    c.Note: notes.note,
    c.Warn: deadlines.warn,
    c.Breach: deadlines.breach,
    c.Escalate: deadlines.escalate,
    c.Supervise: supervision.supervise,
    c.AnswerSupervision: supervision.answer,
    c.JudgeSupervision: supervision.judge,
    c.AskTransfer: transfers.ask,
    c.RecordTransfer: transfers.record,
    c.EndTransfer: transfers.end,
    c.HandBack: transfers.hand_back,
    c.MergeInto: merging.merge_into,
    c.Absorb: merging.absorb,
    c.RecordMerge: merging.record_merge,
    c.TakeOn: registration.take_on,
    c.UndoMerge: merging.undo_merge,
    c.Release: merging.release,
    c.Split: splitting.split,
    c.RecordSplit: splitting.record_split,
    c.DeclareEvent: event_case.declare,
    c.Link: event_case.link,
    c.Detach: event_case.detach,
    c.TakeAnswer: event_case.take_answer,
    c.RefuseLink: event_case.refuse_link,
}
