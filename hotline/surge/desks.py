"""What the departments with a feed decide from it. Pure: what happened to their orders becomes their next commands."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from hotline.surge.departments import answer_of, extension_of, plan_of, return_of
from hotline.surge.rounds import LATER_S, World
from shared.events.envelope import Envelope, encode
from shared.events.topics import Topics
from shared.ids import client_command_id
from shared.records import Record

WORK = frozenset(
    {"work_order.signed.v1", "work_order.sent_back.v1", "work_order.return_refused.v1", "case.arbitration_opened.v1"}
)
"""Feed records after which the order is the department's to work on."""
JUDGED = frozenset({"work_order.extended.v1", "work_order.extension_refused.v1"})
ENDS = frozenset({"work_order.done.v1", "work_order.withdrawn.v1", "work_order.returned.v1"})


class About(Struct, frozen=True):
    """What a department looks at in any record of its feed."""

    order: str = ""
    verb: str = ""
    reason: str = ""


class Reply(Struct, frozen=True):
    """A command that a department sends: verb, data, and its own id for it."""

    unit: str
    case: str
    verb: str
    data: dict[str, Any]
    own_id: str

    @property
    def command(self) -> str:
        """The command's id as dispatch derives it for a client."""
        return client_command_id(f"unit:{self.unit}", self.own_id)

    def record(self, topics: Topics, now: datetime) -> Record:
        """What the department puts into its answers topic."""
        envelope = Envelope(
            id=self.own_id,
            type=f"case.{self.verb}.v1",
            source=f"/units/{self.unit}",
            subject=self.case,
            time=now,
            actor=f"unit:{self.unit}",
            data=msgspec.Raw(msgspec.json.encode(self.data)),
        )
        return Record(topics.answers(self.unit), self.case.encode(), encode(envelope), (), 0)


class Desks:
    """What the departments decide from their feeds. Each feed record is looked at once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._steps: dict[str, int] = {}
        self._issued: dict[str, datetime] = {}
        self._working: set[str] = set()
        self._extended: set[str] = set()
        self._ended: set[str] = set()
        self._later: list[tuple[float, str, Reply]] = []
        self._about = msgspec.json.Decoder(About)

    def read(self, unit: str, event: Envelope, now: float) -> Reply | None:
        """The department's next command about the order, if the record calls for one. `now`: unix seconds."""
        about = self._about.decode(event.data)
        order = about.order
        if not order or event.ordersequence <= self._steps.get(order, 0):
            return None
        self._steps[order] = event.ordersequence
        if event.type in ENDS:
            self._ended.add(order)
        elif event.type == "work_order.issued.v1":
            return self._first(unit, event, order, now)
        elif event.type == "command.rejected.v1":
            return self._refused(unit, event, about, now)
        elif event.type in WORK:
            return self._work(unit, event, order)
        elif event.type in JUDGED:
            return self._reply(unit, event, order, "answer")
        return None

    def due(self, now: float) -> list[Reply]:
        """What was refused for the moment, and can be said again; each is given out once."""
        held = self._world.wall.to_link
        ready = [one for one in self._later if one[0] <= now and one[2].case not in held]
        self._later = [one for one in self._later if one[0] > now or one[2].case in held]
        return [reply for _, order, reply in ready if order not in self._ended]

    def _first(self, unit: str, event: Envelope, order: str, now: float) -> Reply | None:
        """What is about to be linked to an event case is left until it is."""
        self._issued[order] = event.time
        plan = plan_of(self._world, event.subject, order, event.time)
        if plan == "silent":
            return None
        reply = self._reply(unit, event, order, "ask_return" if plan == "return" else "sign")
        if event.subject not in self._world.wall.to_link:
            return reply
        self._later.append((now + LATER_S, order, reply))
        return None

    def _work(self, unit: str, event: Envelope, order: str) -> Reply:
        """Asks for more time once, where it wants some; else it answers."""
        self._working.add(order)
        wants = order not in self._extended and self._longer(order) is not None
        self._extended.add(order)
        return self._reply(unit, event, order, "ask_extension" if wants else "answer")

    def _refused(self, unit: str, event: Envelope, about: About, now: float) -> Reply | None:
        """No return: it signs. No more time: it answers. While the case is parked or being merged, it waits."""
        if about.verb == "ask_extension":
            return self._reply(unit, event, about.order, "answer")
        if about.order in self._working and about.verb != "answer":
            return None
        if about.verb == "ask_return":
            return self._reply(unit, event, about.order, "sign")
        if about.verb in ("sign", "answer"):
            self._later.append((now + LATER_S, about.order, self._reply(unit, event, about.order, about.verb)))
        return None

    def _longer(self, order: str) -> dict[str, Any] | None:
        issued = self._issued.get(order)
        return extension_of(self._world, order, issued) if issued else None

    def _reply(self, unit: str, event: Envelope, order: str, verb: str) -> Reply:
        own_id = f"{self._world.run}:{order}:{event.ordersequence}:{verb}"
        return Reply(unit, event.subject, verb, self._data(order, verb), own_id)

    def _data(self, order: str, verb: str) -> dict[str, Any]:
        match verb:
            case "ask_return":
                return return_of(order)
            case "ask_extension":
                return self._longer(order) or {}
            case "answer":
                return answer_of(order)
            case _:
                return {"order": order}
