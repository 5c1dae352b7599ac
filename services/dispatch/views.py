"""What the API shows of a case: masked, without sealed contacts, and nobody who reported misconduct."""

from typing import Any

import msgspec

from services.dispatch.domain.case import Case
from services.dispatch.domain.context import Rules
from services.dispatch.domain.fold import Entry
from services.dispatch.domain.secrecy import reporter_of, text_of
from services.dispatch.domain.states import state_of
from services.dispatch.domain.suborders import due_of
from services.dispatch.store import read_case
from shared.concerns import part
from shared.documents import Document
from shared.elements import told
from shared.events.envelope import decode
from shared.privacy import is_secret

_REPORTERS = frozenset({"reporter", "reporters", "contact_id"})


def summary(document: Document, rules: Rules) -> dict[str, Any]:
    """One row of a list: id, number, state, title, orders of the present cycle.

    An order's `due`: its resolve deadline; while the case is parked, without what it waits now.
    """
    case = read_case(document)
    return {
        "id": case.id,
        "number": case.number,
        "state": state_of(case),
        "title": case.title,
        "priority": case.priority,
        "keeper": case.keeper,
        "arbitration": case.arbitration,
        "transfers": [
            {"id": one.id, "target": one.target, "state": one.state, "number": one.number, "overdue": one.overdue}
            for one in case.transfers
        ],
        "supervisions": [
            {
                "id": one.id, "number": one.number, "order": one.order, "unit": one.unit, "state": one.state,
                "due": one.due.isoformat() if one.due else None,
            }
            for one in case.supervisions
        ],
        "orders": [
            {
                "id": order.id, "unit": order.unit, "role": order.role, "state": order.state,
                "issued_at": order.issued_at.isoformat(), "breached": order.breached, "parent": order.parent,
                "disputed": order.disputed, "due": due_of(case, order, rules).isoformat(),
            }
            for order in case.counting()
        ],
    }  # fmt: skip


def whole(document: Document, timeline: list[dict[str, Any]], rules: Rules, unit: str = "") -> dict[str, Any]:
    """The case page: summary, the matter, debts and what happened, in order; for a unit, what concerns it."""
    case = read_case(document)
    matter = {name: getattr(case, name) for name in ("request_type", "topic", "area", "address", "answer")}
    shown = {"text": text_of(case), "reporter": reporter_of(case), "debts": _debts(case), "ties": _ties(case)}
    return {**summary(document, rules), **matter, **shown, "timeline": _seen(case, timeline, unit)}


def _seen(case: Case, timeline: list[dict[str, Any]], unit: str) -> list[dict[str, Any]]:
    if unit:
        parts = [part(unit, one["type"].removesuffix(".v1"), one["actor"], one["data"]) for one in timeline]
        timeline = [{**one, "data": data} for one, data in zip(timeline, parts, strict=True) if data is not None]
    if is_secret(case.request_type):
        timeline = [{**one, "data": _anonymous(one["data"])} for one in timeline]
    return timeline


def _ties(case: Case) -> dict[str, Any]:
    """Which cases this one is tied to; empty where there are none."""
    related = case.related
    return {
        "merged_into": related.merge.target if related.merge is not None else "",
        "absorbed": list(related.absorbed.values()),
        "event_case": related.link.event_case if related.link is not None else "",
        "is_event_case": related.event is not None,
    }


def _debts(case: Case) -> list[dict[str, Any]]:
    return [
        {
            "id": debt.id, "cycle": debt.cycle, "state": debt.state,
            "reporter": "" if is_secret(case.request_type) else debt.reporter.person.masked,
        }
        for debt in case.debts
    ]  # fmt: skip


def timeline(entries: list[Entry], topic: str) -> list[dict[str, Any]]:
    """The case's own events (records of `topic`), each with sequence, time, type, actor, cause and data."""
    return [event(entry.value) for entry in entries if entry.topic == topic]


def event(value: bytes) -> dict[str, Any]:
    """One event for people: its data without the sealed contact."""
    envelope = decode(value)
    data = _unsealed(msgspec.json.decode(envelope.data))
    return {
        "sequence": envelope.sequence,
        "time": envelope.time.isoformat(),
        "type": envelope.type,
        "actor": envelope.actor,
        "cause": envelope.causationid,
        "data": _anonymous(data) if is_secret(data.get("request_type", "")) else data,
    }


def _unsealed(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _unsealed(value) for key, value in data.items() if key not in ("sealed", "caller_ref")}
    return [_unsealed(one) for one in data] if isinstance(data, list) else data


def _anonymous(data: Any) -> Any:
    """Without who reported it, where the data is of a report of misconduct."""
    if isinstance(data, dict):
        kept = {key: _anonymous(value) for key, value in data.items() if key not in _REPORTERS}
        return {**kept, "text": told(data["text"])} if "text" in data else kept
    return [_anonymous(one) for one in data] if isinstance(data, list) else data
