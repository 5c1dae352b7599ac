"""What one case's event asks of another case: the commands that go there, from the event alone.

Pure. Only whether the other case exists, and what an event case has told, is looked up after the event was written.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import Struct

from services.dispatch.domain.case import Case
from shared.events import cases as e
from shared.events import commands as c
from shared.ids import caused_command_id, event_id
from shared.privacy import is_secret

Look = Callable[[str], Case | None]
"""Case by id as it is stored now; nothing where there is none."""


class Relay(NamedTuple):
    """One command to another case, under an id derived from its cause."""

    id: str
    case: str
    command: Struct


def asked_about(event: Struct) -> str:
    """The case that has to be looked up for this event, or empty."""
    match event:
        case e.MergeAsked(target=target):
            return target
        case e.CaseLinked(event_case=event_case):
            return event_case
        case _:
            return ""


def relay(case: str, identity: str, event: Struct, look: Look) -> Relay | None:
    """`case` and `identity` are the event's; nothing where it concerns no other case."""
    if isinstance(event, e.CaseLinked):
        return _linked(case, identity, event, look(event.event_case))
    make = _RELAYS.get(type(event))
    found = make(case, event, look) if make else None
    if found is None:
        return None
    target, command = found
    return Relay(caused_command_id(identity, c.verb_of(c.COMMANDS.type_of(command)), target), target, command)


Made = tuple[str, Struct] | None


def _merge_asked(case: str, event: e.MergeAsked, look: Look) -> Made:
    target = look(event.target)
    if target is None or not target.registered:
        detail = f"there is no case {event.target}"
        return case, _record(event, event.target, "refused", "no_such_case", detail)
    if is_secret(event.request_type) != is_secret(target.request_type):
        detail = "a report of misconduct and an ordinary case are not merged: its reporter would be seen"
        return case, _record(event, event.target, "refused", "secrecy_differs", detail)
    absorb = c.Absorb(merge=event.merge, source=case, number=event.number, reporters=event.reporters)
    return event.target, absorb


def _record(event: Any, target: str, step: Any, reason: str = "", detail: str = "") -> c.RecordMerge:
    return c.RecordMerge(merge=event.merge, target=target, step=step, reason=reason, detail=detail)


def _absorbed(case: str, event: e.CaseAbsorbed, look: Look) -> Made:
    return event.source, _record(event, case, "absorbed")


def _released(case: str, event: e.CaseReleased, look: Look) -> Made:
    return event.source, _record(event, case, "released")


def _let_go(case: str, event: e.MergeUndoAsked | e.MergeLapsed, look: Look) -> Made:
    return event.target, c.Release(merge=event.merge, source=case)


def _handed_on(case: str, event: e.ReporterHandedOn, look: Look) -> Made:
    taken = c.TakeOn(merge=event.merge, number=event.number, reporter=event.reporter, text=event.text)
    return event.target, taken


def _split(case: str, event: e.SplitAsked, look: Look) -> Made:
    register = c.Register(
        matter=event.matter,
        reporter=event.reporter,
        title=event.title,
        text=event.text,
        request_type=event.request_type,
        topic=event.topic,
        area=event.area,
        address=event.address,
        priority=event.priority,
        split_from=case,
    )
    return event.case, register


def _registered(case: str, event: e.CaseRegistered, look: Look) -> Made:
    return (event.split_from, c.RecordSplit(case=case, taken=True)) if event.split_from else None


def _rejected(case: str, event: e.CommandRejected, look: Look) -> Made:
    """Whoever asked hears of it, whatever the reason was."""
    if not event.asker:
        return None
    if event.verb == "register":
        return event.asker, c.RecordSplit(case=case, taken=False, reason=event.reason, detail=event.detail)
    step: Any = "refused" if event.verb == "absorb" else "kept"
    answer = c.RecordMerge(merge=event.about, target=case, step=step, reason=event.reason, detail=event.detail)
    return event.asker, answer


_RELAYS: dict[type[Struct], Callable[[str, Any, Look], Made]] = {
    e.MergeAsked: _merge_asked,
    e.CaseAbsorbed: _absorbed,
    e.CaseReleased: _released,
    e.MergeUndoAsked: _let_go,
    e.MergeLapsed: _let_go,
    e.ReporterHandedOn: _handed_on,
    e.SplitAsked: _split,
    e.CaseRegistered: _registered,
    e.CommandRejected: _rejected,
}
_LOOKED_UP: tuple[type[Struct], ...] = (e.CaseLinked, e.EventAnswered, e.EventEnded)
INTERESTS = frozenset(e.CASES.types[model] for model in (*_RELAYS, *_LOOKED_UP))


def _linked(child: str, identity: str, event: e.CaseLinked, parent: Case | None) -> Relay | None:
    """Linked to what has told its end already: told at once, under the id that the walk would use too."""
    declared = parent.related.event if parent is not None else None
    if parent is None or declared is None:
        return refused(identity, event.event_case, child, event.link, "no_event_case")
    if is_secret(event.request_type) != is_secret(parent.request_type):
        return refused(identity, event.event_case, child, event.link, "secrecy_differs")
    if declared.told != parent.cycle:
        return None
    return told(event_id(parent.id, declared.sequence), parent.id, child, event.link, declared.answer)


def told(cause: str, event_case: str, child: str, link: int, answer: str) -> Relay:
    """What an event case's end means to one linked case: its answer, or that none will come. `cause`: that end."""
    if not answer:
        return refused(cause, event_case, child, link, "event_case_ended")
    command = c.TakeAnswer(event_case=event_case, link=link, answer=answer)
    return Relay(caused_command_id(cause, "take_answer", f"{child}#{link}"), child, command)


def refused(cause: str, event_case: str, child: str, link: int, reason: str) -> Relay:
    command = c.RefuseLink(event_case=event_case, link=link, reason=reason, detail=f"{event_case} will not answer")
    return Relay(caused_command_id(cause, "refuse_link", f"{child}#{link}"), child, command)
