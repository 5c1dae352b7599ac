"""Commands and rules for tests, as few words as possible."""

from datetime import datetime, timedelta

from msgspec import Struct

from services.dispatch.domain.context import Context, Extensions, Routing, Rules
from services.dispatch.domain.fold import Commanded
from services.dispatch.domain.situation import Situation
from shared.clock import CHINA
from shared.events import commands as c
from shared.events.contacts import SealedPerson
from shared.events.envelope import Envelope, raw
from shared.ids import case_id, derive

START = datetime(2021, 1, 13, 4, 0, tzinfo=CHINA)
LEAD, SECOND, THIRD = "130100-02-001", "130100-02-002", "130100-02-003"
LOWER, LOWEST = "130100-05-001", "130100-05-002"
"""LEAD hands work down to LOWER, LOWER to LOWEST."""
UNITS = frozenset({LEAD, SECOND, THIRD, LOWER, LOWEST})


def route(matter: Situation) -> Routing:
    """`routed` in the text: to LEAD; `both`: also to SECOND; else a dispatcher decides."""
    lead = LEAD if "routed" in matter.text or "both" in matter.text else ""
    supporting = (SECOND,) if "both" in matter.text else ()
    priority = matter.priority or "P2"
    return Routing(priority=priority, rule="test", why="text", lead=lead, supporting=supporting)


def due(start: datetime, period: str) -> datetime:
    """Working days are natural days here; what is no number of those or of minutes is a day too."""
    if period.endswith("m"):
        return start + timedelta(minutes=int(period.removesuffix("m")))
    return start + timedelta(days=int(period.removesuffix("wd")) if period.endswith("wd") else 1)


RULES = Rules(
    version="test",
    units=UNITS,
    max_returns=2,
    return_within="1wd",
    return_within_urgent="15m",
    parents={LOWER: LEAD, LOWEST: LOWER},
    return_reasons={"not_ours": False, "wrong_area": True},
    extensions=Extensions(times=3, each="3wd", total="7wd", ask_before="1wd"),
    quorum=1,
    child_share=0.8,
    park_days=180,
    appeal_within="15wd",
    follow_up=frozenset({"QZ"}),
    due=due,
    route=route,
    resolve=lambda start, *about: start + timedelta(days=5),
)


def person(name: str) -> SealedPerson:
    """A caller who can be reached; an empty name left no contact."""
    return SealedPerson(caller_ref=name, masked=f"{name}**", sealed=f"k1.{name}") if name else SealedPerson()


def reporter(contact: str, name: str = "wang") -> c.Reporter:
    return c.Reporter(contact_id=contact, person=person(name))


def register(contact: str = "c1", text: str = "routed", **more: object) -> c.Register:
    given = {"matter": 1, "title": "title", "text": text, "reporter": reporter(contact), **more}
    return c.Register(**given)  # type: ignore[arg-type]


def case_of(contact: str = "c1", matter: int = 1) -> str:
    return case_id("normal", contact, matter)


def order_of(case: str, unit: str = LEAD, cycle: int = 1, returns: int = 0) -> str:
    return derive("order", case, unit, cycle, returns)


def envelope(
    case: str, data: Struct, own_id: str, *, actor: str = "service:test", digest: str = "", at: datetime = START
) -> Envelope:
    return Envelope(
        id=derive("test", own_id),
        type=c.COMMANDS.type_of(data),
        source="/test",
        subject=case,
        time=at,
        actor=actor,
        digest=digest,
        traceparent=f"00-{'1' * 32}-{'2' * 16}-01",
        data=raw(data),
    )


def commanded(case: str, data: Struct, own_id: str, **more: object) -> Commanded:
    made = envelope(case, data, own_id, **more)  # type: ignore[arg-type]
    return Commanded(envelope=made, data=data)


def context(**more: object) -> Context:
    given = {"at": START, "now": START, "actor": "service:test", "rules": RULES, "number": "SJZ-1", **more}
    return Context(**given)  # type: ignore[arg-type]
