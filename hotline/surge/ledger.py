"""The ledger: every promise of a run against what topics and databases say became of it. Pure.

*Lost* is a promise without an end, or silence accepted without a breach. *Done twice* is one obligation paid twice by
the gateway, one order's step told in two ways, one matter opened twice, one deadline warned or breached twice, one link
to an event case answered twice. Duplicates inside Kafka are legal.
"""

import math
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from hotline.surge.facts import Effect, Facts
from hotline.surge.histories import Histories
from hotline.surge.journal import Registered
from hotline.surge.promises import Promises
from shared.events.deliveries import CHANNELS
from shared.states import OVER

COUNTED = {
    "transfers_completed": "transfer.completed.v1",
    "merged": "case.merged.v1",
    "merges_undone": "case.separated.v1",
    "detached": "case.detached.v1",
    "arbitrated": "case.arbitrated.v1",
    "extended": "work_order.extended.v1",
    "extensions_refused": "work_order.extension_refused.v1",
    "set_aside": "case.parked.v1",
    "warnings": "deadline.warned.v1",
    "breaches": "deadline.breached.v1",
    "rejections": "command.rejected.v1",
}
"""Line of the ledger → the event that it counts."""
_NOT_BY_PERSON = frozenset({"", "waived", "unreachable", *CHANNELS})
"""How a debt stands that nobody has settled by telling it himself."""


class Latency(Struct, frozen=True, kw_only=True):
    """Seconds; `count` measured cases."""

    count: int
    p50: float
    p99: float


