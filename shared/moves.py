"""Every command on a case: who may send it, in which states it is possible, and where it can lead. Data, and pure.

The one table that decisions, doors, pages and the drawing in docs/states.md read. Being listed is necessary, not
sufficient: a limit, a deadline or an open debt can still refuse a command, with a reason of its own.
"""

from collections.abc import Mapping

from msgspec import Struct

from shared.states import CaseState, OrderState

CaseSteps = Mapping[CaseState, tuple[CaseState, ...]]
OrderSteps = Mapping[OrderState, tuple[OrderState, ...]]


class Move(Struct, frozen=True, kw_only=True):
    """One command. `refusal`: the code of its rejection where a state forbids it.

    `service` in `roles` stands for this platform's own services, which send over the bus and not through the door.
    `order`: the steps of the work order that the command names; none: the command is about the case.
    """

    verb: str
    roles: frozenset[str]
    case: CaseSteps
    order: OrderSteps | None = None
    refusal: str = "not_possible"


STAFF = frozenset({"agent", "dispatcher", "auditor", "supervisor"})
_OPEN: tuple[CaseState, ...] = (
    "PENDING_DISPATCH", "PENDING_SUPPLEMENT", "DISPATCHED", "HANDLING", "REWORK", "PENDING_AUDIT", "PARKED",
    "TRANSFERRED", "PENDING_REPLY", "PENDING_CALLBACK", "REOPEN_REQUESTED",
)  # fmt: skip
_OVER: tuple[CaseState, ...] = ("CLOSED", "ARCHIVED", "REJECTED_GUIDED", "WITHDRAWN")
_BEFORE_ANSWER: tuple[CaseState, ...] = (
    "PENDING_DISPATCH", "PENDING_SUPPLEMENT", "DISPATCHED", "HANDLING", "REWORK", "PENDING_AUDIT", "PARKED",
)  # fmt: skip
_TIED: tuple[CaseState, ...] = ("MERGING", "MERGED", "LINKED")
_WORK: tuple[CaseState, ...] = ("DISPATCHED", "HANDLING", "REWORK", "PENDING_AUDIT")
_UNITS_ORDER: tuple[OrderState, ...] = ("WAIT_SIGN", "HANDLING", "EXTENSION_ASKED")
_ORDER: tuple[OrderState, ...] = (*_UNITS_ORDER, "RETURN_ASKED", "FED_BACK")
_ANSWERED: tuple[CaseState, ...] = ("PENDING_REPLY", "CLOSED")
"""The last one that the case waits for has ended: replies are owed, or nobody waits."""
_EMPTIED: tuple[CaseState, ...] = ("PENDING_DISPATCH", "TRANSFERRED", *_ANSWERED)

_PARTNERS: CaseSteps = {
    "DISPATCHED": ("DISPATCHED",), "HANDLING": ("HANDLING", *_ANSWERED), "REWORK": ("REWORK", *_ANSWERED),
    "PENDING_AUDIT": ("PENDING_AUDIT", *_ANSWERED), "PARKED": ("PARKED", *_ANSWERED),
    "TRANSFERRED": ("TRANSFERRED", "PENDING_DISPATCH", "PENDING_SUPPLEMENT", *_ANSWERED),
}  # fmt: skip
"""A transfer goes on or ends."""


def _stays(*states: CaseState) -> dict[CaseState, tuple[CaseState, ...]]:
    return {state: (state,) for state in states}


def _all(states: tuple[CaseState, ...], *to: CaseState) -> dict[CaseState, tuple[CaseState, ...]]:
    return dict.fromkeys(states, to)


def _orders(states: tuple[OrderState, ...], *to: OrderState) -> dict[OrderState, tuple[OrderState, ...]]:
    return {state: to or (state,) for state in states}


def _roles(names: str) -> frozenset[str]:
    return frozenset(names.split())


