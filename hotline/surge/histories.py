"""What the log says of every case, folded for the ledger: order, outcomes, debts, ends. Pure."""

from collections.abc import Iterable

from msgspec import Struct, field

from hotline.surge.facts import (
    Absorbed,
    Asked,
    Birth,
    CaseEvent,
    Ended,
    FeedRecord,
    Gone,
    Issued,
    Joined,
    Kept,
    Linked,
    Merged,
    Paid,
    Released,
    Reopened,
    Rung,
    Sent,
    Separated,
    Signed,
    Split,
    Tie,
    Told,
    UndoAsked,
)

WAIVING = frozenset({"case.withdrawn.v1", "case.handed_back.v1"})
"""What is still owed when they happen is owed no more."""
CLOSING = {
    "case.closed.v1": True, "case.reopen_requested.v1": False, "case.reopened.v1": False,
    "case.merged.v1": True, "case.separated.v1": False,
}  # fmt: skip
"""Event → whether the case is at its end with it; a merged case is, for its target answers."""


class Debt(Struct):
    """A reply obligation; `how` is empty while it is owed, and `waived` where it fell away."""

    case: str
    how: str = ""


class Transfer(Struct):
    """A case handed to a partner; `end` is the type of the event that ended it, empty while it is under way."""

    case: str
    target: str
    end: str = ""


class Sequence(Struct):
    """First occurrences of a numbered history: bytes by number, and the highest number so far."""

    prints: dict[int, int] = field(default_factory=dict)
    last: int = 0


class Order:
    """Watches numbered histories: first occurrences must be 1, 2, 3 …, and repeats the same to the byte."""

    def __init__(self, what: str) -> None:
        self.out_of_order: list[str] = []
        self.different: list[str] = []
        self._what = what
        self._known: dict[str, Sequence] = {}

    def first(self, name: str, number: int, fingerprint: int) -> bool:
        """Whether the record is the first with its number."""
        known = self._known.setdefault(name, Sequence())
        if number in known.prints:
            if known.prints[number] != fingerprint:
                self.different.append(f"{self._what} {name} has two different records {number}")
            return False
        if number < known.last:
            self.out_of_order.append(f"{self._what} {name}: {number} came after {known.last}")
        known.prints[number] = fingerprint
        known.last = max(known.last, number)
        return True

    def gaps(self) -> list[str]:
        return [
            f"{self._what} {name}: {missing} is missing"
            for name, known in self._known.items()
            if len(known.prints) != known.last
            for missing in range(1, known.last + 1)
            if missing not in known.prints
        ]


