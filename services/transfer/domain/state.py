"""The transfers of one case: those we sent, and the one it came from."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from services.transfer.domain.outgoing import NEVER, Outgoing
from shared.events.cases import TransferAsked
from shared.events.commands import TransferClock

Step = Literal["asked", "receipted", "accepted", "refused", "completed"]
OVER: frozenset[Step] = frozenset({"refused", "completed"})
_RUNS: dict[TransferClock, frozenset[Step]] = {
    "receipt": frozenset({"asked"}),
    "decision": frozenset({"asked", "receipted"}),
    "result": frozenset({"asked", "receipted", "accepted"}),
}


class Sent(Struct, kw_only=True):
    """A transfer to a partner. `event` is the `transfer.asked` that began it."""

    request: TransferAsked
    event: str
    trace: str
    at: datetime
    step: Step = "asked"
    number: str = ""
    reason: str = ""
    text: str = ""
    update: int = 0
    """The partner's last update that our log has."""
    deadlines: dict[TransferClock, datetime] = field(default_factory=dict)
    fired: list[TransferClock] = field(default_factory=list)
    overdue: list[TransferClock] = field(default_factory=list)
    out: Outgoing = field(default_factory=Outgoing)

    def late(self) -> list[tuple[datetime, TransferClock]]:
        """Deadlines that still run, the earliest first."""
        running = [
            (due, clock)
            for clock, due in self.deadlines.items()
            if clock not in self.fired and self.step in _RUNS[clock]
        ]
        return sorted(running)


class Update(Struct, kw_only=True):
    """What we tell the origin, in the order of `number`."""

    number: int
    step: Literal["accepted", "progressed", "refused", "completed"]
    reason: str = ""
    text: str = ""
    out: Outgoing = field(default_factory=Outgoing)


class No(Struct, kw_only=True):
    """Our case does not go back: to which command it said so, and why. `nth` counts them from 1."""

    nth: int
    command: str
    reason: str
    detail: str


class Received(Struct, kw_only=True):
    """A transfer from a partner. `receipted`: our log has its register, so the partner may have his receipt."""

    transfer: str
    origin: str
    origin_case: str
    path: tuple[str, ...]
    digest: str
    title: str
    asked_action: str
    at: datetime
    receipted: bool = False
    step: Step = "receipted"
    number: str = ""
    trace: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    """Answers that stand: by work order, by transfer where it went on to another city, and under "" the case's own."""
    updates: list[Update] = field(default_factory=list)
    no: No | None = None
    """The last one."""

    @property
    def noes(self) -> int:
        return self.no.nth if self.no is not None else 0


class Transfers(Struct, kw_only=True):
    """The state of one case here."""

    sent: dict[str, Sent] = field(default_factory=dict)
    received: Received | None = None

    def outgoing(self) -> Iterator[tuple[str, Outgoing]]:
        """What may be sent next, by key: each open transfer, and the first update the origin has not got."""
        for transfer, sent in self.sent.items():
            if not sent.out.over():
                yield transfer, sent.out
        updates = self.received.updates if self.received is not None else []
        first = next((one for one in updates if not one.out.over()), None)
        if first is not None:
            yield str(first.number), first.out

    def under(self, key: str) -> Outgoing | None:
        return dict(self.outgoing()).get(key)

    def next(self) -> float:
        """The earliest action of all in real seconds, or NEVER."""
        return min((out.due for _, out in self.outgoing() if out.due > NEVER), default=NEVER)

    def deadline(self) -> datetime | None:
        """The earliest running deadline of all, in domain time."""
        return min((late[0][0] for sent in self.sent.values() if (late := sent.late())), default=None)

    def listed(self) -> list[str]:
        """`<direction>/<state>`, one of each, as lists are asked for."""
        found = {f"sent/{one.step}" for one in self.sent.values()}
        found |= {"sent/unacknowledged" for one in self.sent.values() if one.overdue and one.step not in OVER}
        if self.received is not None:
            found.add(f"received/{self.received.step}")
        directions = {one.split("/")[0] + "/" for one in found}
        return sorted(found | directions)
