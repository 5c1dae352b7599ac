"""What a command makes of a case: a pure function from state, command and circumstances to events.

A command is never ignored: it becomes events, or one `command.rejected` with the reason.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from services.dispatch.domain import (
    closing,
    deadlines,
    event_case,
    merging,
    notes,
    orders,
    registration,
    replies,
    returns,
    splitting,
    transfers,
)
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.ties import asker, check
from shared.events import cases as e
from shared.events import commands as c


def decide(case: Case, command: Struct, context: Context) -> Events:
    """The events that the command causes, at least one. Raises Rejected."""
    if not case.registered and not isinstance(command, c.Register):
        raise Rejected("no_such_case", "this id was refused at registration and is no case")
    check(case, command)
    return _DECIDE[type(command)](case, command, context)


def rejection(case: Case, command: Struct, context: Context, error: Rejected) -> e.CommandRejected:
    """The event that tells everybody of a rejection; a unit hears of it on its own feed."""
    order = getattr(command, "order", "")
    known = case.order(order)
    verb = c.verb_of(c.COMMANDS.type_of(command))
    unit = context.actor.removeprefix("unit:") if context.actor.startswith("unit:") else ""
    if known is not None and not unit:
        unit = known.unit
    mine = known is not None and known.unit == unit
    asking, about = asker(command)
    return e.CommandRejected(
        verb=verb, reason=error.reason, detail=error.detail, order=order if mine else "", unit=unit,
        asker=asking, about=about,
    )  # fmt: skip


_DECIDE: dict[type[Struct], Callable[[Case, Any, Context], Events]] = {
    c.Register: registration.register,
    c.Attach: registration.attach,
    c.Assign: orders.assign,
    c.Sign: orders.sign,
    c.AskReturn: returns.ask_return,
    c.JudgeReturn: returns.judge_return,
    c.Answer: orders.answer,
    c.Audit: orders.audit,
    c.SettleReply: replies.settle_reply,
    c.FollowUp: closing.follow_up,
    c.Close: closing.close,
    c.Reopen: closing.reopen,
    c.Note: notes.note,
    c.Warn: deadlines.warn,
    c.Breach: deadlines.breach,
    c.AskTransfer: transfers.ask,
    c.RecordTransfer: transfers.record,
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
