"""A ledger that cannot fail is a defect: each kind of loss and of doing twice turns it red."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hotline.surge.facts import (
    Absorbed,
    Birth,
    CaseEvent,
    ContactEvent,
    ContactRef,
    Effect,
    Facts,
    FeedRecord,
    Gone,
    Issued,
    Joined,
    Kept,
    Linked,
    Merged,
    Paid,
    Released,
    Reopened,
    Rung,
    Sent,
    Separated,
    Signed,
    Told,
    UndoAsked,
)
from hotline.surge.histories import Histories
from hotline.surge.journal import Attached, Commanded, Refused, Registered, Settled, Switched, Touches
from hotline.surge.ledger import Ledger, build_ledger

CASE = "N-1"
UNIT = "130100-02-001"


def event(sequence: int, kind: str, **fields: Any) -> CaseEvent:
    known: dict[str, Any] = {"case": CASE, "cause": f"cause-{sequence}", "at": 10.0 + sequence, "print": sequence}
    return CaseEvent(sequence=sequence, type=kind, **known | fields)


def whole() -> Facts:
    """One dispatched case with a second caller, from the call to its end; and a call that the IVR served."""
    return Facts(
        lines=[
            Touches(1.0, (("ivr", 1, "offered"), ("ivr", 2, "ended"), ("c", 1, "offered"), ("c", 2, "ended"))),
            Registered(2.0, 2.5, "c", 1, CASE, "cause-1", False),
            Attached(3.0, "d", CASE, "cause-3"),
            Commanded(4.0, CASE, "cause-4", "sign", 202),
            Settled(8.0, CASE, "debt-d"),
        ],
        contacts=[ContactEvent("ivr", 1), ContactEvent("ivr", 2, "ivr"), ContactEvent("c", 1), ContactEvent("c", 2)],
        events=[
            event(1, "case.registered.v1", detail=Birth(1, ContactRef("c"), "debt-c", "open")),
            event(2, "case.dispatched.v1", cause="cause-1", detail=Sent((UNIT,))),
            event(3, "contact.attached.v1", detail=Joined(ContactRef("d"), "debt-d")),
            event(4, "work_order.signed.v1", detail=Signed("o")),
            event(5, "deadline.warned.v1", detail=Rung("o", "resolve")),
            event(6, "reply.settled.v1", detail=Paid("debt-c", "sms")),
            event(7, "reply.settled.v1", detail=Paid("debt-d", "person")),
            event(8, "case.closed.v1", cause="cause-7"),
        ],
        feeds=[FeedRecord(case=CASE, order="o", step=step, at=3.0 + step, print=step) for step in (1, 2)],
        effects=[Effect("sms-1", "debt-c", 5.0)],
        states={CASE: "CLOSED"},
    )


def drawn(facts: Facts) -> Ledger:
    return build_ledger(facts, Histories(facts.events, facts.feeds))


def test_whole_run_is_clean() -> None:
    ledger = drawn(whole())
    assert ledger.clean, ledger.troubles()
    assert (ledger.offered, ledger.served_by_ivr, ledger.dispatched, ledger.called_again) == (2, 1, 1, 1)
    assert (ledger.replies_owed, ledger.replies_delivered, ledger.replies_by_person) == (2, 1, 1)
    assert (ledger.warnings, ledger.breaches) == (1, 0)
    assert (ledger.call_to_feed.p50, ledger.call_to_reply.p99) == (2.0, 3.0)


def test_the_last_reply_is_told_with_and_without_silent_units() -> None:
    facts = whole()
    assert (drawn(facts).to_last_reply, drawn(facts).to_last_prompt_reply) == (4.0, 4.0)
    silent(facts)
    assert (drawn(facts).to_last_reply, drawn(facts).to_last_prompt_reply) == (4.0, 0.0)


def test_records_that_come_again_unchanged_are_legal() -> None:
    facts = whole()
    facts.events += facts.events[2:5]
    facts.feeds += facts.feeds
    facts.contacts += facts.contacts
    assert drawn(facts).clean


def test_an_archived_case_is_over() -> None:
    facts = whole()
    facts.events.append(event(9, "case.archived.v1"))
    facts.states[CASE] = "ARCHIVED"
    assert drawn(facts).clean


def drop_event(kind: str) -> Callable[[Facts], None]:
    """Take the last event of a type away, and close the gap it leaves."""

    def change(facts: Facts) -> None:
        index = max(i for i, one in enumerate(facts.events) if one.type == kind)
        kept = facts.events[:index] + facts.events[index + 1 :]
        facts.events = [msgspec.structs.replace(one, sequence=i) for i, one in enumerate(kept, 1)]

    return change


def born_twice(facts: Facts) -> None:
    birth = event(1, "case.registered.v1", case="U-1", detail=Birth(1, ContactRef("c"), "", "settled"))
    facts.events += [birth, event(2, "case.closed.v1", case="U-1")]
    facts.states["U-1"] = "CLOSED"


def reopened(facts: Facts) -> None:
    facts.events.append(event(9, "case.reopen_requested.v1"))


def swap(facts: Facts) -> None:
    facts.events[3], facts.events[4] = facts.events[4], facts.events[3]


def told_otherwise(facts: Facts) -> None:
    facts.feeds.append(FeedRecord(case=CASE, order="o", step=2, print=99))


def rewritten(facts: Facts) -> None:
    facts.events.append(event(4, "work_order.signed.v1", print=99))


def unsaid(facts: Facts) -> None:
    facts.lines.append(Commanded(4.0, CASE, "never", "answer", 0))


def warned_twice(facts: Facts) -> None:
    facts.events.append(event(9, "deadline.warned.v1", detail=Rung("o", "resolve")))


def silent(facts: Facts) -> None:
    facts.events[3] = event(4, "work_order.signed.v1", detail=Signed("o", "2021-01-14T17:30:00+08:00"))


def told_by_the_event_twice(facts: Facts) -> None:
    facts.events += [event(9, "case.linked.v1", detail=Linked("N-2", 1))]
    facts.events += [event(number, "case.answered.v1", detail=Told("N-2")) for number in (10, 11)]


def not_undone(facts: Facts) -> None:
    facts.events.append(event(9, "merge.undo_asked.v1", detail=UndoAsked("m")))


def refused(facts: Facts) -> None:
    facts.lines.append(Refused(4.0, "cases", 422, "no"))


DAMAGE: list[tuple[str, Callable[[Facts], object]]] = [
    ("lost", lambda facts: facts.contacts.pop()),
    ("lost", lambda facts: facts.events.clear()),
    ("lost", drop_event("case.closed.v1")),
    ("lost", drop_event("contact.attached.v1")),
    ("lost", drop_event("work_order.signed.v1")),
    ("lost", reopened),
    ("lost", unsaid),
    ("lost", not_undone),
    ("lost", silent),
    ("lost", lambda facts: facts.effects.clear()),
    ("lost", lambda facts: facts.states.update({CASE: "HANDLING"})),
    ("lost", lambda facts: facts.states.clear()),
    ("lost", lambda facts: facts.lines.append(Settled(9.0, CASE, "debt-unknown"))),
    ("owed", drop_event("reply.settled.v1")),
    ("done_twice", lambda facts: facts.effects.append(Effect("sms-2", "debt-c"))),
    ("done_twice", lambda facts: facts.effects.append(Effect("sms-1", "debt-c"))),
    ("done_twice", born_twice),
    ("done_twice", told_otherwise),
    ("done_twice", warned_twice),
    ("done_twice", told_by_the_event_twice),
    ("gaps", lambda facts: facts.events.pop(4)),
    ("gaps", lambda facts: facts.feeds.pop(0)),
    ("out_of_order", swap),
    ("out_of_order", lambda facts: facts.feeds.reverse()),
    ("contradictions", rewritten),
    ("contradictions", lambda facts: facts.effects.append(Effect("sms-3", ""))),
    ("parked", lambda facts: facts.parked.append(CASE)),
    ("waiting", lambda facts: facts.waiting.append(CASE)),
    ("dead_letters", lambda facts: facts.dead_letters.append(CASE)),
    ("refused", refused),
]


@pytest.mark.parametrize(("name", "damage"), DAMAGE, ids=[f"{name}-{i}" for i, (name, _) in enumerate(DAMAGE)])
def test_damage_is_seen(name: str, damage: Callable[[Facts], object]) -> None:
    facts = whole()
    damage(facts)
    ledger = drawn(facts)
    assert ledger.troubles()[name], ledger.troubles()
    assert not ledger.clean


def test_ties_extensions_and_rulings_are_counted() -> None:
    facts = whole()
    details: list[tuple[str, Any]] = [
        ("case.linked.v1", Linked("N-2", 1)),
        ("case.detached.v1", None),
        ("case.linked.v1", Linked("N-2", 2)),
        ("case.answered.v1", Told("N-2")),
        ("case.answered.v1", Told()),
        ("merge.undo_asked.v1", UndoAsked("m")),
        ("merge.kept.v1", Kept("m")),
        ("work_order.issued.v1", Issued("epidemic")),
        ("work_order.issued.v1", Issued()),
        ("work_order.extended.v1", None),
        ("case.arbitrated.v1", None),
        ("case.parked.v1", None),
    ]
    facts.events += [event(9 + number, kind, detail=detail) for number, (kind, detail) in enumerate(details)]
    facts.lines += [Switched(1.0, "epidemic", True), Switched(2.0, "epidemic", False)]
    ledger = drawn(facts)
    assert ledger.clean, ledger.troubles()
    assert (ledger.linked, ledger.answered_by_event, ledger.detached) == (1, 1, 1)
    assert (ledger.extended, ledger.arbitrated, ledger.set_aside) == (1, 1, 1)
    assert (ledger.under_profile, ledger.profile_switches) == (1, 2)


def test_a_reply_that_was_given_up_is_neither_delivered_nor_told_by_a_person() -> None:
    facts = whole()
    facts.events[6] = msgspec.structs.replace(facts.events[6], detail=Paid("debt-d", "unreachable"))
    ledger = drawn(facts)
    assert (ledger.replies_delivered, ledger.replies_by_person, ledger.replies_unreachable) == (1, 0, 1)


@pytest.mark.parametrize(("gone", "several"), [((), 1), ((("work_order.withdrawn.v1", Gone("o")),), 0)])
def test_several_units_are_those_that_have_a_case_at_once(gone: Any, several: int) -> None:
    facts = whole()
    more = [("work_order.issued.v1", Issued(order="o", unit=UNIT)), *gone, ("case.dispatched.v1", Sent(("other",)))]
    facts.events += [event(9 + number, kind, detail=detail) for number, (kind, detail) in enumerate(more)]
    assert drawn(facts).to_several_units == several


def test_what_a_merge_moved_is_owed_where_it_went() -> None:
    """And by the case itself again, once the merge is undone."""
    facts = whole()
    other = "N-2"
    facts.events += [
        event(1, "case.registered.v1", case=other, detail=Birth(1, ContactRef("e"), "debt-e", "open")),
        event(9, "case.reopen_requested.v1"),
        event(10, "case.absorbed.v1", detail=Absorbed(("debt-moved",))),
        event(2, "case.merged.v1", case=other, detail=Merged(CASE)),
        event(11, "case.closed.v1"),
    ]
    facts.states[other] = "MERGED"
    assert drawn(facts).owed == [f"obligation debt-moved of case {CASE}"]
    facts.events += [
        event(3, "merge.undo_asked.v1", case=other, detail=UndoAsked("m")),
        event(12, "case.released.v1", detail=Released(("debt-moved",))),
        event(4, "case.separated.v1", case=other, detail=Separated("m", ("debt-again",))),
    ]
    ledger = drawn(facts)
    assert ledger.owed == [f"obligation debt-again of case {other}"]
    assert (ledger.merged, ledger.merges_undone) == (1, 1)


def test_who_leaves_in_a_new_cycle_takes_its_debt_along() -> None:
    """The case was reopened while he was in it, and the merge undone after that."""
    facts = whole()
    facts.events += [
        event(9, "case.absorbed.v1", detail=Absorbed(("debt-moved",))),
        event(10, "reply.settled.v1", detail=Paid("debt-moved", "person")),
        event(11, "case.reopened.v1", detail=Reopened(("debt-again",))),
        event(12, "case.closed.v1"),
    ]
    assert drawn(facts).owed == [f"obligation debt-again of case {CASE}"]
    facts.events.append(event(13, "case.released.v1", detail=Released(("debt-again",))))
    assert not drawn(facts).owed


def test_percentiles_are_nearest_rank() -> None:
    facts = whole()
    for number in range(100):
        case, at = f"N-many-{number}", 100.0
        facts.lines.append(Registered(at, at, "x", number, case, "cause-1", True))
        facts.feeds.append(FeedRecord(case=case, order=f"order-{number}", step=1, at=at + number))
    assert drawn(facts).call_to_feed.p99 == 98.0
