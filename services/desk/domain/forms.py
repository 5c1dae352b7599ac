"""From what a person typed to what the other services take; every refusal is a code with words."""

from collections.abc import Callable, Mapping
from typing import Any

from shared.elements import CALLER, CAUSE, COURSE, WHEN

Fields = Mapping[str, str]
CASE_FIELDS = (
    "title", "salutation", "when", "area", "address", "cause", "course", "request_type", "topic", "urgent", "answer",
    "article", "version",
)  # fmt: skip
"""What a draft keeps: everything of the case form but the number to call back, which is stored nowhere here."""


LEAST_WHY, MOST_WHY = 4, 200
"""Characters of a reason for seeing who reported a case."""
MOST_SUGGESTIONS = 10
"""Of a special report, as reports takes them."""
OTHER_CASE = {"merge_into": "target", "link": "event_case"}
"""Command → its field in which a person types another case's number."""


class Incomplete(ValueError):
    """A field that must be filled is not; `field` is its name."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def case_body(form: Fields, key: str, sealed: str) -> dict[str, Any]:
    """Body of intake's `POST /contacts/{id}/cases`: the five elements as one text. `key`: last key in the IVR."""
    text = "\n".join(
        f"{label}：{_need(form, name)}"
        for label, name in ((CALLER, "salutation"), (WHEN, "when"), (CAUSE, "cause"), (COURSE, "course"))
    )
    body = {
        "matter": _whole(form, "matter"),
        "title": _need(form, "title"),
        "text": text,
        "address": _need(form, "address"),
        "request_type": form.get("request_type") or "QZ",
        "topic": form.get("topic", ""),
        "area": form.get("area", ""),
        "urgent": bool(form.get("urgent")),
        "key": key,
    }
    return body | _on_the_spot(form) | _number(form, sealed)


def _on_the_spot(form: Fields) -> dict[str, Any]:
    """The answer that closes the case. One that was written and is not sent as such would be lost."""
    if form.get("on_the_spot"):
        return {"answer": _need(form, "answer"), **_told(form)}
    if form.get("answer", "").strip():
        raise Incomplete("on_the_spot")
    return {}


def _told(form: Fields) -> dict[str, Any]:
    """The version of the article that the answer was taken from, where it was."""
    article, version = form.get("article", "").strip(), form.get("version", "").strip()
    return {"knowledge": {"article": article, "version": int(version)}} if article and version.isdecimal() else {}


def attach_body(form: Fields, sealed: str) -> dict[str, Any]:
    """Body of intake's `POST /contacts/{id}/attachments`."""
    body = {"case_id": _need(form, "case_id"), "text": form.get("text", "").strip()}
    return body | _number(form, sealed)


def _number(form: Fields, sealed: str) -> dict[str, str]:
    """Whom the answer reaches: the number that was typed, else that of the call, which stays sealed here."""
    typed = form.get("caller", "").strip()
    return {"caller": typed} if typed or not sealed else {"sealed_caller": sealed}


def outbound_body(form: Fields) -> dict[str, Any]:
    """Body of intake's `POST /calls/outbound` (domain.md §10)."""
    body = {name: _need(form, name) for name in ("case_id", "purpose", "callee", "result")}
    promise, due = form.get("promise", "").strip(), form.get("promise_due", "").strip()
    return {**body, **({"promise": promise} if promise else {}), **({"promise_due": city_time(due)} if due else {})}


def city_time(local: str) -> str:
    """What a browser's date and time field holds, in the city's zone."""
    return f"{local}:00+08:00"


def command_body(verb: str, form: Fields) -> dict[str, Any]:
    """Body of dispatch's command. Raises Incomplete, and LookupError for a verb that has no form."""
    return _BODIES[verb](form)


def _need(form: Fields, name: str) -> str:
    text = form.get(name, "").strip()
    if not text:
        raise Incomplete(name)
    return text


def _whole(form: Fields, name: str) -> int:
    try:
        return int(_need(form, name))
    except ValueError as error:
        raise Incomplete(name) from error


def why_of(form: Fields) -> str:
    """Why somebody wants to see who reported a case. Raises Incomplete where it says nothing."""
    why = form.get("why", "").strip()[:MOST_WHY]
    if len(why) < LEAST_WHY:
        raise Incomplete("why")
    return why


def approves(form: Fields) -> bool:
    """Whether somebody agrees that it is seen. Raises Incomplete where he has not said so or so."""
    decision = _need(form, "decision")
    if decision not in ("approve", "refuse"):
        raise Incomplete("decision")
    return decision == "approve"


def special_body(form: Fields) -> dict[str, Any]:
    """Body of reports' `POST /reports/special`."""
    window = {name: city_time(_need(form, name)) for name in ("since", "until")}
    return {**window, "title": _need(form, "title"), **{name: form.get(name, "") for name in ("topic", "area")}}


def remarks_body(form: Fields) -> dict[str, Any]:
    """Body of reports' `PUT /reports/special/{id}`: all that is written, in place of what there was."""
    rows = [_suggestion(form, n) for n in range(MOST_SUGGESTIONS) if form.get(f"suggestion-{n}", "").strip()]
    return {**{name: form.get(name, "") for name in ("title", "cause", "policy", "measures")}, "suggestions": rows}


def _suggestion(form: Fields, n: int) -> dict[str, str]:
    """The form's row `n`; a suggestion names its unit and its day."""
    row = {name: form.get(f"{name}-{n}", "") for name in ("suggestion", "unit", "due")}
    return {"text": _need(row, "suggestion"), "unit": _need(row, "unit"), "due": _need(row, "due")}