class Ledger(Struct, frozen=True, kw_only=True):
    """The result of a run: counts, times in seconds, and lists of what should not be."""

    offered: int
    served_by_ivr: int
    answered_at_desk: int
    dispatched: int
    to_several_units: int
    called_again: int
    replies_owed: int
    replies_delivered: int
    replies_by_voice: int
    """Of those delivered: by a second channel, after the first had failed."""
    replies_by_person: int
    replies_unreachable: int
    """Given up by a person: who waits was told nothing."""
    replies_waived: int
    transferred: int
    transfers_completed: int
    merged: int
    merges_undone: int
    linked: int
    """Cases that an event case answers, or was to answer."""
    answered_by_event: int
    detached: int
    arbitrated: int
    extended: int
    extensions_refused: int
    set_aside: int
    """Cases that were parked, each time counted."""
    under_profile: int
    """Work orders given out under a surge profile."""
    profile_switches: int
    warnings: int
    breaches: int
    rejections: int
    call_to_feed: Latency
    call_to_reply: Latency
    calls_per_second: float
    """First calls over the time from their first to their last accepted event."""
    to_last_reply: float
    """Seconds from the first call to the gateway's acceptance of the last reply."""
    to_last_prompt_reply: float
    """The same, of cases whose units all signed: silence accepts by the city's working days, not by the platform."""
    seconds: float
    """From the first call to the last event of a case."""
    lost: list[str]
    done_twice: list[str]
    owed: list[str]
    gaps: list[str]
    out_of_order: list[str]
    contradictions: list[str]
    parked: list[str]
    waiting: list[str]
    dead_letters: list[str]
    refused: list[str]

    def troubles(self) -> dict[str, list[str]]:
        """Each list that must be empty, by its name."""
        names = (
            "lost", "done_twice", "owed", "gaps", "out_of_order", "contradictions", "parked", "waiting",
            "dead_letters", "refused",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    @property
    def clean(self) -> bool:
        return not any(self.troubles().values())


def build_ledger(facts: Facts, histories: Histories) -> Ledger:
    """The ledger of one run; counts are of this run's calls, the lists are of everything the log holds."""
    promises = Promises(facts.lines)
    mine = {line.case: line for line in promises.registered}
    offered = promises.offered()
    by_message = _paid(histories, *CHANNELS)
    by_voice = _paid(histories, "voice")
    began = min((line.at for line in promises.touches), default=histories.last_at)
    return Ledger(
        offered=len(offered),
        served_by_ivr=len({event.contact for event in facts.contacts if event.served_by == "ivr"} & offered),
        answered_at_desk=sum(line.answered for line in promises.registered),
        dispatched=len(histories.units),
        to_several_units=sum(count > 1 for count in histories.units.values()),
        called_again=len(promises.attached),
        replies_owed=len(histories.debts),
        replies_delivered=len(by_message),
        replies_by_voice=len(by_voice),
        replies_by_person=sum(debt.how not in _NOT_BY_PERSON for debt in histories.debts.values()),
        replies_unreachable=len(_paid(histories, "unreachable")),
        replies_waived=histories.waived,
        transferred=len(histories.transfers),
        **{name: histories.counts.get(kind, 0) for name, kind in COUNTED.items()},
        linked=len(histories.links),
        answered_by_event=len(histories.told),
        under_profile=histories.under_profile,
        profile_switches=len(promises.switched),
        call_to_feed=_latency([at - mine[case].asked for case, at in histories.fed.items() if case in mine]),
        call_to_reply=_latency(_reply_times(histories, facts.effects, mine)),
        calls_per_second=_rate(promises),
        to_last_reply=_last_reply(histories, facts.effects, began, frozenset()),
        to_last_prompt_reply=_last_reply(histories, facts.effects, began, frozenset(histories.silent.values())),
        seconds=max(0.0, histories.last_at - began),
        lost=_lost(facts, promises, histories),
        done_twice=_done_twice(facts, histories),
        owed=[f"obligation {debt} of case {histories.debts[debt].case}" for debt in _paid(histories, "")],
        gaps=histories.cases.gaps() + histories.orders.gaps(),
        out_of_order=histories.cases.out_of_order + histories.orders.out_of_order,
        contradictions=histories.cases.different + _strange(facts),
        parked=facts.parked,
        waiting=facts.waiting,
        dead_letters=facts.dead_letters,
        refused=[f"{line.what}: {line.status} {line.detail}" for line in promises.refused],
    )


def _paid(histories: Histories, *how: str) -> list[str]:
    return [debt for debt, known in histories.debts.items() if known.how in how]


def _lost(facts: Facts, promises: Promises, histories: Histories) -> list[str]:
    return [
        *_lost_touches(facts, promises),
        *_lost_cases(facts, promises, histories),
        *_lost_commands(promises, histories),
        *_lost_replies(facts, promises, histories),
        *_lost_breaches(histories),
        *_lost_transfers(histories),
        *_lost_ties(histories),
    ]


def _lost_touches(facts: Facts, promises: Promises) -> list[str]:
    there = {(event.contact, event.number) for event in facts.contacts}
    promised = {(contact, number) for touch in promises.touches for contact, number, _ in touch.items}
    return [f"event {number} of contact {contact} is not in the log" for contact, number in sorted(promised - there)]


def _lost_cases(facts: Facts, promises: Promises, histories: Histories) -> list[str]:
    promised = {line.case for line in promises.registered} - histories.closed.keys()
    gone = [f"case {case} was promised and never registered" for case in sorted(promised)]
    still = [
        f"case {case} is not closed: {facts.states.get(case, 'unknown to the database')}"
        for case, closed in histories.closed.items()
        if not closed or facts.states.get(case) not in OVER
    ]
    return gone + still


def _lost_commands(promises: Promises, histories: Histories) -> list[str]:
    notes = [
        f"contact {line.contact} is not attached to case {line.case}"
        for line in promises.attached
        if (line.case, line.contact) not in histories.joined
    ]
    without = [
        f"{line.verb} {line.command} of case {line.case} has no outcome"
        for line in promises.commanded
        if line.command not in histories.outcomes
    ]
    return notes + without


def _lost_replies(facts: Facts, promises: Promises, histories: Histories) -> list[str]:
    """Settled by message without a message, or told by a person and not settled."""
    sent = {effect.obligation for effect in facts.effects}
    unsent = [
        f"obligation {debt} is settled by message, and the gateway has no such message"
        for debt in _paid(histories, *CHANNELS)
        if debt not in sent
    ]
    told = [
        f"obligation {line.obligation} was settled by a person and is still owed"
        for line in promises.settled
        if not histories.debts.get(line.obligation) or not histories.debts[line.obligation].how
    ]
    return unsent + told


def _lost_transfers(histories: Histories) -> list[str]:
    return [
        f"transfer {transfer} of case {known.case} to {known.target} has no end"
        for transfer, known in histories.transfers.items()
        if not known.end
    ]


def _lost_ties(histories: Histories) -> list[str]:
    return [
        f"merge {merge} of case {case} was to be undone, and neither case has said more"
        for merge, case in histories.undoing.items()
    ]  # fmt: skip


def _lost_breaches(histories: Histories) -> list[str]:
    """Silence is accepted after the breach is told."""
    breached = {(order, clock) for kind, order, clock, *_ in histories.rungs if kind == "deadline.breached.v1"}
    return [
        f"order {order} was accepted by silence, and its breach was never told"
        for order in histories.silent
        if (order, "sign") not in breached
    ]


def _done_twice(facts: Facts, histories: Histories) -> list[str]:
    effects = Counter(effect.obligation for effect in facts.effects)
    paid = [f"obligation {debt} paid by {count} messages" for debt, count in effects.items() if count > 1]
    born = [
        f"matter {matter} of contact {contact} opened as {', '.join(names)}"
        for (contact, matter), names in histories.births.items()
        if len(names) > 1
    ]
    told = [
        f"{kind} of the {clock} clock of {order}, due {due}, told {count} times"
        for (kind, order, clock, due, _), count in histories.rungs.items()
        if count > 1
    ]
    answered = [
        f"case {case} was linked {histories.links.get(case, 0)} times, and answered {count} times by event cases"
        for case, count in histories.told.items()
        if count > histories.links.get(case, 0)
    ]
    return paid + born + told + answered + histories.orders.different


def _strange(facts: Facts) -> list[str]:
    return [
        f"the gateway took message {effect.id}, which pays no known debt"
        for effect in facts.effects
        if not effect.obligation
    ]


def _reply_times(histories: Histories, effects: Sequence[Effect], mine: dict[str, Registered]) -> list[float]:
    """From an agent's request for the case to the gateway's acceptance of its first reply."""
    sent = {effect.obligation: effect.at for effect in reversed(effects)}
    return [
        sent[debt] - mine[case].asked
        for case, debt in histories.first_debt.items()
        if case in mine and debt in sent
    ]  # fmt: skip


def _last_reply(histories: Histories, effects: Sequence[Effect], began: float, but: frozenset[str]) -> float:
    """Seconds, without the replies to some cases; 0 where there is none."""
    debts = histories.debts
    times = [one.at for one in effects if one.obligation in debts and debts[one.obligation].case not in but]
    return max(0.0, max(times, default=began) - began)


def _latency(seconds: list[float]) -> Latency:
    ordered = sorted(seconds)
    return Latency(count=len(ordered), p50=_rank(ordered, 0.50), p99=_rank(ordered, 0.99))


def _rank(ordered: Sequence[float], share: float) -> float:
    """Nearest rank; 0 of nothing."""
    return round(ordered[math.ceil(share * len(ordered)) - 1], 3) if ordered else 0.0


def _rate(promises: Promises) -> float:
    """Of first calls; second calls wait on purpose."""
    second = {line.contact for line in promises.attached}
    first = [line for line in promises.touches if not any(contact in second for contact, _, _ in line.items)]
    times = [line.at for line in first]
    count = sum(kind == "offered" for line in first for _, _, kind in line.items)
    span = max(times) - min(times) if len(times) > 1 else 0.0
    return round(count / span, 1) if span else 0.0
