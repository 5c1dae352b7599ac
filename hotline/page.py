"""A case for people to read in a terminal: its matter, its counts, and everything that happened, in order."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

Event = dict[str, Any]
_LONG = frozenset({"text", "reporter", "order", "obligation", "obligations", "title", "contact_id"})
LONGEST = 200
STEPS = ("receipted", "accepted", "progressed", "refused", "completed")
"""Of a transfer."""


class Counts(Struct, frozen=True, kw_only=True):
    """What a timeline holds: contacts in (the first one, and those attached), calls out, replies paid, follow-ups."""

    calls_in: int
    calls_out: int
    replies: int
    solved: tuple[bool, ...]

    def __str__(self) -> str:
        heard = {(): "none", (True,): "solved", (False,): "not solved"}.get(self.solved[-1:], "")
        return (
            f"contacts in {self.calls_in}, calls out {self.calls_out}, replies {self.replies}, last follow-up: {heard}"
        )


def count(timeline: list[Event]) -> Counts:
    """The figures of a case."""
    kinds = [event["type"] for event in timeline]
    return Counts(
        calls_in=kinds.count("case.registered.v1") + kinds.count("contact.attached.v1"),
        calls_out=sum(1 for event in timeline if is_call_out(event)),
        replies=kinds.count("reply.settled.v1"),
        solved=tuple(event["data"]["solved"] for event in timeline if event["type"] == "case.followed_up.v1"),
    )


def is_call_out(event: Event) -> bool:
    return event["type"] == "case.noted.v1" and bool(event["data"].get("purpose"))


def case_page(case: dict[str, Any], units: Mapping[str, str]) -> RenderableType:
    """The page; `units` are the names of units by code."""
    head = Text(f"{case['number']}  {case['title']}  {case['state']}  {case['priority']}  {case['reporter']}", "bold")
    table = Table("#", "time", "event", "who", "what")
    for event in case["timeline"]:
        kind = event["type"].removesuffix(".v1")
        who = units.get(event["actor"].removeprefix("unit:"), event["actor"])
        table.add_row(str(event["sequence"]), _clock(event["time"]), kind, Text(who), Text(words(event, units)))
    return Group(head, Text(case["text"]), table, Text(str(count(case["timeline"])), "bold"))


def words(event: Event, units: Mapping[str, str]) -> str:
    """What an event says, without its type."""
    data = {**event["data"], "unit": units.get(event["data"].get("unit", ""), event["data"].get("unit", ""))}
    told = _WORDS.get(event["type"], _any)(data)
    for code, name in units.items():
        told = told.replace(code, name)
    return told[:LONGEST]


def _clock(time: str) -> str:
    return time[:19].replace("T", " ")


def _any(data: Event) -> str:
    shown = {key: value for key, value in data.items() if key not in _LONG and (value or value is False)}
    return ", ".join(f"{key} {_plain(value)}" for key, value in shown.items())


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _noted(data: Event) -> str:
    """`call out (checkpoint) 检查站: promised. What was said → the promise, by 05:00`; or the remark alone."""
    if not data.get("purpose"):
        return str(data["text"])
    said = f"call out ({data['purpose']}) {data['callee']}: {data['result']}"
    promise = f" → {data['promise']}" if data.get("promise") else ""
    due = f", by {_clock(data['promise_due'])[:16]}" if data.get("promise_due") else ""
    return f"{said}. {data['text']}{promise}{due}"


def _transfer(data: Event) -> str:
    """`130200 (TS-20210111-000001): the asked action, the progress, the reason or the result`."""
    number = f" ({data['number']})" if data.get("number") else ""
    told = next((data[key] for key in ("asked_action", "text", "reason") if data.get(key)), "")
    return f"{data['target']}{number}: {told}" if told else f"{data['target']}{number}"


def _registered(data: Event) -> str:
    return f"{data['number']}, {data['priority']}, {data['request_type']}: {data['title']}"


_WORDS: dict[str, Callable[[Event], str]] = {
    "case.noted.v1": _noted,
    "case.registered.v1": _registered,
    "case.answered.v1": lambda data: str(data["answer"]),
    "case.dispatched.v1": lambda data: f"to {_plain(data['units'])}; {data['rule']}, {data['why']}",
    "contact.attached.v1": lambda data: f"again: {data['text']}",
    "transfer.asked.v1": lambda data: _transfer({**data, "number": ""}),
    **dict.fromkeys((f"transfer.{step}.v1" for step in STEPS), _transfer),
    "work_order.answered.v1": lambda data: f"{data['unit']}: {data['public_answer']}",
    "reply.owed.v1": lambda data: f"to {data['reporter']['person']['masked']}: {data['answer']}",
}