def settlement_body(form: Fields) -> dict[str, Any]:
    """Body of notify's `POST /obligations/{case}/{obligation}/settle`."""
    return {"how": _need(form, "how"), "proof": _need(form, "proof")}


def switch_body(form: Fields) -> dict[str, Any]:
    """Body of knowledge's switches: on or off, why, and until when."""
    return {"on": form.get("on") == "yes", "why": _need(form, "why"), "until": city_time(_need(form, "until"))}


def _judged(form: Fields, yes: str, reason: str = "reason") -> bool:
    """Whether the person said yes; a no needs its reason."""
    positive = _need(form, "decision") == yes
    if not positive:
        _need(form, reason)
    return positive


def _assign(form: Fields) -> dict[str, Any]:
    supporting = [unit for unit in form.get("supporting", "").split() if unit]
    return {"lead": _need(form, "lead"), "supporting": supporting, "join_policy": form.get("join_policy") or "all"}


def _ask_return(form: Fields) -> dict[str, Any]:
    return {
        "order": _need(form, "order"),
        "reason": _need(form, "reason"),
        "basis": _need(form, "basis"),
        "proposed_unit": form.get("proposed_unit", ""),
    }


def _judge_return(form: Fields) -> dict[str, Any]:
    approve = _judged(form, "approve")
    unit = _need(form, "unit") if approve else ""
    return {"order": _need(form, "order"), "approve": approve, "unit": unit, "reason": form.get("reason", "")}


def _answer(form: Fields) -> dict[str, Any]:
    return {
        "order": _need(form, "order"),
        "public_answer": _need(form, "public_answer"),
        "internal": form.get("internal", ""),
        "solved": _need(form, "solved") == "yes",
    }


def _audit(form: Fields) -> dict[str, Any]:
    passed = _judged(form, "pass")
    return {"order": _need(form, "order"), "passed": passed, "reason": form.get("reason", "")}


def _follow_up(form: Fields) -> dict[str, Any]:
    return {
        "solved": _need(form, "solved") == "yes",
        "satisfaction": int(form.get("satisfaction") or 0),
        "comment": form.get("comment", ""),
    }


def _judge_extension(form: Fields) -> dict[str, Any]:
    approve = _judged(form, "approve")
    return {"order": _need(form, "order"), "approve": approve, "reason": form.get("reason", "")}


def _regrade(form: Fields) -> dict[str, Any]:
    given = {name: form[name] for name in ("priority", "request_type", "topic") if form.get(name)}
    return {"reason": _need(form, "reason"), **given}


def _named(form: Fields, *needed: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """Fields that must be filled, and those that may stay empty, as they are."""
    return {name: _need(form, name) for name in needed} | {name: form.get(name, "").strip() for name in optional}


def _ask_extension(form: Fields) -> dict[str, Any]:
    return {**_named(form, "order", "reason", optional=("plan",)), "until": city_time(_need(form, "until"))}


def _due(form: Fields) -> dict[str, str]:
    return {"due": city_time(form["due"])} if form.get("due", "").strip() else {}


def _judge_supervision(form: Fields) -> dict[str, Any]:
    passed = _judged(form, "pass", "text")
    return {"supervision": _need(form, "supervision"), "passed": passed, "text": form.get("text", "").strip()}


_BODIES: dict[str, Callable[[Fields], dict[str, Any]]] = {
    "sign": lambda form: {"order": _need(form, "order")},
    "ask_return": _ask_return,
    "answer": _answer,
    "audit": _audit,
    "assign": _assign,
    "judge_return": _judge_return,
    "follow_up": _follow_up,
    "close": lambda form: _named(form, "reason"),
    "reopen": lambda form: _named(form, "reason"),
    "resume": lambda form: _named(form, "reason"),
    "withdraw": lambda form: _named(form, "reason"),
    "undo_merge": lambda form: _named(form, "reason"),
    "detach": lambda form: _named(form, "reason"),
    "declare_event": lambda form: _named(form, "reason"),
    "refer": lambda form: _named(form, "reason", "route"),
    "park": lambda form: {**_named(form, "reason"), "review_at": city_time(_need(form, "review_at"))},
    "regrade": _regrade,
    "keep": lambda form: _named(form, "keeper", optional=("note",)),
    "ask_supplement": lambda form: _named(form, "text"),
    "supplement": lambda form: _named(form, "text", optional=("address",)),
    "delegate": lambda form: _named(form, "order", "unit", optional=("text",)),
    "recall": lambda form: _named(form, "order", "reason"),
    "arbitrate": lambda form: _named(form, "order", "unit", "reason"),
    "ask_extension": _ask_extension,
    "judge_extension": _judge_extension,
    "report_contact": lambda form: {
        **_named(form, "order", optional=("text",)),
        "reached": _need(form, "reached") == "yes",
    },
    "report_progress": lambda form: _named(form, "order", "text"),
    "note": lambda form: _named(form, "text"),
    "supervise": lambda form: {**_named(form, "reason", optional=("order",)), **_due(form)},
    "answer_supervision": lambda form: _named(form, "supervision", "text"),
    "judge_supervision": _judge_supervision,
    "merge_into": lambda form: _named(form, "target", "reason"),
    "link": lambda form: _named(form, "event_case", "reason"),
    "end_transfer": lambda form: {
        **_named(form, "transfer", "text"),
        "outcome": "completed" if _need(form, "decision") == "answered" else "refused",
    },
    "ask_transfer": lambda form: {
        "target": _need(form, "target"),
        "reason": _need(form, "reason"),
        "asked_action": _need(form, "asked_action"),
        "consent": form.get("consent") == "yes",
    },
}
