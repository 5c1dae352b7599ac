"""Topics `dept.<unit>`: one department's work orders, in order. Only dispatch writes; key: case id.

A record repeats a case's event about one of the unit's orders, with `ordersequence`; the issue of an order
carries the matter itself (`OrderMatter`), everything else the event's own model. What the unit should know besides has
`ordersequence` 0: the case was parked, resumed, regraded or supplemented; or a unit below it did something.
"""

from datetime import datetime

from msgspec import Struct

from shared.events.cases import CASES, UnitRole
from shared.events.commands import Priority, RequestType
from shared.events.envelope import Registry


class OrderMatter(Struct, frozen=True, kw_only=True):
    """What a unit needs to act; the reporter appears masked, and not at all where he reports misconduct.

    `due`: until when it is to be resolved, as policy says at its issue; `parent`, `instruction`: of an order that a
    higher unit handed down.
    """

    order: str
    unit: str
    role: UnitRole
    number: str
    title: str
    text: str
    request_type: RequestType
    topic: str
    area: str
    address: str
    priority: Priority
    reporter: str
    parent: str = ""
    due: datetime | None = None
    instruction: str = ""


FEEDS = Registry(CASES.models | {"work_order.issued.v1": OrderMatter})
