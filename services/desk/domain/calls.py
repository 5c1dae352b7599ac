"""Contacts as the desk keeps them: facts in any order, and the day's figures made of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct, to_builtins

from shared.documents import Document, keep_first
from shared.events.contacts import TO_A_PERSON, Answered, Ended, KeyPressed, Offered
from shared.events.envelope import Envelope

OFFERED, LISTENING, WAITING, ANSWERED, ENDED = 1, 2, 3, 4, 5
"""Stages of a contact; only the highest one heard of counts, so the order of the facts does not."""
IN_QUEUE = (OFFERED, WAITING)


class Facts(Struct, frozen=True):
    """What one event adds to a contact: facts by place (of repeats the first stays), and its stage."""

    contact: str
    facts: Document
    stage: int


def facts_of(event: Envelope, data: Any) -> Facts | None:
    """Each fact begins with its time; a caller appears masked, by reference, and sealed for intake alone."""
    if isinstance(data, Offered):
        person = to_builtins(data.person)
        fact = {"time": event.time, "channel": data.channel, "receipt": data.receipt, **person}
        return Facts(event.subject, {"offered": fact}, OFFERED)
    if isinstance(data, KeyPressed):
        fact = {"time": event.time, "menu": data.menu, "key": data.key, "action": data.action}
        stage = WAITING if data.action in TO_A_PERSON else LISTENING
        return Facts(event.subject, {f"keys.{data.number}": fact}, stage)
    if type(data) not in _PLACES:
        return None
    name, stage = _PLACES[type(data)]
    plain = {key: value for key, value in to_builtins(data).items() if key != "number"}
    return Facts(event.subject, {name: {"time": event.time, **plain}}, stage)


def gathered(facts: Iterable[Facts]) -> list[Facts]:
    """One for each contact: of two facts for one place the earlier, and the highest stage."""
    found: dict[str, Facts] = {}
    for one in facts:
        known = found.get(one.contact)
        found[one.contact] = _joined(known, one) if known else one
    return [*found.values()]


def _joined(one: Facts, other: Facts) -> Facts:
    facts = dict(one.facts)
    for place, fact in other.facts.items():
        keep_first(facts, place, fact)
    return Facts(one.contact, facts, max(one.stage, other.stage))


_PLACES: dict[type[Struct], tuple[str, int]] = {Answered: ("answered", ANSWERED), Ended: ("ended", ENDED)}


class Call(Struct, kw_only=True):
    """One contact for the screen-pop and lists. `path`: keys pressed, in order."""

    id: str
    masked: str = ""
    caller_ref: str = ""
    sealed: str = ""
    """The number as intake sealed it, for intake alone: nobody here can read it."""
    receipt: str = ""
    offered_at: datetime | None = None
    answered_at: datetime | None = None
    wait_s: float = 0.0
    agent: str = ""
    ended: bool = False
    path: str = ""


def call_of(document: Document) -> Call:
    """From the stored document."""
    offered, answered = document.get("offered", {}), document.get("answered", {})
    keys = sorted(document.get("keys", {}).items(), key=lambda item: int(item[0]))
    return Call(
        id=document["_id"],
        masked=offered.get("masked", ""),
        caller_ref=offered.get("caller_ref", ""),
        sealed=offered.get("sealed", ""),
        receipt=offered.get("receipt", ""),
        offered_at=offered.get("time"),
        answered_at=answered.get("time"),
        wait_s=answered.get("wait_s", 0.0),
        agent=answered.get("agent", ""),
        ended="ended" in document,
        path=" ".join(key["key"] for _, key in keys if key["key"]),
    )


def lost(document: Document) -> bool:
    """Whether a stored call is over, was not answered and had asked for a person (as reports counts it).

    It asked by its last key; without any key, unless the menu ended it.
    """
    if "ended" not in document or "answered" in document:
        return False
    keys = document.get("keys")
    if not keys:
        return bool(document["ended"]["by"] != "ivr")
    return keys[max(keys, key=int)].get("action") in TO_A_PERSON


class CallFigures(Struct, frozen=True, kw_only=True):
    """Calls since the day's begin."""

    offered: int = 0
    answered: int = 0
    in_time: int = 0
    """Answered within 15 s (GB/T 33358-2016)."""
    self_served: int = 0
    lost: int = 0
    """Over, not answered, and had asked for a person."""


class Waiting(Struct, frozen=True, kw_only=True):
    """Calls that wait for a person; `oldest` is when the longest waiting one was offered."""

    calls: int = 0
    oldest: datetime | None = None


IN_TIME_S = 15.0