MOVES: tuple[Move, ...] = (
    Move(
        verb="register", roles=_roles("service"), refusal="already_registered",
        case={"UNKNOWN": ("PENDING_DISPATCH", "DISPATCHED", "CLOSED")},
    ),
    Move(
        verb="attach", roles=_roles("service"),
        case=_stays(*_OPEN) | {"PENDING_CALLBACK": ("PENDING_CALLBACK", "PENDING_REPLY")}
        | _all(_OVER, "REOPEN_REQUESTED") | _stays(*_TIED),
    ),
    Move(verb="note", roles=STAFF | {"unit"}, case=_stays(*_OPEN, *_OVER, *_TIED)),
    Move(verb="keep", roles=_roles("agent supervisor"), case=_stays(*_OPEN, "LINKED")),
    Move(
        verb="assign", roles=_roles("dispatcher supervisor"), refusal="not_pending",
        case={
            "PENDING_DISPATCH": ("DISPATCHED",), "TRANSFERRED": ("DISPATCHED", "HANDLING", "REWORK"),
            "DISPATCHED": ("DISPATCHED",), "HANDLING": ("HANDLING",), "REWORK": ("REWORK",),
            "PENDING_AUDIT": ("HANDLING", "REWORK"),
        },
    ),
    Move(
        verb="ask_supplement", roles=_roles("dispatcher auditor supervisor"),
        case={"PENDING_DISPATCH": ("PENDING_SUPPLEMENT",)},
    ),
    Move(
        verb="supplement", roles=_roles("agent supervisor"),
        case={"PENDING_SUPPLEMENT": ("PENDING_DISPATCH",), "PENDING_DISPATCH": ("PENDING_DISPATCH",)},
    ),
    Move(
        verb="regrade", roles=_roles("dispatcher auditor supervisor"),
        case=_stays(
            "PENDING_DISPATCH", "PENDING_SUPPLEMENT", *_WORK, "PARKED", "TRANSFERRED", "REOPEN_REQUESTED"
        ),
    ),
    Move(
        verb="delegate", roles=_roles("unit"), case=_stays("HANDLING", "REWORK"),
        order=_orders(("HANDLING",)), refusal="not_signed",
    ),
    Move(
        verb="sign", roles=_roles("unit service"), refusal="already_signed",
        case={"DISPATCHED": ("HANDLING", "REWORK"), "HANDLING": ("HANDLING",), "REWORK": ("REWORK",),
              "MERGING": ("MERGING",), "PARKED": ("PARKED",)},
        order=_orders(("WAIT_SIGN",), "HANDLING"),
    ),
    Move(
        verb="ask_return", roles=_roles("unit"), refusal="not_returnable",
        case=_stays("DISPATCHED") | {"HANDLING": ("HANDLING", "DISPATCHED"), "REWORK": ("REWORK", "DISPATCHED")},
        order=_orders(("WAIT_SIGN", "HANDLING"), "RETURN_ASKED"),
    ),
    Move(
        verb="judge_return", roles=_roles("supervisor unit"), refusal="nothing_to_judge",
        case={"DISPATCHED": ("DISPATCHED", "HANDLING", "REWORK"), "HANDLING": ("HANDLING",), "REWORK": ("REWORK",)},
        order=_orders(("RETURN_ASKED",), "HANDLING", "RETURNED"),
    ),
    Move(
        verb="arbitrate", roles=_roles("supervisor"), refusal="nothing_to_judge",
        case={"HANDLING": ("HANDLING", "DISPATCHED"), "REWORK": ("REWORK", "DISPATCHED"),
              "PENDING_AUDIT": ("PENDING_AUDIT", "HANDLING", "REWORK", "DISPATCHED")},
        order={state: (state, "WITHDRAWN") for state in ("HANDLING", "EXTENSION_ASKED", "FED_BACK")},
    ),
    Move(
        verb="ask_extension", roles=_roles("unit"), case=_stays("HANDLING", "REWORK"),
        order=_orders(("HANDLING",), "EXTENSION_ASKED"), refusal="not_signed",
    ),
    Move(
        verb="judge_extension", roles=_roles("supervisor unit"), case=_stays("HANDLING", "REWORK"),
        order=_orders(("EXTENSION_ASKED",), "HANDLING"), refusal="nothing_to_judge",
    ),
    Move(
        verb="report_contact", roles=_roles("unit"), case=_stays("DISPATCHED", "HANDLING", "REWORK", "PARKED"),
        order=_orders(_UNITS_ORDER),
    ),
    Move(
        verb="report_progress", roles=_roles("unit"), case=_stays("HANDLING", "REWORK", "PARKED"),
        order=_orders(("HANDLING", "EXTENSION_ASKED")), refusal="not_signed",
    ),
    Move(
        verb="answer", roles=_roles("unit"), refusal="not_signed",
        case={"HANDLING": ("HANDLING", "PENDING_AUDIT"), "REWORK": ("REWORK", "HANDLING", "PENDING_AUDIT")},
        order=_orders(("HANDLING", "EXTENSION_ASKED"), "FED_BACK"),
    ),
    Move(
        verb="audit", roles=_roles("auditor supervisor unit"), refusal="nothing_to_audit",
        case={
            "HANDLING": ("HANDLING", "REWORK", *_ANSWERED), "REWORK": ("REWORK", *_ANSWERED),
            "PENDING_AUDIT": ("PENDING_AUDIT", "REWORK", "TRANSFERRED", *_ANSWERED),
        },
        order=_orders(("FED_BACK",), "DONE", "HANDLING"),
    ),
    Move(
        verb="recall", roles=_roles("dispatcher supervisor unit"),
        case={
            "DISPATCHED": ("DISPATCHED", *_EMPTIED), "HANDLING": ("HANDLING", "DISPATCHED", "PENDING_AUDIT", *_EMPTIED),
            "REWORK": ("REWORK", "HANDLING", "DISPATCHED", "PENDING_AUDIT", *_EMPTIED),
            "PENDING_AUDIT": ("PENDING_AUDIT", *_EMPTIED),
        },
        order=_orders(_ORDER, "WITHDRAWN"),
    ),
    Move(
        verb="park", roles=_roles("supervisor"), case=_all(("HANDLING", "REWORK", "PARKED"), "PARKED"),
    ),
    Move(verb="resume", roles=_roles("supervisor"), case={"PARKED": ("HANDLING", "REWORK")}),
    Move(
        verb="refer", roles=_roles("dispatcher supervisor"),
        case=_all(
            ("PENDING_DISPATCH", "PENDING_SUPPLEMENT", *_WORK, "PARKED"), "PENDING_REPLY", "REJECTED_GUIDED"
        ),
    ),
    Move(
        verb="withdraw", roles=_roles("agent supervisor"),
        case=_all((*_BEFORE_ANSWER, "LINKED"), "WITHDRAWN"),
    ),
    Move(
        verb="ask_transfer", roles=_roles("agent dispatcher supervisor"), refusal="not_open",
        case=_all(("PENDING_DISPATCH", "PENDING_SUPPLEMENT", "TRANSFERRED"), "TRANSFERRED") | _stays(*_WORK),
    ),
    Move(
        verb="record_transfer", roles=_roles("service"), refusal="out_of_order", case=_PARTNERS,
    ),
    Move(
        verb="end_transfer", roles=_roles("supervisor"), refusal="out_of_order", case=_PARTNERS,
    ),
    Move(
        verb="hand_back", roles=_roles("service"), refusal="already_accepted",
        case=_all(("PENDING_DISPATCH", "PENDING_SUPPLEMENT"), "CLOSED"),
    ),
    Move(
        verb="settle_reply", roles=_roles("supervisor service"), refusal="not_owed",
        case=_stays(
            "PENDING_DISPATCH", "PENDING_SUPPLEMENT", "DISPATCHED", "REWORK", "PENDING_AUDIT", "PARKED", "TRANSFERRED",
            "REOPEN_REQUESTED",
        )
        | {"PENDING_REPLY": ("PENDING_REPLY", "PENDING_CALLBACK", "CLOSED", "REJECTED_GUIDED")},
    ),
    Move(
        verb="follow_up", roles=_roles("agent supervisor service"), refusal="replies_open",
        case={"PENDING_CALLBACK": ("CLOSED", "DISPATCHED", "PENDING_DISPATCH")},
    ),
    Move(
        verb="close", roles=_roles("agent supervisor"), refusal="not_closable",
        case=_all(("PENDING_DISPATCH", "PENDING_SUPPLEMENT", "PENDING_CALLBACK", "LINKED"), "CLOSED")
        | {"REOPEN_REQUESTED": ("CLOSED", "REJECTED_GUIDED", "WITHDRAWN")},
    ),
    Move(
        verb="reopen", roles=_roles("supervisor"), refusal="not_closed",
        case=_all(("CLOSED", "REJECTED_GUIDED", "WITHDRAWN", "REOPEN_REQUESTED"), "PENDING_DISPATCH", "DISPATCHED"),
    ),
    Move(
        verb="archive", roles=_roles("supervisor service"), refusal="not_closed",
        case=_all(("CLOSED", "REJECTED_GUIDED", "WITHDRAWN"), "ARCHIVED"),
    ),
    Move(verb="escalate", roles=_roles("service"), case=_stays(*_OPEN, *_OVER, *_TIED)),
    Move(verb="supervise", roles=_roles("supervisor service"), case=_stays(*_OPEN)),
    Move(verb="answer_supervision", roles=_roles("unit"), case=_stays(*_OPEN, *_OVER, "MERGED", "LINKED")),
    Move(verb="judge_supervision", roles=_roles("supervisor"), case=_stays(*_OPEN, *_OVER, "MERGED", "LINKED")),
    Move(verb="warn", roles=_roles("service"), case=_stays(*_OPEN, *_OVER, *_TIED)),
    Move(verb="breach", roles=_roles("service"), case=_stays(*_OPEN, *_OVER, *_TIED)),
    Move(
        verb="merge_into", roles=STAFF, refusal="not_open",
        case=_all(_BEFORE_ANSWER, "MERGING"),
    ),
    Move(
        verb="absorb", roles=_roles("service"), refusal="not_open",
        case=_stays(*_OPEN, "LINKED") | {"PENDING_CALLBACK": ("PENDING_CALLBACK", "PENDING_REPLY")},
    ),
    Move(
        verb="record_merge", roles=_roles("service"), refusal="no_such_merge",
        case=_stays(*_OPEN, *_OVER, "LINKED")
        | {"MERGING": ("MERGED", *_BEFORE_ANSWER), "MERGED": ("MERGED", "PENDING_DISPATCH")},
    ),
    Move(
        verb="take_on", roles=_roles("service"), refusal="separated",
        case=_stays(*_OPEN, *_TIED) | {"PENDING_CALLBACK": ("PENDING_CALLBACK", "PENDING_REPLY")}
        | _all(_OVER, "REOPEN_REQUESTED"),
    ),
    Move(
        verb="undo_merge", roles=_roles("dispatcher supervisor"), refusal="not_merged", case=_stays("MERGED"),
    ),
    Move(
        verb="release", roles=_roles("service"), refusal="no_such_merge",
        case=_stays(*_OPEN, *_OVER, "LINKED") | {"PENDING_CALLBACK": ("PENDING_CALLBACK", "CLOSED")},
    ),
    Move(
        verb="split", roles=_roles("dispatcher auditor supervisor"), refusal="not_open",
        case=_stays(*_OPEN, "LINKED"),
    ),
    Move(
        verb="record_split", roles=_roles("service"), refusal="no_such_split",
        case=_stays(*_OPEN, *_OVER, "LINKED")
        | {"PENDING_REPLY": ("PENDING_REPLY", "PENDING_CALLBACK", "CLOSED", "REJECTED_GUIDED")}
        | {"PENDING_CALLBACK": ("PENDING_CALLBACK", "CLOSED")},
    ),
    Move(
        verb="declare_event", roles=_roles("dispatcher supervisor"), refusal="not_open", case=_stays(*_OPEN),
    ),
    Move(
        verb="link", roles=STAFF, refusal="not_open", case=_all(_BEFORE_ANSWER, "LINKED"),
    ),
    Move(
        verb="detach", roles=_roles("dispatcher supervisor"), refusal="not_linked",
        case=_all(("LINKED",), "PENDING_DISPATCH", "PENDING_SUPPLEMENT"),
    ),
    Move(
        verb="take_answer", roles=_roles("service"), refusal="not_linked",
        case=_all(("LINKED",), "PENDING_REPLY", "PENDING_CALLBACK", "CLOSED"),
    ),
    Move(
        verb="refuse_link", roles=_roles("service"), refusal="not_linked",
        case=_all(("LINKED",), "PENDING_DISPATCH", "PENDING_SUPPLEMENT"),
    ),
)  # fmt: skip
BY_VERB: dict[str, Move] = {move.verb: move for move in MOVES}


def door_roles() -> dict[str, frozenset[str]]:
    """Verb → roles that may send it through a door; what only services send is not among them."""
    return {move.verb: people for move in MOVES if (people := move.roles - {"service"})}


def allows(move: Move, case: CaseState, order: OrderState | None) -> bool:
    """Whether the states permit the command; `order` is the state of the order it names."""
    return case in move.case and (move.order is None or (order is not None and order in move.order))


def possible(case: CaseState, order: OrderState | None = None) -> list[Move]:
    """What people can do now: with the case, or with an order of it where its state is given."""
    return [
        move for move in MOVES
        if allows(move, case, order) and (move.order is None) == (order is None) and move.roles - {"service"}
    ]  # fmt: skip


def in_words(moves: list[Move]) -> str:
    """`sign (unit), recall (dispatcher, supervisor)`: commands with the people who may send them."""
    told = [f"{move.verb} ({', '.join(sorted(move.roles - {'service'}))})" for move in moves]
    return ", ".join(told) or "nothing"
