"""Commands with whatever values their types allow, through dispatch's door: bytes in, events and a document out."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import bson
import msgspec
from msgspec import Struct, inspect

from services.dispatch.domain.fold import Commanded, Entry, Folder
from services.dispatch.store import read_case, write_of
from shared.events import commands as c
from shared.events.envelope import MAX_BYTES, Envelope, Unreadable, decode, encode
from shared.moves import BY_VERB
from tests.factories import LEAD, envelope
from tests.unit.dispatch.machine import UNITS, Choose, Step, Walk
from tests.unit.sla.both import COUNTED
from tests.unit.sla.world import CASES, TOPICS

ZONES = ("+08:00", "Z", "+14:00", "-12:00", "")
YEARS = ("0001-01-01", "0021-01-15", "2003-12-31", "2100-01-01", "9999-12-31")
NEAR = tuple(timedelta(hours=hours) for hours in (0, 1, -1, 72, -72, 7_200, -7_200, 9_600))
PLAIN = ("", "x", "none", "not_ours", "wrong_area", "{number}", "N-other", "110000", "120")
ODD = ("\x00", "\U0010ffff", "\u202e$a.b")
SMALL, HUGE = (0, 1, 2, -1, 1_000), (2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**30)
FLOATS = (0.0, 0.2, 1.0, -1.0, 1e308, -1e308, 5e-324)
LONG = 90_000
"""Characters where a type sets no bound; three of them are too many for a record."""
CARRIED = frozenset({"register", "attach"})
"""Sent by a service, in a caller's words."""
NAMES = {"unit": UNITS, "lead": UNITS, "proposed_unit": UNITS}


class Hostile(Walk):
    """A walk whose commands pass the door. People say anything; a service of ours may only name what is not there."""

    def __init__(self, choose: Choose) -> None:
        super().__init__(choose, COUNTED)
        self._folder = Folder(TOPICS, frozenset({LEAD}))
        self._odd = True
        self.sent = 0
        self.told: list[Envelope] = []

    def do(self, command: Struct) -> Step | None:
        self._send(command, self._context(command, self.case.order(getattr(command, "order", ""))).actor)
        return None

    def anything(self, verb: str) -> None:
        """From somebody whom the door lets in."""
        role = self.of(sorted(BY_VERB[verb].roles))
        self._odd = role != "service" or verb in CARRIED
        command = self._filled(c.VERBS[verb])
        named = self.case.order(getattr(command, "order", ""))
        unit = named.unit if named and self.often() else self.of(UNITS)
        self._send(command, f"unit:{unit}" if role == "unit" else f"{role}:somebody")

    def _send(self, command: Struct, actor: str) -> None:
        """What is unreadable or too large stays at the door; all else is folded and written."""
        self.sent += 1
        value = encode(envelope(self.case.id, command, str(self.sent), actor=actor, at=self.now))
        try:
            commanded = Commanded(envelope=decode(value), data=c.COMMANDS.data(decode(value)))
        except Unreadable:
            return
        given = msgspec.structs.replace(self._context(commanded.data, None), actor=actor)
        if len(value) <= MAX_BYTES:
            self._written(self._folder.fold(self.case, commanded, given))

    def _written(self, entries: Sequence[Entry]) -> None:
        """What was written is the case."""
        self.told += [decode(entry.value) for entry in entries if entry.topic == CASES]
        write = write_of(self.case, 0, "contact", entries)
        assert read_case(bson.decode(bson.encode({**write.set, **write.push}))) == self.case

    def _filled(self, model: type[Struct]) -> Struct:
        """What the type itself refuses is drawn again."""
        while True:
            fields = [one for one in msgspec.structs.fields(model) if one.required or self.often()]
            try:
                return msgspec.convert({one.name: self._field(one) for one in fields}, model)
            except msgspec.ValidationError:
                continue

    def _field(self, field: Any) -> Any:
        """Where it names something, mostly what there is."""
        known = self._known(field.name)
        return self.of(known) if known and self.often() else self._value(inspect.type_info(field.type))

    def _known(self, name: str) -> Sequence[Any]:
        case, related = self.case, self.case.related
        asked = [related.merge.id] if related.merge else []
        things: dict[str, Sequence[Any]] = {
            "order": case.orders, "obligation": case.debts, "transfer": case.transfers,
            "supervision": case.supervisions,
        }  # fmt: skip
        names: dict[str, Sequence[Any]] = {
            **NAMES,
            "contact_id": [one.reporter.contact_id for one in case.debts],
            "merge": [*related.absorbed, *asked],
            "case": [*related.leaving],
            "event_case": [related.link.event_case] if related.link else [],
            "link": [related.link.number] if related.link else [],
        }
        return [one.id for one in things[name]] if name in things else names.get(name, ())

    def _value(self, kind: Any) -> Any:
        return _DRAW[type(kind)](self, kind)

    def text(self, kind: inspect.StrType) -> str:
        least, most = kind.min_length or 0, LONG if kind.max_length is None else kind.max_length
        known: list[str] = [*PLAIN, *UNITS, self.case.id, *((*ODD, "字" * most) if self._odd else ())]
        return self.of([one for one in known if least <= len(one) <= most])

    def moment(self, kind: inspect.DateTimeType) -> datetime | str:
        odd = self._odd and self.of((True, False))
        return f"{self.of(YEARS)}T23:59:59{self.of(ZONES)}" if odd else self.now + self.of(NEAR)

    def one_of(self, kind: inspect.UnionType) -> Any:
        """Mostly something; nothing is the last of what a type names."""
        return self._value(self.of(kind.types[:-1] if self.often() else kind.types))

    def integer(self, kind: inspect.IntType) -> int:
        """What the doors count themselves is written without bounds."""
        return self.of(SMALL if kind.ge is None else SMALL + HUGE)


_DRAW: dict[type, Callable[[Hostile, Any], Any]] = {
    inspect.StrType: Hostile.text,
    inspect.DateTimeType: Hostile.moment,
    inspect.IntType: Hostile.integer,
    inspect.FloatType: lambda walk, kind: walk.of(FLOATS),
    inspect.BoolType: lambda walk, kind: walk.often(),
    inspect.NoneType: lambda walk, kind: None,
    inspect.LiteralType: lambda walk, kind: walk.of(kind.values),
    inspect.UnionType: Hostile.one_of,
    inspect.StructType: lambda walk, kind: walk._filled(kind.cls),
    inspect.VarTupleType: lambda walk, kind: [walk._value(kind.item_type) for _ in range(walk.of((0, 1, 2, 5)))],
}
