"""What a case refuses while it is tied to another one, and who waits for a command's outcome."""

from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.rejected import Rejected
from shared.events import commands as c

_ALWAYS = (c.Register, c.Attach, c.TakeOn, c.RecordMerge, c.Note)
MERGING: tuple[type[Struct], ...] = (*_ALWAYS, c.Sign, c.Warn, c.Breach, c.Escalate)
"""Timers fire once, so they are heard also while a target is asked; all else waits for its answer."""
MERGED: tuple[type[Struct], ...] = (*_ALWAYS, c.UndoMerge, c.AnswerSupervision, c.JudgeSupervision)
"""A document that was issued before the merge is brought to its end here."""
_NOT_LINKED: tuple[type[Struct], ...] = (c.Assign, c.AskTransfer)
_WAIVING: tuple[type[Struct], ...] = (c.Withdraw, c.HandBack)


def check(case: Case, command: Struct) -> None:
    """Raises Rejected for what has to wait, or belongs to the other case."""
    merge = case.related.merge
    if merge is not None and not isinstance(command, MERGED if merge.done else MERGING):
        if merge.done:
            raise Rejected("merged", f"this case was merged into {merge.target}, which goes on with it")
        raise Rejected("merging", f"{merge.target} is asked to take this case over; repeat when it has answered")
    linked = case.related.waits() and isinstance(command, _NOT_LINKED)
    refuse_if(linked, "linked", "the case waits for its event case; detach it first")
    others = [debt for debt in case.unpaid() if debt.merge]
    waives = bool(others) and isinstance(command, _WAIVING)
    refuse_if(waives, "others_wait", f"{len(others)} reporters of merged cases wait; undo those merges first")


def refuse_if(wrong: bool, reason: str, detail: str) -> None:
    if wrong:
        raise Rejected(reason, detail)


def asker(command: Struct) -> tuple[str, str]:
    """The case that waits for this command's outcome, and which of its merges it is about."""
    if isinstance(command, c.Absorb | c.Release):
        return command.source, command.merge
    return (command.split_from, "") if isinstance(command, c.Register) else ("", "")
