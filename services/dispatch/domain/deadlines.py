"""Deadlines that pass, told once each and judged by domain time; a case's own clocks have no order."""

from datetime import datetime

from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Context, Events
from services.dispatch.domain.orders import own_order
from services.dispatch.domain.rejected import Rejected
from services.dispatch.domain.states import state_of
from shared import clockwork
from shared.events import cases as e
from shared.events import commands as c
from shared.ids import derive
from shared.states import CaseState

Told = c.Warn | c.Breach | c.Escalate
_PENDING: tuple[CaseState, ...] = ("PENDING_DISPATCH", "PENDING_SUPPLEMENT")
_AGAIN: dict[type[Struct], str] = {
    c.Warn: "already_warned", c.Breach: "already_breached", c.Escalate: "already_escalated",
}  # fmt: skip


def warn(case: Case, command: c.Warn, context: Context) -> Events:
    unit = _check(case, command, context)
    return [
        e.DeadlineWarned(clock=command.clock, order=command.order, unit=unit, due=command.due, left=command.left)
    ]  # fmt: skip


def breach(case: Case, command: c.Breach, context: Context) -> Events:
    unit = _check(case, command, context)
    return [e.DeadlineBreached(clock=command.clock, order=command.order, unit=unit, due=command.due)]


def escalate(case: Case, command: c.Escalate, context: Context) -> Events:
    """One step of the ladder. The unit hears of it on its feed."""
    unit = _check(case, command, context)
    return [
        e.CaseEscalated(
            clock=command.clock, order=command.order, unit=unit, due=command.due,
            rung=command.rung, step=command.step, role=command.role, channel=command.channel,
        )
    ]  # fmt: skip


def _check(case: Case, command: Told, context: Context) -> str:
    """The unit whose clock it is. Rejected if the clock had stopped at or before `due`, or this was told already."""
    order = own_order(case, command.order, context) if command.order else None
    stopped = (case if order is None else order).stopped.get(command.clock)
    if stopped is not None and stopped <= command.due:
        raise Rejected("clock_stopped", f"the {command.clock} clock stopped at {stopped.isoformat()}")
    if _mark(command) in case.told:
        raise Rejected(_AGAIN[type(command)], f"the {command.clock} clock has told that of {command.due.isoformat()}")
    return order.unit if order else ""


def _mark(told: Told | e.DeadlineWarned | e.DeadlineBreached | e.CaseEscalated) -> str:
    """What was told of which deadline, in few letters: command and event have the same."""
    what = getattr(told, "step", "") or getattr(told, "left", "breach")
    return derive("told", told.order, told.clock, told.due.isoformat(), str(what))[:13]


def note(case: Case, event: Struct, now: datetime) -> None:
    """Keep which clocks the event stopped or started again, and what it told. Called for every event of the case."""
    owed = any(debt.state == "owed" for debt in case.debts)
    idle = isinstance(event, clockwork.FREES) and state_of(case) in _PENDING
    clockwork.stop(case.stopped, clockwork.of_case(event, owed=owed, idle=idle), now)
    order = case.order(getattr(event, "order", ""))
    if order is not None:
        clockwork.stop(order.stopped, clockwork.of_order(event), now)
    _note_supervision(case, event, now)
    if clockwork.ends_orders(event):
        for each in case.orders:
            clockwork.stop(each.stopped, clockwork.Change(clockwork.ALL), now)
    if isinstance(event, e.DeadlineWarned | e.DeadlineBreached | e.CaseEscalated):
        case.told.append(_mark(event))
    if isinstance(event, e.DeadlineBreached) and order is not None and event.clock not in order.breached:
        order.breached.append(event.clock)


def _note_supervision(case: Case, event: Struct, now: datetime) -> None:
    """Its clock is the supervised order's, or the case's."""
    one = case.supervision(getattr(event, "supervision", ""))
    if one is not None:
        clockwork.stop((case.order(one.order) or case).stopped, clockwork.of_supervision(event), now)
