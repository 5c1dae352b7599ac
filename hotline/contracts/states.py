"""docs/states.md: the machine of cases and work orders, drawn from the table that decides (shared/moves.py)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from shared.moves import MOVES
from shared.states import ENDED, OVER, CaseState, OrderState

Steps = Mapping[Any, tuple[Any, ...]]
_HEAD = """# States of cases and work orders

Written by `make contracts` from the table in `shared/moves.py`, which decisions, doors and pages read; a test walks the
machine and holds the table against what decisions really do. A command that the table allows can still be refused by a
deadline, a limit or an open debt. An arrow's words are the commands that lead along it; what stays has no arrow.

A case's state is written nowhere: it follows from its orders, its debts and a few facts (`shared/states.py`). Three
words of the field are no states here, because nothing rests in them: *registered* and *answered at the desk* last as
long as one command, whose events are written together; a *draft* is the agent's form and lives at the desk.
"""
_CASE_WORDS: dict[CaseState, str] = {
    "PENDING_DISPATCH": "待派遣 · waits for a dispatcher",
    "PENDING_SUPPLEMENT": "待补充 · the agent is asked for what is missing",
    "DISPATCHED": "已转办 · orders are out, none is signed",
    "HANDLING": "办理中 · at least one unit is at work",
    "REWORK": "重办 · at work again: sent back, or reopened",
    "PENDING_AUDIT": "待审核 · every open order has its answer",
    "PARKED": "挂账 · takes long, by an approved plan, until its review",
    "TRANSFERRED": "已转接 · a partner city or an emergency line has it or is asked",
    "PENDING_REPLY": "待答复 · the answer stands, somebody is still to be told",
    "PENDING_CALLBACK": "待回访 · everybody is told; solved?",
    "REOPEN_REQUESTED": "再次来访 · somebody came back to an ended case",
    "CLOSED": "办结 · ended",
    "ARCHIVED": "归档 · the time for an appeal is over",
    "REJECTED_GUIDED": "不予受理 · ended: the legal route was told",
    "WITHDRAWN": "撤单 · ended: the citizen took it back",
    "MERGED": "并单 · its matter goes on in another case",
}
_ORDER_WORDS: dict[OrderState, str] = {
    "WAIT_SIGN": "待签收 · given out",
    "HANDLING": "办理中 · signed",
    "RETURN_ASKED": "申请退单 · the unit says it is not its own",
    "EXTENSION_ASKED": "申请延期 · the unit asks for more time",
    "FED_BACK": "已反馈 · answered, waits for audit",
    "DONE": "已办结 · the answer was accepted",
    "RETURNED": "已退单 · another unit has it",
    "WITHDRAWN": "已撤回 · taken back by the centre",
}


def states_page() -> str:
    """The whole page."""
    return "\n".join(
        [
            _HEAD,
            "## Cases\n",
            *_diagram((move.case for move in MOVES), [move.verb for move in MOVES], OVER),
            *_words(_CASE_WORDS, get_args(CaseState)),
            "## Work orders\n",
            "Of the order that a command names; what ends with it (orders handed down, orders no longer needed) is"
            " withdrawn by an event each.\n",
            *_diagram((move.order for move in MOVES if move.order), [move.verb for move in MOVES if move.order], ENDED),
            *_words(_ORDER_WORDS, get_args(OrderState)),
            "## Commands\n",
            "`service`: sent by the platform itself (intake, sla, notify, transfer), not through a door.\n",
            *_commands(),
            "",
        ]
    )


def _diagram(steps: Iterable[Steps], verbs: list[str], ends: Iterable[str]) -> Iterator[str]:
    """Mermaid: one arrow per pair of states, with all the commands that take it."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for verb, table in zip(verbs, steps, strict=True):
        for before, afters in table.items():
            for after in afters:
                if after != before:
                    arrows.setdefault((before, after), []).append(verb)
    yield "```mermaid\nstateDiagram-v2"
    for (before, after), taken in sorted(arrows.items()):
        yield f"    {'[*]' if before == 'UNKNOWN' else before} --> {after}: {', '.join(taken)}"
    for end in sorted(ends):
        if any(after == end for _, after in arrows):
            yield f"    {end} --> [*]"
    yield "```\n"


def _words(words: Mapping[Any, str], order: Iterable[str]) -> Iterator[str]:
    yield "| state | means |\n|---|---|"
    yield from (f"| `{state}` | {words[state]} |" for state in order if state in words)
    yield ""


def _commands() -> Iterator[str]:
    yield "| command | who | in these states of the case | of the order | refused elsewhere with |"
    yield "|---|---|---|---|---|"
    for move in MOVES:
        roles = ", ".join(sorted(move.roles))
        yield f"| `{move.verb}` | {roles} | {_steps(move.case)} | {_steps(move.order or {})} | `{move.refusal}` |"


def _steps(steps: Steps) -> str:
    """`A → B, C`, one line each; a state alone stays."""
    lines = [before if afters == (before,) else f"{before} → {', '.join(afters)}" for before, afters in steps.items()]
    return "<br>".join(lines)
