"""The calls of a round: who calls, with which matter, and the events the telephone system sends about it."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from msgspec import Struct

from hotline.surge.messages import Message
from hotline.surge.mix import Chance, Mix

Kind = Literal["ivr", "desk", "dispatched", "again", "event", "neighbour"]
PREFIXES = (131, 132, 135, 136, 137, 138, 139, 150, 151, 152, 155, 156, 158, 159, 177, 180, 186, 187, 188, 189)
"""Numbers of the Chinese numbering plan's mobile range; followed by any eight digits they are valid."""
_STEP = 479_001_599
SEATS = 160
"""The article's hall has more than 160 seats."""


class Call(Struct, frozen=True, kw_only=True):
    """One call; `caller` is empty where no number is left, `case` is set where it is about an open case."""

    id: str
    index: int
    kind: Kind
    caller: str
    message: Message
    case: str = ""
    urgent: bool = False

    def opening(self) -> list[dict[str, Any]]:
        """Events up to the agent's greeting, or the whole call where the IVR serves it."""
        events = [self._event(1, "offered", caller=self.caller)]
        for menu, key in self._keys():
            events.append(self._event(len(events) + 1, "key", menu=menu, key=key))
        if self.kind == "ivr":
            return [*events, self._event(len(events) + 1, "ended", by="ivr", served=True)]
        return [*events, self._event(3, "answered", agent=self.agent, wait_s=float(self.index % 15))]

    @property
    def key(self) -> str:
        """The key that brought the caller to a person (ivr.yaml)."""
        return "9" if self.urgent else "3"

    def _keys(self) -> list[tuple[str, str]]:
        """Menu and key: a policy text, a district's number, or a person (ivr.yaml)."""
        if self.kind != "ivr":
            return [("main", self.key)]
        if self.index % 2:
            return [("main", "1"), ("policy", str(self.index % 5 + 1))]
        return [("main", "2"), ("districts", f"{self.index % 23 + 1:02d}")]

    def closing(self) -> list[dict[str, Any]]:
        """Events after the agent is done."""
        return [] if self.kind == "ivr" else [self._event(4, "ended", by="agent", served=True)]

    @property
    def agent(self) -> str:
        return f"a{self.index % SEATS + 1:03d}"

    def _event(self, number: int, kind: str, **fields: Any) -> dict[str, Any]:
        given = {name: value for name, value in fields.items() if value != ""}
        return {"call_id": self.id, "number": number, "type": kind, **given}


class Round(Struct, frozen=True):
    """All calls of one run, made from its seed; `name` keeps the ids of several rounds apart.

    `count` calls, those that follow from a first one included, and among them `events` callers about one cause.
    """

    name: str
    count: int
    events: int
    mix: Mix
    chance: Chance
    messages: Sequence[Message]

    def calls(self) -> Iterator[Call]:
        """The first calls, and evenly between them those about the cause."""
        made = index = told = 0
        while made < self.count:
            first = self.call(index)
            yield first
            made, index = made + 1 + self._followers(first), index + 1
            due = self.events * min(made, self.count) // self.count
            yield from map(self.event, range(told, due))
            told = due

    def event(self, nth: int) -> Call:
        """The nth call about the cause."""
        index, cause = self.count + nth, self.mix.event_case
        return Call(
            id=f"{self.name}-event-{nth}",
            index=index,
            kind="event",
            caller=self._caller(index),
            message=Message(title=cause.title, text=cause.text),
        )

    def call(self, index: int) -> Call:
        kind = self._kind(index)
        unknown = kind == "dispatched" and self.chance.yes(self.mix.anonymous, "anonymous", index)
        return Call(
            id=f"{self.name}-{index}",
            index=index,
            kind=kind,
            caller="" if unknown else self._caller(index),
            message=self.messages[self.chance.pick(len(self.messages), "message", index)],
            urgent=kind == "dispatched" and self.chance.yes(self.mix.urgent, "urgent", index),
        )

    def again(self, first: Call, case: str) -> Call | None:
        """The same caller's second call about his case, for one in ten."""
        if not self._calls_again(first):
            return None
        return Call(
            id=f"{first.id}-again",
            index=first.index,
            kind="again",
            caller=first.caller if first.index % 2 else self.number(self._all + first.index),
            message=first.message,
            case=case,
        )

    def neighbour(self, first: Call) -> Call | None:
        """Somebody else's call about the same matter, who does not know that it was reported."""
        if not self._neighbour_calls(first):
            return None
        return Call(
            id=f"{first.id}-neighbour",
            index=first.index,
            kind="neighbour",
            caller=self.number(2 * self._all + first.index),
            message=first.message,
        )

    def _calls_again(self, first: Call) -> bool:
        known = first.kind in ("dispatched", "event") and bool(first.caller)
        return known and self.chance.yes(self.mix.calls_again, "again", first.index)

    def _neighbour_calls(self, first: Call) -> bool:
        return first.kind == "dispatched" and self.chance.yes(self.mix.merges.neighbours, "neighbour", first.index)

    def _followers(self, first: Call) -> int:
        return self._calls_again(first) + self._neighbour_calls(first)

    @property
    def _all(self) -> int:
        return self.count + self.events

    def _caller(self, index: int) -> str:
        return self.fixed_line(index) if self.chance.yes(self.mix.fixed_lines, "fixed", index) else self.number(index)

    def fixed_line(self, index: int) -> str:
        """A valid number of Shijiazhuang's network; no two indexes of a round share one."""
        space = 7 * 10**7
        return f"0311{2 * 10**7 + (self.chance.pick(space, 'lines', self.name) + index * _STEP) % space}"

    def number(self, index: int) -> str:
        """A valid mobile number; no two indexes of a round share one."""
        space = len(PREFIXES) * 10**8
        start = self.chance.pick(space, "numbers", self.name)
        prefix, rest = divmod((start + index * _STEP) % space, 10**8)
        return f"{PREFIXES[prefix]}{rest:08d}"

    def _kind(self, index: int) -> Kind:
        drawn, shares = self.chance.draw("kind", index), self.mix.first_calls
        if drawn < shares.ivr:
            return "ivr"
        return "desk" if drawn < shares.ivr + shares.desk else "dispatched"
