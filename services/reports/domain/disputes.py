"""What goes to and fro or is supervised (疑难、推诿、督办): facts of a case, and the report's lines made of them."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from shared.clock import CHINA
from shared.events import cases as e

Kind = Literal["return", "arbitration", "supervision"]
Step = Literal["asked", "open", "issued", "answered", "over"]


class DisputeFact(Struct, kw_only=True):
    """`unit`: whose it is now, empty while nobody's; `document`: a supervision's number; `due`: of its answer."""

    kind: Kind
    unit: str
    since: datetime
    step: Step
    document: str = ""
    due: datetime | None = None


class Disputes(Struct, kw_only=True):
    """Of one case, by what they are about: `return <order>`, `arbitration <order>`, a supervision's id."""

    by_id: dict[str, DisputeFact] = field(default_factory=dict)

    def open(self) -> bool:
        """Whether any waits for somebody."""
        return any(one.step != "over" for one in self.by_id.values())

    def end(self, name: str) -> None:
        if one := self.by_id.get(name):
            one.step = "over"


class Dispute(Struct, frozen=True, kw_only=True):
    """One line of the report; times are ISO 8601 with zone, `due` is empty where there is none."""

    number: str
    title: str
    area: str
    kind: Kind
    document: str
    unit: str
    since: str
    due: str
    step: Step


def lines_of(disputes: Disputes, number: str, title: str, area: str, day: tuple[datetime, datetime]) -> list[Dispute]:
    """What waits since before the day's end, and what began on the day; `title` is shown as it is."""
    first, end = day
    found = [one for one in disputes.by_id.values() if one.since < end and (one.step != "over" or one.since >= first)]
    return [
        Dispute(
            number=number, title=title, area=area, kind=one.kind, document=one.document, unit=one.unit,
            since=_iso(one.since), due=_iso(one.due) if one.due else "", step=one.step,
        )
        for one in found
    ]  # fmt: skip


def _iso(at: datetime) -> str:
    return at.astimezone(CHINA).isoformat()


def _return_asked(found: Disputes, data: e.WorkOrderReturnAsked, at: datetime) -> None:
    found.by_id[f"return {data.order}"] = DisputeFact(kind="return", unit=data.unit, since=at, step="asked")


def _judged(found: Disputes, data: Any, at: datetime) -> None:
    found.end(f"return {data.order}")


def _withdrawn(found: Disputes, data: e.WorkOrderWithdrawn, at: datetime) -> None:
    found.end(f"return {data.order}")
    found.end(f"arbitration {data.order}")


def _arbitration(found: Disputes, data: e.CaseArbitrationOpened, at: datetime) -> None:
    found.end(f"return {data.order}")
    found.by_id[f"arbitration {data.order}"] = DisputeFact(kind="arbitration", unit=data.unit, since=at, step="open")


def _ruled(found: Disputes, data: e.CaseArbitrated, at: datetime) -> None:
    one = found.by_id.get(f"arbitration {data.order}")
    if one is not None:
        one.step, one.unit = "over", data.unit


def _supervised(found: Disputes, data: e.SupervisionOpened, at: datetime) -> None:
    found.by_id[data.supervision] = DisputeFact(
        kind="supervision", unit=data.unit, since=at, step="issued", document=data.number, due=data.due
    )


def _reported(found: Disputes, data: e.SupervisionAnswered, at: datetime) -> None:
    if one := found.by_id.get(data.supervision):
        one.step, one.unit = "answered", data.unit


def _sent_back(found: Disputes, data: e.SupervisionSentBack, at: datetime) -> None:
    if one := found.by_id.get(data.supervision):
        one.step = "issued"


def _accepted(found: Disputes, data: e.SupervisionClosed, at: datetime) -> None:
    found.end(data.supervision)


def _case_over(found: Disputes, data: Any, at: datetime) -> None:
    """Nobody judges an order of a case that ended; a document is closed by itself."""
    for name, one in found.by_id.items():
        if one.kind != "supervision":
            found.end(name)


APPLY: dict[type[Struct], Callable[[Disputes, Any, datetime], None]] = {
    e.WorkOrderReturnAsked: _return_asked,
    e.WorkOrderReturned: _judged,
    e.WorkOrderReturnRefused: _judged,
    e.WorkOrderWithdrawn: _withdrawn,
    e.CaseArbitrationOpened: _arbitration,
    e.CaseArbitrated: _ruled,
    e.SupervisionOpened: _supervised,
    e.SupervisionAnswered: _reported,
    e.SupervisionSentBack: _sent_back,
    e.SupervisionClosed: _accepted,
    e.CaseClosed: _case_over,
    e.CaseMerged: _case_over,
}
"""(disputes, event's data, time): keeps what the event says. The events are counted apart from this."""


def in_order(found: Iterator[Dispute]) -> list[Dispute]:
    """Supervised ones first, then by age."""
    rank: tuple[Kind, ...] = ("supervision", "arbitration", "return")
    return sorted(found, key=lambda one: (rank.index(one.kind), one.since, one.number, one.document))
