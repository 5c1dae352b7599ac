"""Why a deadline is what it is, in the words of the policy; and what another policy would make of it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field

from services.sla.domain.clocks import Clocks, Order, Pause, Running
from services.sla.domain.schedule import Schedule
from shared.events.commands import Clock

EXAMPLES = 20


def explained(state: Clocks, schedule: Schedule) -> list[dict[str, Any]]:
    """Each clock with its rule, period, calendar, intervals, pauses, deadlines, and what it tells when."""
    return [
        _clock(state, schedule, name, order, clock)
        for name, order in state.whole()
        for clock in order.clocks
    ]  # fmt: skip


def _clock(state: Clocks, schedule: Schedule, name: str, order: Order, clock: Clock) -> dict[str, Any]:
    running = order.clocks[clock]
    pauses = [] if running.fixed else schedule.pauses(state, order, clock)
    return {
        "order": name,
        "unit": order.unit,
        "clock": clock,
        "rule": running.rule,
        "period": running.period,
        "profile": order.profile,
        "since": running.since,
        "due": running.due,
        "normal_due": running.normal or running.due,
        "extended_until": order.extended.until if order.extended and clock == "resolve" else None,
        "pauses": msgspec.to_builtins(pauses, builtin_types=(datetime,)),
        "intervals": [*_intervals(running, pauses)],
        "stopped": running.stopped,
        "holidays_known": schedule.book.calendars.knows(running.due),
        "rungs": [_rung(running, one) for one in schedule.rungs(state, name, clock)],
    }


def _rung(running: Running, rung: Any) -> dict[str, Any]:
    to = rung.to
    about = {"role": to.role, "channel": to.channel} if to else {}
    return {"at": rung.at, "kind": rung.kind, "step": rung.key, "told": rung.key in running.fired, **about}


def _intervals(running: Running, pauses: list[Pause]) -> Iterator[tuple[datetime, datetime]]:
    """The spans in which the clock ran, up to its stop or its deadline."""
    since, end = running.since, running.stopped or running.due
    for pause in pauses:
        if pause.since > since:
            yield since, min(pause.since, end)
        if pause.until is None or pause.until >= end:
            return
        since = max(since, pause.until)
    if since < end:
        yield since, end


class Difference(Struct, kw_only=True):
    """What another policy would change over the running clocks that were looked at."""

    cases: int = 0
    clocks: int = 0
    uncounted: int = 0
    """Cases whose clocks could not be counted under either."""
    counts: dict[str, int] = field(default_factory=dict)
    """`<clock> earlier|later|overdue at once|no longer overdue|appears|disappears` → how many."""
    examples: list[dict[str, Any]] = field(default_factory=list)

    def look(self, case: str, state: Clocks, other: Schedule, now: datetime) -> None:
        """Count one case; `state` is changed to the other policy."""
        before = dict(_dues(state))
        other.reckon_all(state)
        after = dict(_dues(state))
        self.cases += 1
        for key in before.keys() | after.keys():
            self._compare(case, key, before.get(key), after.get(key), now)

    def _compare(
        self, case: str, key: tuple[str, Clock], was: Running | None, now_is: Running | None, now: datetime
    ) -> None:
        self.clocks += 1
        change = _change(was.due if was else None, now_is.due if now_is else None, now)
        if not change:
            return
        name = f"{key[1]} {change}"
        self.counts[name] = self.counts.get(name, 0) + 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(
                {
                    "case": case, "order": key[0], "clock": key[1], "change": change,
                    "was": _shown(was), "becomes": _shown(now_is),
                }
            )  # fmt: skip


def _shown(running: Running | None) -> dict[str, Any] | None:
    return {"rule": running.rule, "due": running.due} if running else None


def _dues(state: Clocks) -> Iterator[tuple[tuple[str, Clock], Running]]:
    for name, order in state.whole():
        for clock, running in order.clocks.items():
            if running.stopped is None:
                yield (name, clock), msgspec.structs.replace(running)


def _change(was: datetime | None, becomes: datetime | None, now: datetime) -> str:
    if was is None or becomes is None:
        return "" if was is becomes else "appears" if was is None else "disappears"
    if was == becomes:
        return ""
    if becomes <= now < was:
        return "overdue at once"
    if was <= now < becomes:
        return "no longer overdue"
    return "earlier" if becomes < was else "later"
