"""Random scripts of commands that tie several cases: merges, undoings, splits, event cases, and contacts all along.

Every contact is another caller, so that each of them has a right to an answer of his own.
"""

import random
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from services.dispatch.domain.case import Case
from services.dispatch.domain.fold import Commanded
from services.dispatch.domain.splitting import FIRST_MATTER
from services.dispatch.domain.states import state_of
from shared.events import commands as c
from shared.ids import case_id, derive
from tests.factories import LEAD, case_of, commanded, order_of, register, reporter

Step = tuple[str, Struct, str]
"""Case, command, actor."""


def split_of(case: str, contact: str) -> str:
    """The case that the first split of `case` makes of a contact."""
    return case_id("normal", contact, FIRST_MATTER + int(derive("split", case, 1)[:7], 16))


def script(seed: int) -> list[Commanded]:
    """Three to five cases, each with its life and its ties, interleaved; some commands come twice."""
    draw = random.Random(seed)
    names = [f"c{n}" for n in range(draw.randint(3, 5))]
    queues = [_life(name, names, draw) for name in names]
    mixed: list[Step] = []
    while queues:
        queue = draw.choice(queues)
        mixed.append(queue.pop(0))
        queues = [queue for queue in queues if queue]
    made = [commanded(case, data, f"{seed}/{n}", actor=actor) for n, (case, data, actor) in enumerate(mixed)]
    return [one for command in made for one in [command] * (1 + (draw.random() < 0.1))]


def _life(name: str, names: Sequence[str], draw: random.Random) -> list[Step]:
    """Registered first; then its work, contacts and ties in any order."""
    case, order = case_of(name), order_of(case_of(name))
    others = [case_of(other) for other in names if other != name]
    text = draw.choice(["routed", "neither", "routed"])
    work: list[Step] = [
        (case, c.Assign(lead=LEAD), "dispatcher:1"),
        (case, c.Sign(order=order), f"unit:{LEAD}"),
        (case, c.Answer(order=order, public_answer=f"{name} is done, {{number}}"), f"unit:{LEAD}"),
        (case, c.Audit(order=order, passed=True), "auditor:1"),
        (case, c.FollowUp(solved=draw.random() < 0.6), "agent:1"),
    ]
    steps = work[: draw.randint(0, 5)]
    for n in range(draw.randint(1, 3)):
        contact = reporter(f"{name}-{n}", draw.choice([f"{name}-{n}", f"{name}-{n}", ""]))
        _insert(steps, (case, c.Attach(reporter=contact), "agent:2"), draw)
    for _ in range(draw.randint(1, 4)):
        _insert(steps, (case, _tie(name, others, draw), "supervisor:1"), draw)
    return [(case, register(name, text, reporter=reporter(name, name)), "agent:1"), *steps]


def _insert(steps: list[Step], step: Step, draw: random.Random) -> None:
    steps.insert(draw.randint(0, len(steps)), step)


def _tie(name: str, others: Sequence[str], draw: random.Random) -> Struct:
    other = draw.choice(others)
    leaves = draw.choice([name, f"{name}-0", f"{name}-1"])
    made: list[Struct] = [
        c.MergeInto(target=other, reason="same matter"),
        c.MergeInto(target=draw.choice([other, case_of("nobody")]), reason="same matter"),
        c.UndoMerge(reason="another matter"),
        c.Split(contact_id=leaves, title="own", text=draw.choice(["routed", "neither"]), reason="another matter"),
        c.DeclareEvent(reason="one cause"),
        c.Link(event_case=case_of("c0"), reason="same cause"),
        c.Detach(reason="another cause"),
    ]
    return draw.choice(made)


def second_thoughts(cases: Sequence[Case], draw: random.Random, number: int) -> list[Step]:
    """What people do about cases that have come to rest: undo, merge elsewhere, link, detach, call again."""
    return [step for n, case in enumerate(cases) for step in _thought(case, cases, draw, f"again-{number}-{n}")]


def _thought(case: Case, cases: Sequence[Case], draw: random.Random, contact: str) -> list[Step]:
    by, target = "supervisor:1", draw.choice(cases).id
    undo, detach = c.UndoMerge(reason="another matter"), c.Detach(reason="another cause")
    usual: dict[str, list[Struct]] = {"MERGED": [undo, undo], "LINKED": [detach], "CLOSED": [c.Reopen(reason="again")]}
    tie = draw.choice([c.MergeInto(target=target, reason="same"), c.Link(event_case=target, reason="same")])
    ties = draw.choice([[], usual.get(state_of(case), [tie])])
    calls = [c.Attach(reporter=reporter(contact, contact))] if draw.random() < 0.4 else []
    steps = [(case.id, data, by) for data in [*ties, *calls]]
    return draw.sample(steps, len(steps))


def next_steps(case: Case) -> list[Step]:
    """What brings a case one step nearer to its end."""
    state = state_of(case)
    open_orders: dict[str, Any] = {
        "WAIT_SIGN": lambda order: c.Sign(order=order),
        "HANDLING": lambda order: c.Answer(order=order, public_answer="done at last"),
        "FED_BACK": lambda order: c.Audit(order=order, passed=True),
    }
    if state == "PENDING_DISPATCH":
        return [(case.id, c.Assign(lead=LEAD), "dispatcher:1")]
    if state == "PENDING_CALLBACK":
        return [(case.id, c.FollowUp(solved=True), "agent:1")]
    if state == "REOPEN_REQUESTED":
        return [(case.id, c.Close(reason="told again"), "agent:1")]
    return [
        (case.id, open_orders[order.state](order.id), _actor(order.state))
        for order in case.current()
        if order.state in open_orders
    ]  # fmt: skip


def _actor(state: str) -> str:
    return "auditor:1" if state == "FED_BACK" else f"unit:{LEAD}"
