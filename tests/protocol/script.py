"""Random scripts of commands: lives of cases with repeats, forgeries, wrong moves and commands before their case."""

import random
from collections.abc import Iterator
from datetime import timedelta

from msgspec import Struct

from services.dispatch.domain.fold import Commanded
from shared.events import commands as c
from tests.factories import LEAD, LOWER, SECOND, START, case_of, commanded, order_of, register, reporter


def life(contact: str, draw: random.Random) -> list[tuple[str, Struct, str]]:
    """One case from register to follow-up: (own id, command, actor)."""
    text = draw.choice(["routed", "both", "neither", "both"])
    case = case_of(contact)
    units = [LEAD, SECOND] if text == "both" else [LEAD]
    steps: list[tuple[str, Struct, str]] = [("register", register(contact, text), "agent:1")]
    if text == "neither":
        steps.append(("assign", c.Assign(lead=LEAD), "dispatcher:1"))
    if draw.random() < 0.5:
        other = draw.choice(["wang", "li", ""])
        steps.append(("attach", c.Attach(reporter=reporter(f"{contact}-again", other)), "agent:2"))
    for unit in units:
        order, actor = order_of(case, unit), f"unit:{unit}"
        steps.append((f"sign-{unit}", c.Sign(order=order), actor))
        steps += more(case, unit, draw)
        steps.append((f"answer-{unit}", c.Answer(order=order, public_answer=f"done by {unit}"), actor))
        steps.append((f"audit-{unit}", c.Audit(order=order, passed=True), "auditor:1"))
    if draw.random() < 0.5:
        steps.append(("follow", c.FollowUp(solved=draw.random() < 0.7), "agent:1"))
    if draw.random() < 0.3:
        steps.append(("late", c.Attach(reporter=reporter(f"{contact}-late", "zhao")), "agent:3"))
    if draw.random() < 0.1:
        steps.insert(draw.randint(1, len(steps)), ("withdraw", c.Withdraw(reason="settled"), "agent:1"))
    return steps


def more(case: str, unit: str, draw: random.Random) -> list[tuple[str, Struct, str]]:
    """What can happen to an order between its signature and its answer."""
    order, actor = order_of(case, unit), f"unit:{unit}"
    extension = c.AskExtension(order=order, until=START + timedelta(days=7), reason="frozen ground")
    rounds: list[list[tuple[str, Struct, str]]] = [
        [],
        [
            (f"extend-{unit}", extension, actor),
            (f"judge-{unit}", c.JudgeExtension(order=order, approve=True), "supervisor:1"),
        ],
        [
            (f"park-{unit}", c.Park(reason="spring", review_at=START + timedelta(days=90)), "supervisor:1"),
            (f"resume-{unit}", c.Resume(reason="done"), "supervisor:1"),
        ],
        [(f"down-{unit}", c.Delegate(order=order, unit=LOWER), actor), *recalled(case, unit)],
    ]
    return draw.choice(rounds)


def recalled(case: str, unit: str) -> list[tuple[str, Struct, str]]:
    """The order handed down is taken back by the unit that gave it."""
    return [(f"recall-{unit}", c.Recall(order=order_of(case, LOWER), reason="wrong unit"), f"unit:{unit}")]


def commands_of(contact: str, draw: random.Random) -> Iterator[Commanded]:
    """The life of a case, disturbed: swapped, repeated, and sometimes with another content under a known id."""
    steps = life(contact, draw)
    for index in range(len(steps) - 1):
        if draw.random() < 0.2:
            steps[index], steps[index + 1] = steps[index + 1], steps[index]
    for own_id, data, actor in steps:
        for _ in range(1 + (draw.random() < 0.2)):
            yield commanded(case_of(contact), data, f"{contact}/{own_id}", actor=actor, digest="d1")
        if draw.random() < 0.05:
            yield commanded(case_of(contact), c.Close(reason="forged"), f"{contact}/{own_id}", digest="d2")


def script(seed: int) -> list[Commanded]:
    """Two to four cases, their commands interleaved."""
    draw = random.Random(seed)
    queues = [list(commands_of(f"c{n}", draw)) for n in range(draw.randint(2, 4))]
    mixed: list[Commanded] = []
    while queues:
        queue = draw.choice(queues)
        mixed.append(queue.pop(0))
        queues = [queue for queue in queues if queue]
    return mixed
