"""Merging a case into another and undoing it: each side decides alone, and tells the other by a command.

The source asks, the target takes over or refuses, the source hears of it. Who turns to the source meanwhile is kept
there, and later handed on. The source remembers all its reporters, so that undoing needs nothing of the target but
that it lets them go.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.dispatch.domain.case import Case, Debt, DebtState, is_known, same_person
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.orders import withdrawn
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.related import Merge
from services.dispatch.domain.replies import begin_cycle, closes, obligation_id, obligations, owed, turn
from services.dispatch.domain.states import state_of
from services.dispatch.domain.ties import refuse_if
from shared.events import cases as e
from shared.events import commands as c
from shared.events.topics import lane_of
from shared.ids import derive

MAX_CARRIED = 300
"""Reporters of one merge, which one record has to hold; more are an event case."""


def merge_into(case: Case, command: c.MergeInto, context: Context) -> Events:
    waiting = [debt for debt in case.debts if debt.state == "open"]
    _check_source(case, command.target, len(waiting))
    return [
        e.MergeAsked(
            merge=derive("merge", case.id, case.related.merges + 1),
            target=command.target,
            kind=command.kind,
            reason=command.reason,
            number=case.number,
            request_type=case.request_type,
            reporters=tuple(c.Carried(reporter=debt.reporter, number=debt.number or case.number) for debt in waiting),
        )
    ]


def _check_source(case: Case, target: str, waiting: int) -> None:
    state = state_of(case)
    payable = len([debt for debt in case.unpaid() if debt.state != "open"]) + len(case.related.leaving)
    slower = lane_of(case.id) == "urgent" and lane_of(target) == "normal"
    refuse_if(target == case.id, "same_case", "a case cannot be merged into itself")
    refuse_if(case.closed or case.reopen_requested, "not_open", f"the case is {state}; only an open case is merged")
    refuse_if(payable > 0, "reply_payable", f"{payable} reporters are being answered or leave; wait for it")
    refuse_if(case.answered(), "answered", f"the case has its answer and is {state}")
    refuse_if(case.related.received, "received", "a partner waits for this very case; merge the other one into it")
    refuse_if(case.transferred(), "transferred", "a partner has the case; wait for its answer or its refusal")
    refuse_if(case.related.waits(), "linked", "the case waits for an event case; detach it first")
    refuse_if(case.related.event is not None, "event_case", "others wait for this event case; merge into it instead")
    refuse_if(slower, "slower_lane", "an urgent case is not merged into one of the normal lane")
    refuse_if(waiting > MAX_CARRIED, "too_many", f"{waiting} reporters wait; make it an event case and link others")


def absorb(case: Case, command: c.Absorb, context: Context) -> Events:
    refuse_if(case.closed, "not_open", f"case {case.number} is {state_of(case)}; reopen it before merging into it")
    debts: list[str] = []
    for one in command.reporters:
        debts.append(obligation_id(case, one.reporter, case.cycle, command.merge, debts))
    taken = e.CaseAbsorbed(
        merge=command.merge,
        source=command.source,
        number=command.number,
        reporters=command.reporters,
        obligations=tuple(debts),
    )
    late = zip(debts, command.reporters, strict=True) if case.answered() else ()
    return [taken, *(owed(case, debt, one.reporter, one.number) for debt, one in late)]


def record_merge(case: Case, command: c.RecordMerge, context: Context) -> Events:
    """What the target made of it. Taken over when nobody asks any more: it shall let go."""
    merge = case.related.merge
    mine = merge if merge is not None and merge.id == command.merge else None
    about = {"merge": command.merge, "target": command.target}
    if mine is None and command.step == "absorbed":
        return [e.MergeLapsed(**about)]
    if mine is None or mine.done == (command.step in ("absorbed", "refused")):
        raise Rejected("no_such_merge", f"the case is {state_of(case)}; nothing of this merge is open")
    match command.step:
        case "absorbed":
            return [e.CaseMerged(**about), *withdrawn(case, case.current(), "merged"), *_late(case, mine)]
        case "refused":
            return [e.MergeRefused(reason=command.reason, detail=command.detail, **about)]
        case "released":
            return [_separated(case, mine)]
        case _:
            return [e.MergeKept(reason=command.reason, detail=command.detail, **about)]


def _late(case: Case, merge: Merge) -> Events:
    """Those who joined while the target was asked."""
    return [hand_on(case, merge, debt) for debt in case.debts if debt.state == "open"]


def hand_on(case: Case, merge: Merge, debt: Debt, text: str = "") -> e.ReporterHandedOn:
    return e.ReporterHandedOn(
        merge=merge.id,
        target=merge.target,
        number=debt.number or case.number,
        via=debt.merge,
        reporter=debt.reporter,
        text=text,
    )


def undo_merge(case: Case, command: c.UndoMerge, context: Context) -> Events:
    merge = case.related.merge
    if merge is None or not merge.done:
        raise Rejected("not_merged", f"the case is {state_of(case)}")
    return [e.MergeUndoAsked(merge=merge.id, target=merge.target, reason=command.reason)]


def release(case: Case, command: c.Release, context: Context) -> Events:
    """Not while one of them is being answered: else he would be told twice."""
    refuse_if(command.merge not in case.related.absorbed, "no_such_merge", f"nothing of {command.source} is here")
    came = [debt for debt in case.debts if debt.merge == command.merge]
    payable = [debt for debt in came if debt.state == "owed"]
    refuse_if(bool(payable), "reply_payable", f"{len(payable)} of its reporters are being answered; wait for it")
    leave = tuple(debt.id for debt in came if debt.state == "open")
    released = e.CaseReleased(merge=command.merge, source=command.source, obligations=leave)
    last = closes(case, context, gone=[debt.id for debt in came])
    return [released, *([e.CaseClosed(reason="nobody_waits")] if last else [])]


def _separated(case: Case, merge: Merge) -> e.CaseSeparated:
    """A new cycle: all its reporters are owed an answer again, whatever the target told them."""
    cycle = case.cycle + 1
    debts = obligations(case, cycle)
    return e.CaseSeparated(merge=merge.id, target=merge.target, cycle=cycle, obligations=debts)


def _asked(case: Case, event: e.MergeAsked, now: datetime) -> None:
    case.related.merges += 1
    case.related.merge = Merge(id=event.merge, target=event.target)
    turn(case.debts, "open", "leaving")


def _refused(case: Case, event: e.MergeRefused, now: datetime) -> None:
    case.related.merge = None
    turn(case.debts, "leaving", "open")


def _merged(case: Case, event: e.CaseMerged, now: datetime) -> None:
    case.related.merge = Merge(id=event.merge, target=event.target, done=True)
    turn(case.debts, "leaving", "moved")


def _handed_on(case: Case, event: e.ReporterHandedOn, now: datetime) -> None:
    """He is remembered here, and waits there."""
    mine = [debt for debt in case.debts if same_person(debt.reporter, event.reporter) and debt.merge == event.via]
    turn(mine, "open", "moved")
    if not mine and is_known(event.reporter.person):
        number = event.number if event.via else ""
        debt_id = obligation_id(case, event.reporter, case.cycle, event.via)
        case.debts.append(_debt(case, debt_id, event.reporter, event.via, number, "moved"))


def _absorbed(case: Case, event: e.CaseAbsorbed, now: datetime) -> None:
    case.related.absorbed[event.merge] = event.source
    came = zip(event.obligations, event.reporters, strict=True)
    case.debts += [_debt(case, debt, one.reporter, event.merge, one.number, "open") for debt, one in came]


def _debt(case: Case, debt_id: str, reporter: c.Reporter, merge: str, number: str, state: DebtState) -> Debt:
    return Debt(id=debt_id, reporter=reporter, cycle=case.cycle, state=state, merge=merge, number=number)


def _released(case: Case, event: e.CaseReleased, now: datetime) -> None:
    case.related.absorbed.pop(event.merge, None)
    turn([debt for debt in case.debts if debt.id in event.obligations], "open", "moved")


def _apart(case: Case, event: e.CaseSeparated, now: datetime) -> None:
    begin_cycle(case, event.cycle, event.obligations)
    case.related.merge = None


def _nothing(case: Case, event: Struct, now: datetime) -> None:
    """The event is history, and tells the other case."""


APPLY: dict[type[Struct], Callable[[Case, Any, datetime], None]] = {
    e.MergeAsked: _asked,
    e.MergeRefused: _refused,
    e.CaseMerged: _merged,
    e.ReporterHandedOn: _handed_on,
    e.CaseAbsorbed: _absorbed,
    e.MergeUndoAsked: _nothing,
    e.MergeKept: _nothing,
    e.MergeLapsed: _nothing,
    e.CaseReleased: _released,
    e.CaseSeparated: _apart,
}
