"""One message of each kind that a department needs first, made from the code's own types."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from shared.clock import CHINA
from shared.events.commands import COMMANDS, Answer, Sign
from shared.events.envelope import Envelope, encode, raw
from shared.events.feeds import FEEDS, OrderMatter
from shared.ids import case_id, caused_command_id, contact_id, derive, event_id

UNIT = "130100-02-001"
AT = datetime(2021, 1, 13, 4, 0, tzinfo=CHINA)
CASE = case_id("normal", contact_id("service:pbx", "phone", "c-1"), 1)
ORDER = derive("order", CASE, 1)
ISSUED = OrderMatter(
    order=ORDER, unit=UNIT, role="lead", number="SJZ-20210113-000001", title="小区封闭，老人需要买药",
    text="来电人称小区已封闭，家中老人的降压药只够两天。", request_type="QZ", topic="0105", area="130102",
    address="长安区某小区3号楼", priority="P1", reporter="138****0000", due=AT + timedelta(days=1),
)  # fmt: skip
_EMPTY = ("", 0, None)


def examples(channel: str, kind: str) -> list[dict[str, Any]]:
    """What AsyncAPI wants to see as `examples` of a message; mostly nothing."""
    return [
        {"name": name, "summary": says, "payload": payload}
        for of, name, says, payload in _all()
        if (of, payload["type"]) == (channel, kind)
    ]


def _all() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    yield "feed", "issued", "Dispatch gives out an order; `data.order` and `subject` go into each answer.", _issued()
    yield "answers", "sign", "The unit takes the order.", _answer("a-0001", Sign(order=ORDER))
    done = Answer(order=ORDER, public_answer="药品已送到家门口。", internal="社区志愿者代购。")
    yield "answers", "answer", "The unit has done it; `internal` stays inside.", _answer("a-0002", done)


def _issued() -> dict[str, Any]:
    """As dispatch writes it, with every field."""
    cause = caused_command_id(CASE, "register", CASE)
    written = Envelope(
        id=event_id(CASE, 2), type=FEEDS.type_of(ISSUED), source="/dispatch", subject=CASE, time=AT, sequence=2,
        ordersequence=1, causationid=cause, actor="agent:a001", data=raw(ISSUED),
    )  # fmt: skip
    return _plain(written)


def _answer(identity: str, data: Struct) -> dict[str, Any]:
    """As a department may send it: without what is made here and what has a default."""
    kind, source = COMMANDS.type_of(data), f"/units/{UNIT}"
    return _lean(_plain(Envelope(id=identity, type=kind, source=source, subject=CASE, time=AT, data=raw(data))))


def _lean(body: dict[str, Any]) -> dict[str, Any]:
    return {key: _lean(one) if isinstance(one, dict) else one for key, one in body.items() if one not in _EMPTY}


def _plain(envelope: Envelope) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(encode(envelope))
    return found
