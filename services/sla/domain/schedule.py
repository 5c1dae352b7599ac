"""What policy makes of a case's clocks: deadlines, the rungs that follow, and what is still to be told. Pure."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from services.sla.domain.clocks import Clocks, Kind, Late, Order, Pause, Running
from services.sla.domain.ladder import Addressed, Ladder, Step, Trigger
from shared.deadlines import Matter, Rulebook, granted, stood
from shared.events.commands import Clock

PLANS = 4096
"""Kinds of clocks whose plan is remembered; topics are free text."""
_MICRO = timedelta(microseconds=1)
ON_TIME: frozenset[Kind] = frozenset({"accept", "archive"})
"""What has no sense once the clock has stopped, however late that was."""


class Rung(NamedTuple):
    """Something to tell at a moment, under a key that is its own within the clock's deadline."""

    at: datetime
    kind: Kind
    key: str
    left: float = 0.0
    to: Addressed | None = None


class Plan(NamedTuple):
    """What policy says of one kind of clock: keys and shares of the warnings, and the steps after the breach."""

    warnings: tuple[tuple[str, float], ...]
    steps: tuple[Step, ...]


class Due(NamedTuple):
    """A rung that is due. Without a clock it is a trigger of the whole case."""

    order: str
    clock: Clock | None
    due: datetime
    rung: Rung