class Histories:
    """All cases, from their events in the log's order."""

    def __init__(self, events: Iterable[CaseEvent], feeds: Iterable[FeedRecord]) -> None:
        self.cases = Order("case")
        self.orders = Order("order")
        self.outcomes: set[str] = set()
        self.closed: dict[str, bool] = {}
        self.births: dict[tuple[str, int], list[str]] = {}
        self.joined: set[tuple[str, str]] = set()
        self.debts: dict[str, Debt] = {}
        self._of_case: dict[str, dict[str, None]] = {}
        self.first_debt: dict[str, str] = {}
        self.waived = 0
        self.units: dict[str, int] = {}
        """Case → how many units had it at once, at the most, when it was dispatched."""
        self._in_hand: dict[str, dict[str, str]] = {}
        """Case → its orders that were neither returned nor recalled → their units."""
        self.counts: dict[str, int] = {}
        self.rungs: dict[tuple[str, str, str, str, float], int] = {}
        """How often each (event type, order or case, clock, deadline) was told; a clock that runs anew has another."""
        self.silent: dict[str, str] = {}
        """Orders that their units accepted by silence → case."""
        self.transfers: dict[str, Transfer] = {}
        self.links: dict[str, int] = {}
        """Case → how often it was linked to an event case."""
        self.told: dict[str, int] = {}
        """Case → how often an event case answered it."""
        self.undoing: dict[str, str] = {}
        """Merge that somebody wants undone, and neither side has said what became of it → the merged case."""
        self.under_profile = 0
        self.fed: dict[str, float] = {}
        self.last_at = 0.0
        for event in events:
            self._see(event)
        for record in feeds:
            self._feed(record)

    def _see(self, event: CaseEvent) -> None:
        if not self.cases.first(event.case, event.sequence, event.print):
            return
        self.outcomes.add(event.cause.partition("#")[0])
        self.counts[event.type] = self.counts.get(event.type, 0) + 1
        self.last_at = max(self.last_at, event.at)
        if event.type in CLOSING:
            self.closed[event.case] = CLOSING[event.type]
        if event.type in WAIVING:
            self._waive(event.case)
        self._detail(event)

    def _detail(self, event: CaseEvent) -> None:
        if isinstance(event.detail, Tie):
            self._tie(event.case, event.detail)
            return
        match event.detail:
            case Birth() as birth:
                self._born(event, birth)
            case Joined(reporter, obligation):
                self.joined.add((event.case, reporter.contact_id))
                self._owe(event.case, obligation)
            case Reopened(obligations):
                self._owe(event.case, *obligations)
            case Paid(obligation, how):
                self.debts.setdefault(obligation, Debt(event.case)).how = how
            case Sent(units):
                at_once = {*units, *self._in_hand.get(event.case, {}).values()}
                self.units[event.case] = max(len(at_once), self.units.get(event.case, 0))
            case Issued(profile, order, unit):
                self.under_profile += profile != ""
                self._in_hand.setdefault(event.case, {})[order] = unit
            case Gone(order):
                self._in_hand.get(event.case, {}).pop(order, None)
            case Rung(order, clock, due, left):
                rung = (event.type, order or event.case, clock, due, left)
                self.rungs[rung] = self.rungs.get(rung, 0) + 1
            case Signed(order, due) if due is not None:
                self.silent[order] = event.case
            case Asked(transfer, target):
                self.transfers[transfer] = Transfer(event.case, target)
            case Ended(transfer) if transfer in self.transfers:
                self.transfers[transfer].end = event.type

    def _tie(self, case: str, tie: Tie) -> None:
        match tie:
            case Absorbed(obligations):
                self._owe(case, *obligations)
            case Merged():
                self._let_go(case, *self._of_case.get(case, ()))
            case Released(obligations):
                self._let_go(case, *obligations)
            case Split(obligation):
                self._let_go(case, obligation)
            case Separated(merge, obligations):
                self.undoing.pop(merge, None)
                self._owe(case, *obligations)
            case UndoAsked(merge):
                self.undoing[merge] = case
            case Kept(merge):
                self.undoing.pop(merge, None)
            case Linked():
                self.links[case] = self.links.get(case, 0) + 1
            case Told(event_case) if event_case:
                self.told[case] = self.told.get(case, 0) + 1

    def _born(self, event: CaseEvent, birth: Birth) -> None:
        name = f"{event.case}#{event.sequence}"
        self.births.setdefault((birth.reporter.contact_id, birth.matter), []).append(name)
        self.closed.setdefault(event.case, False)
        self.waived += birth.obligation_state == "waived"
        if birth.obligation_state == "open":
            self._owe(event.case, birth.obligation)
            self.first_debt[event.case] = birth.obligation

    def _waive(self, case: str) -> None:
        for name in self._of_case.get(case, ()):
            if not self.debts[name].how:
                self.debts[name].how = "waived"
                self.waived += 1

    def _owe(self, case: str, *obligations: str) -> None:
        for name in filter(None, obligations):
            self.debts.setdefault(name, Debt(case))
            self._of_case.setdefault(case, {})[name] = None

    def _let_go(self, case: str, *obligations: str) -> None:
        """Another case owes them from now on; what was paid here stays."""
        for name in obligations:
            if name in self._of_case.get(case, ()) and not self.debts[name].how:
                del self.debts[name]
                del self._of_case[case][name]

    def _feed(self, record: FeedRecord) -> None:
        if record.order and record.step and self.orders.first(record.order, record.step, record.print):
            self.fed.setdefault(record.case, record.at)
