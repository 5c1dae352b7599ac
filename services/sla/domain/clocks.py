"""The clocks of a case as its events left them: facts first, and what policy makes of them beside."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from shared.deadlines import Extension, Matter, Span
from shared.events.commands import Clock

Kind = Literal["warn", "breach", "accept", "urge", "supervise", "notify_leaders", "trigger", "archive"]
PauseKind = Literal["parked", "supplement", "return_asked", "extension_asked"]


class Pause(Span, kw_only=True, omit_defaults=True):
    """The clocks that policy names for this kind stand still."""

    kind: PauseKind
    reason: str = ""


class Running(Struct, kw_only=True, omit_defaults=True):
    """One clock.

    Facts: `cause` (the event that started it), `since` (from when it counts), `stopped`, `fixed` (due at that moment,
    whatever the table says). By policy: `rule`, `period`, `due`, and `normal`, the deadline of the table where a surge
    profile holds. `fired`: rungs told of this deadline; `next`: when the next one comes.
    """

    cause: str
    since: datetime
    due: datetime
    rule: str = ""
    period: str = ""
    normal: datetime | None = None
    fixed: datetime | None = None
    held: datetime | None = None
    """Standing still since then."""
    stopped: datetime | None = None
    fired: list[str] = field(default_factory=list)
    next: datetime | None = None


class Order(Struct, kw_only=True, omit_defaults=True):
    """What a unit's clocks depend on. `own`: the earlier deadline of an order handed down; no other has one.

    `ended`: `gone` is returned, recalled, or of an earlier cycle.
    """

    unit: str = ""
    profile: str = ""
    own: datetime | None = None
    extended: Extension | None = None
    ended: Literal["", "done", "gone"] = ""
    pauses: list[Pause] = field(default_factory=list)
    clocks: dict[Clock, Running] = field(default_factory=dict)


class Late(Struct, kw_only=True, omit_defaults=True):
    """A rung that was due before an event which was read first: it is still told, whatever that event changed.

    `matter`: what the case was then, which decides what a step of the ladder says.
    """

    matter: Matter
    order: str
    clock: Clock | None
    due: datetime
    at: datetime
    kind: Kind
    key: str
    left: float = 0.0


class Clocks(Struct, kw_only=True, omit_defaults=True):
    """All clocks of a case: its own and those of its orders. `version` of the policy they were counted by.

    `joined`: reporters after the first; `callers`: by whose marks they are told apart; `triggered`: trigger → moment;
    `supervised`: triggers told; `documents`: supervision → the order it is about, empty for the whole case.
    `others`: transfers and cases by which somebody else has the case; `answered`: by one of them, in this cycle;
    `raised`: when priority rose last. `traceparent` is that of the last event, so that what fires belongs to its trace.
    """

    version: str = ""
    matter: Matter = Matter()
    case: Order = field(default_factory=Order)
    orders: dict[str, Order] = field(default_factory=dict)
    owed: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    answered: bool = False
    raised: datetime | None = None
    joined: int = 0
    callers: list[str] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    triggered: dict[str, datetime] = field(default_factory=dict)
    supervised: list[str] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    traceparent: str = ""

    def whole(self) -> Iterator[tuple[str, Order]]:
        """The case's own clocks under an empty name, then every order's."""
        yield "", self.case
        yield from self.orders.items()

    def order(self, name: str) -> Order:
        """Raises LookupError for an order that was never given out."""
        return self.orders[name] if name else self.case

    def at_work(self) -> bool:
        """Whether an order of this cycle is open; one handed down only where the order above it is."""
        return any(not order.ended and order.own is None for order in self.orders.values())

    def idle(self) -> bool:
        """Whether no unit and nobody else has the case, or has answered it."""
        counting = [order for order in self.orders.values() if order.ended != "gone" and order.own is None]
        return not counting and not self.others and not self.answered

    def next(self) -> datetime | None:
        """The earliest moment at which something fires."""
        moments = [clock.next for _, order in self.whole() for clock in order.clocks.values() if clock.next]
        moments += [at for trigger, at in self.triggered.items() if trigger not in self.supervised]
        moments += [one.at for one in self.late]
        return min(moments, default=None)

    def index(self) -> dict[str, Any]:
        """What the store finds it by: the next moment, the policy's version, and whether a clock runs."""
        return {"next": self.next(), "version": self.version, "running": self.running()}

    def running(self) -> bool:
        """Whether any clock has not stopped; that of the archive waits for nobody, and is counted anew as it fires."""
        return any(
            running.stopped is None
            for _, order in self.whole()
            for clock, running in order.clocks.items()
            if clock != "archive"
        )
