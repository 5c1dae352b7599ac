"""What the documents of reports' database say: each row as the question that asked for it wants it."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from services.reports.domain.alerts import Opened
from services.reports.domain.case_facts import CaseFact
from services.reports.domain.daily import Urgent
from services.reports.domain.disputes import Dispute, in_order, lines_of
from services.reports.domain.marks import day_of
from services.reports.domain.people import callers_in, masked
from services.reports.domain.repeats import Asked
from services.reports.words import Text
from shared.clock import CHINA
from shared.documents import Document


class Days(NamedTuple):
    """Domain days from first to last, both included."""

    first: str
    last: str

    def span(self) -> tuple[datetime, datetime]:
        """The first moment, and the one after the last."""
        first, last = (datetime.fromisoformat(day).replace(tzinfo=CHINA) for day in self)
        return first, last + timedelta(days=1)


def fact_of(document: Document) -> CaseFact:
    return msgspec.convert(document["state"], CaseFact)


def shown_title(fact: CaseFact) -> str:
    return masked(fact.title, callers_in(fact.text))


def urgent_of(rows: Iterable[Document], day: str) -> list[Urgent]:
    """Cases that became P0 or P1 on the day and are so still, the gravest first."""
    facts = (fact_of(row) for row in rows)
    found = [_urgent(fact) for fact in facts if (since := fact.urgent_since()) and day_of(since) == day]
    return sorted(found, key=lambda case: (case.priority, case.number))


def _urgent(fact: CaseFact) -> Urgent:
    closed = fact.closed_at[-1] if fact.closed and fact.closed_at else None
    moments = (fact.registered_at, fact.dispatched_at, closed)
    times = [at.astimezone(CHINA).isoformat() if at else "" for at in moments]
    return Urgent(
        number=fact.number,
        priority=fact.priority,
        title=shown_title(fact),
        area=fact.area,
        state=fact.state(),
        registered_at=times[0],
        dispatched_at=times[1],
        closed_at=times[2],
    )


def disputes_in(rows: Iterable[Document], day: str) -> list[Dispute]:
    facts = [fact_of(row) for row in rows]
    span = Days(day, day).span()
    return in_order(
        line for fact in facts for line in lines_of(fact.disputes, fact.number, shown_title(fact), fact.area, span)
    )


def text_of(document: Document) -> Text:
    state = document["state"]
    return Text(document["_id"], state["number"], state["area"], state["title"], state["text"])


def asked_of(document: Document) -> Asked:
    state = document["state"]
    return Asked(state["caller"], state["topic"], document["opened"], bool(state["merged_into"]))


def opened_of(document: Document) -> Opened:
    state = document["state"]
    merged = bool(state["merged_into"])
    return Opened(
        number=state["number"],
        at=document["opened"],
        topic=state["topic"],
        area=state["area"],
        priority=state["priority"],
        repeats=len(state.get("attached_at", ())),
        open=not state["closed"] and not merged,
        merged=merged,
    )


def gap_of(document: Document) -> Document:
    gaps = [list(gap) for gap in document["state"]["gaps"]]
    return {"case": document["_id"], "number": document["state"]["number"], "gaps": gaps}


def add_up(groups: Iterable[Document]) -> tuple[Counter[str], int]:
    """Groups of equal days (`_id` the marks, `n` facts, `ms`) as counts by mark and milliseconds."""
    counts: Counter[str] = Counter()
    total = 0
    for group in groups:
        total += group["ms"]
        for mark in group["_id"]:
            counts[mark] += group["n"]
    return counts, total
