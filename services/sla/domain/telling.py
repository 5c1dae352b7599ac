"""The command that tells dispatch of a rung; its id is the same whoever tells it, and however often."""

from datetime import datetime

from msgspec import Struct

from services.sla.domain.clocks import Clocks
from services.sla.domain.ladder import Step
from services.sla.domain.schedule import Due, Schedule
from shared.events.commands import COMMANDS, Archive, Breach, Escalate, Sign, Supervise, Warn
from shared.events.envelope import Envelope, raw
from shared.ids import caused_command_id, span_of

SERVICE = "service:sla"


def identity(case: str, one: Due) -> str:
    """Derived from case, clock, order, deadline and rung: a deadline that moved is another one."""
    what = f"{one.rung.kind} {one.rung.key} of {one.clock or 'case'} due {one.due.timestamp():.6f}"
    return caused_command_id(case, what, one.order)


def command(case: str, state: Clocks, schedule: Schedule, one: Due, now: datetime) -> Envelope:
    """The envelope of the rung's command, in the trace of the case's last event."""
    data = _data(schedule, state, one)
    mine = identity(case, one)
    return Envelope(
        id=mine,
        type=COMMANDS.type_of(data),
        source="/sla",
        subject=case,
        time=now,
        actor=SERVICE,
        traceparent=span_of(state.traceparent, mine, case),
        data=raw(data),
    )


def _data(schedule: Schedule, state: Clocks, one: Due) -> Struct:
    rung, to = one.rung, one.rung.to
    if rung.kind in ("supervise", "trigger") and to is not None:
        return Supervise(order=one.order, reason=to.reason, due=schedule.answer_due(state, one))
    assert one.clock is not None, "only a trigger has no clock"
    if rung.kind == "archive":
        return Archive(reason=f"申诉期{schedule.book.deadlines.appeal_within}届满")
    if rung.kind == "warn":
        return Warn(clock=one.clock, order=one.order, due=one.due, left=rung.left)
    if isinstance(to, Step):
        return Escalate(
            clock=one.clock, order=one.order, due=one.due, rung=to.rung, step=to.step, role=to.role, channel=to.channel
        )
    if rung.kind == "accept":
        return Sign(order=one.order, due=one.due)
    return Breach(clock=one.clock, order=one.order, due=one.due)