class Schedule:
    """Rules over states; a state that was counted under another version is counted anew."""

    def __init__(self, book: Rulebook, ladder: Ladder) -> None:
        self.book = book
        self.ladder = ladder
        self.version = f"{book.version}, ladder {ladder.version}"
        self._plan = lru_cache(PLANS)(self._make_plan)

    def start(
        self, state: Clocks, name: str, clock: Clock, cause: str, at: datetime, *, fixed: datetime | None = None
    ) -> None:
        """Start a clock, or start it again; nothing where policy has no limit for it.

        What is to be done by a moment that is over already is due at once.
        """
        order = state.order(name)
        order.clocks[clock] = Running(cause=cause, since=at, due=at, fixed=max(fixed, at) if fixed else None)
        self.reckon(state, name, clock)

    def reckon(self, state: Clocks, name: str, clock: Clock) -> None:
        """Count one clock from its facts. A deadline that moved is warned of and breached anew."""
        order = state.order(name)
        running = order.clocks[clock]
        before = running.due
        if not self._limit(state, order, clock, running):
            del order.clocks[clock]
            return
        if running.due != before:
            running.fired = []
        self.look(state, name, clock)

    def reckon_all(self, state: Clocks) -> None:
        """Count every clock that has not stopped, as under another priority, pause or policy."""
        for name, order in state.whole():
            for clock in [clock for clock, running in order.clocks.items() if running.stopped is None]:
                self.reckon(state, name, clock)
        known = {trigger.id for trigger in self.ladder.triggers}
        state.triggered = {one: at for one, at in state.triggered.items() if one in known or one in state.supervised}
        state.version = self.version

    def renew(self, state: Clocks) -> bool:
        """Bring a state to this policy; whether there was anything to do."""
        if state.version == self.version:
            return False
        self.reckon_all(state)
        return True

    def _limit(self, state: Clocks, order: Order, clock: Clock, running: Running) -> bool:
        if running.fixed is not None:
            running.due, running.rule = running.fixed, "fixed"
            return True
        if clock == "archive":
            appeal = self.book.appeal(running.since)
            running.rule, running.period, running.due = appeal.rule, appeal.period, appeal.due
            return True
        terms = self.book.terms(clock, state.matter, running.since, unit=order.unit, profile=order.profile)
        if terms is None:
            return False
        running.rule, running.period, running.due = terms.rule, terms.period, terms.due
        if order.profile:
            normal = self.book.terms(clock, state.matter, running.since, unit=order.unit)
            running.normal = normal.due if normal else None
        self._adjust(state, order, clock, running)
        return True

    def _adjust(self, state: Clocks, order: Order, clock: Clock, running: Running) -> None:
        """Own deadline of an order, a granted extension, and the time for which the clock stood still."""
        since, pauses = running.since, self.pauses(state, order, clock)
        calendar = self.book.calendar(order.unit, order.profile)

        def move(due: datetime, begun: datetime, ended: datetime) -> datetime:
            return calendar.moved(due, running.period, begun, ended)

        if clock == "resolve":
            running.due, since, why = granted(running.due, since, order.own, order.extended)
            running.rule = why or running.rule
        running.due, running.held = stood(running.due, since, pauses, move)
        if running.normal is not None:
            running.normal, _ = stood(running.normal, running.since, pauses, move)

    def pauses(self, state: Clocks, order: Order, clock: Clock) -> list[Pause]:
        """The pauses that hold for this clock, one after the other: overlapping ones count once."""
        given = state.case.pauses + (order.pauses if order is not state.case else [])
        mine = [pause for pause in given if clock in getattr(self.book.deadlines.pauses, pause.kind)]
        found: list[Pause] = []
        for pause in sorted(mine, key=lambda one: one.since):
            last = found[-1] if found else None
            if last is None or (last.until is not None and last.until < pause.since):
                found.append(Pause(kind=pause.kind, since=pause.since, until=pause.until, reason=pause.reason))
            elif last.until is not None:
                last.until = None if pause.until is None else max(last.until, pause.until)
        return found

    def rungs(self, state: Clocks, name: str, clock: Clock, told: Collection[str] = ()) -> Iterator[Rung]:
        """Everything that a clock tells in its life, in the order of policy, without what was told."""
        order = state.order(name)
        running = order.clocks[clock]
        if clock == "archive":
            yield from () if "archive" in told else (Rung(running.due, "archive", "archive"),)
            return
        plan = self._plan(clock, state.matter, order.profile)
        for key, left in plan.warnings:
            if key not in told:
                yield Rung(running.due - (running.due - running.since) * left, "warn", key, left)
        if "breach" not in told:
            yield Rung(running.due, "breach", "breach")
        if clock == "sign" and "accept" not in told:
            yield Rung(running.due, "accept", "accept")
        for step in plan.steps:
            if step.step not in told:
                at = self.book.calendar(order.unit, order.profile).due(running.due, step.after)
                yield Rung(at, step.rung, step.step, 0.0, step)

    def _make_plan(self, clock: Clock, matter: Matter, profile: str) -> Plan:
        shares = self.book.warn_left(clock, matter, profile)
        return Plan(tuple((f"warn {left:g}", left) for left in shares), self.ladder.steps(clock, matter))

    def look(self, state: Clocks, name: str, clock: Clock) -> None:
        """Find when the clock's next rung comes."""
        rung = self._next(state, name, clock)
        state.order(name).clocks[clock].next = rung.at if rung else None

    def _next(self, state: Clocks, name: str, clock: Clock) -> Rung | None:
        """A clock that has stopped has none: what was due before its stop was set aside when that was read."""
        running = state.order(name).clocks[clock]
        if running.stopped is not None:
            return None
        rung = next(self.rungs(state, name, clock, running.fired), None)
        return None if rung is None or (running.held is not None and rung.at > running.held) else rung

    def trigger(self, state: Clocks, at: datetime) -> None:
        """Note the triggers that hold now for the first time."""
        for trigger in self.ladder.triggers:
            if trigger.id not in state.triggered and trigger.holds(state.matter, state.joined):
                state.triggered[trigger.id] = at

    def catch_up(self, state: Clocks, before: datetime) -> None:
        """Set aside what was due before an event that is about to be applied: so what is told depends on the events
        alone, and not on how soon the timers came round to it.
        """
        due = state.next()
        if due is None or due >= before:
            return
        while (one := self._fresh(state, before - _MICRO)) is not None:
            at, kind, key, left, _ = one.rung
            state.late.append(
                Late(
                    matter=state.matter,
                    order=one.order,
                    clock=one.clock,
                    due=one.due,
                    at=at,
                    kind=kind,
                    key=key,
                    left=left,
                )
            )
            self._tell(state, one)

    def pending(self, state: Clocks, until: datetime) -> Due | None:
        """The oldest rung that is due by then and was not told."""
        while state.late:
            late = self._late(state, state.late[0])
            if late is not None:
                return late
            state.late.pop(0)
        return self._fresh(state, until)

    def _late(self, state: Clocks, one: Late) -> Due | None:
        """Nothing where it has no sense any more: a warning of a clock that stopped in time, silence of a unit that
        has signed, or a step that policy does not know any more.
        """
        if one.clock is None:
            trigger = self.ladder.trigger(one.key)
            return Due("", None, one.due, Rung(one.at, one.kind, one.key, 0.0, trigger)) if trigger else None
        running = state.order(one.order).clocks.get(one.clock)
        stopped = running.stopped if running and running.due == one.due else None
        if one.kind in ON_TIME and (running is None or running.stopped is not None):
            return None
        if one.kind == "warn" and (running is None or running.due != one.due or (stopped and stopped <= one.due)):
            return None
        if one.kind in ("warn", "breach", *ON_TIME):
            return Due(one.order, one.clock, one.due, Rung(one.at, one.kind, one.key, one.left))
        step = self.ladder.step(one.clock, one.matter, one.key)
        return Due(one.order, one.clock, one.due, Rung(one.at, one.kind, one.key, 0.0, step)) if step else None

    def _fresh(self, state: Clocks, until: datetime) -> Due | None:
        found: list[tuple[datetime, int, Due]] = []
        for name, order in state.whole():
            for clock, running in order.clocks.items():
                if running.next is not None and running.next <= until:
                    rung = self._next(state, name, clock)
                    if rung is not None:
                        found.append((rung.at, len(found), Due(name, clock, running.due, rung)))
        for trigger in self._triggers(state):
            at = state.triggered[trigger.id]
            if at <= until:
                found.append((at, len(found), Due("", None, at, Rung(at, "trigger", trigger.id, 0.0, trigger))))
        return min(found)[2] if found else None

    def _triggers(self, state: Clocks) -> Iterator[Trigger]:
        for trigger in self.ladder.triggers:
            if trigger.id in state.triggered and trigger.id not in state.supervised:
                yield trigger

    def told(self, state: Clocks, one: Due) -> None:
        """It has been told."""
        if state.late:
            state.late.pop(0)
        else:
            self._tell(state, one)

    def _tell(self, state: Clocks, one: Due) -> None:
        """Mark it; the progress clock begins its next round, until the order is due."""
        if one.clock is None:
            state.supervised.append(one.rung.key)
            return
        running = state.order(one.order).clocks[one.clock]
        running.fired.append(one.rung.key)
        self.look(state, one.order, one.clock)
        if one.clock == "progress" and running.next is None and running.stopped is None and running.held is None:
            self.round(state, one.order, running.cause, running.due)

    def round(self, state: Clocks, name: str, cause: str, at: datetime) -> None:
        """A round of the progress clock; what would end after the order is due is the ladder's matter."""
        order = state.order(name)
        self.start(state, name, "progress", cause, at)
        resolve = order.clocks.get("resolve")
        if "progress" in order.clocks and resolve is not None and order.clocks["progress"].due > resolve.due:
            del order.clocks["progress"]

    def answer_due(self, state: Clocks, one: Due) -> datetime | None:
        """Until when a supervision is to be answered."""
        within = one.rung.to.answer_within if one.rung.to else None
        order = state.order(one.order)
        return self.book.calendar(order.unit, order.profile).due(one.rung.at, within) if within else None
