"""A small world for sla: events of cases, and processes whose timers fire over the shipped fakes."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from services.sla.domain.clocks import Clocks, Running
from services.sla.domain.ladder import Ladder
from services.sla.domain.schedule import Schedule
from services.sla.domain.view import ClocksView
from services.sla.notices import MemoryNotices
from services.sla.policy import load_schedule
from services.sla.store import MemoryStore
from services.sla.timers import Timers
from shared.calendars import CalendarFile
from shared.clock import CHINA
from shared.deadlines import Deadlines, Limit, Pauses, Profiles, make_rulebook
from shared.events import cases as e
from shared.events.commands import COMMANDS, Clock, Priority, RequestType, Warn, verb_of
from shared.events.envelope import Envelope, decode, raw
from shared.events.topics import Topics
from shared.ids import case_id, event_id
from shared.producer import OrderedPublisher
from shared.reader import CaseReader
from shared.records import Record, record_of
from shared.testing import FakeClock, MemoryLog, MemoryTable, MemoryTransport, Process
from tests.factories import LEAD, reporter

POLICY = Path(__file__).parents[3] / "policy" / "130100"
TOPICS = Topics("130100")
CASES, COMMANDS_TOPIC = TOPICS.cases("normal"), TOPICS.commands("normal")
SCHEDULE = load_schedule(POLICY)
VIEW = ClocksView(SCHEDULE)
PLAIN = Schedule(
    make_rulebook(
        Deadlines(
            version="plain",
            appeal_within="15wd",
            warn_left=(0.2,),
            pauses=Pauses(),
            limits=(Limit(id="all", sign="10m", resolve="2h"),),
        ),
        Profiles(version="plain", profiles=()),
        CalendarFile(version="plain", intervals=((time(8, 30), time(17, 30)),)),
    ),
    Ladder(version="plain", ladders=(), digest_every="15m"),
)
"""Sign in 10 minutes (warned after 8), resolve in 120 (warned after 96), and nothing else."""
WEDNESDAY = datetime(2021, 1, 13, 10, 0, tzinfo=CHINA)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def days(count: int) -> datetime:
    """The end of the nth working day after Wednesday the 13th, in that week and the next."""
    return datetime(2021, 1, {1: 14, 2: 15, 3: 18, 4: 19, 5: 20, 7: 22, 10: 27}[count], 17, 30, tzinfo=CHINA)


def case_of(name: str) -> str:
    return case_id("normal", name, 1)


def event(case: str, sequence: int, at: datetime, data: Struct) -> Envelope:
    return Envelope(
        id=event_id(case, sequence), type=e.CASES.type_of(data), source="/dispatch", subject=case, time=at,
        sequence=sequence, data=raw(data),
    )  # fmt: skip


def registered(priority: Priority = "P2", state: str = "open", topic: str = "") -> e.CaseRegistered:
    return e.CaseRegistered(
        number="SJZ-1", matter=1, reporter=reporter("c1"), title="t", text="t", request_type="QZ", topic=topic,
        area="", address="", priority=priority, obligation="ob", obligation_state=state,  # type: ignore[arg-type]
    )  # fmt: skip


def issued(order: str, priority: Priority = "P2", request_type: RequestType = "QZ") -> e.WorkOrderIssued:
    return e.WorkOrderIssued(
        order=order, unit=LEAD, role="lead", cycle=1, returns=0, priority=priority, request_type=request_type
    )


def signed(order: str) -> e.WorkOrderSigned:
    return e.WorkOrderSigned(order=order, unit=LEAD)


def answered(order: str) -> e.WorkOrderAnswered:
    return e.WorkOrderAnswered(order=order, unit=LEAD, public_answer="已办", internal="", solved=True)


def sent_back(order: str) -> e.WorkOrderSentBack:
    return e.WorkOrderSentBack(order=order, unit=LEAD, reason="没有说明原因")


def folded(*events: tuple[datetime, Struct]) -> Clocks:
    """The clocks of one case after these events."""
    state: Clocks | None = None
    for sequence, (at, data) in enumerate(events, 1):
        state = VIEW.fold(state, event(case_of("a"), sequence, at, data), data)
    assert state is not None
    return state


def clock_of(state: Clocks, clock: Clock, order: str = "o") -> Running:
    return state.order(order).clocks[clock]


class Told(NamedTuple):
    """A command in few words; `rung`: the share left of a warning, or the step of an escalation."""

    id: str
    verb: str
    clock: str
    order: str
    rung: str
    due: datetime | None


class World:
    """What survives every crash: the documents and the log."""

    def __init__(self) -> None:
        self.table, self.log, self.notices = MemoryTable(), MemoryLog(), MemoryNotices()

    def told(self) -> list[Told]:
        """Every command in the log."""
        return [told_of(decode(stored.value)) for stored in self.log.all(COMMANDS_TOPIC)]

    def clocks(self, case: str) -> Clocks:
        return msgspec.convert(self.table.rows[case]["state"], Clocks)


def told_of(command: Envelope) -> Told:
    data = COMMANDS.data(command)
    rung = getattr(data, "step", "") or (f"{data.left:g}" if isinstance(data, Warn) else "")
    return Told(
        command.id,
        verb_of(command.type),
        getattr(data, "clock", ""),
        getattr(data, "order", ""),
        rung,
        getattr(data, "due", None),
    )


class Watching:
    """One sla process of the normal lane. `known`: owned partition → moment up to which its events are known."""

    def __init__(
        self, world: World, start: datetime, process: Process | None = None, fails: float = 0.0, *,
        schedule: Schedule = SCHEDULE,
    ) -> None:  # fmt: skip
        self.world = world
        self.process = process or Process()
        self.clock = FakeClock(start, self.process)
        self.known: dict[int, datetime | None] = dict.fromkeys(range(world.log.partitions))
        publisher = OrderedPublisher(MemoryTransport(world.log, self.process, fails), self.clock)
        store = MemoryStore(world.table, self.process, fails)
        self.reader = CaseReader[Clocks](ClocksView(schedule), store.cases, publisher, TOPICS.dead_letters)
        self.timers = Timers(
            "normal", store, publisher, self.clock,
            topics=TOPICS, horizons=self._horizons, schedule=schedule, notices=world.notices,
        )  # fmt: skip

    async def _horizons(self) -> dict[int, float]:
        return {number: at.timestamp() if at else 0.0 for number, at in self.known.items()}

    async def read(self, *events: Envelope) -> None:
        """A batch of `cases`, as the log would bring it."""
        before = len(self.world.log.all(CASES))
        records: Sequence[Record] = [record_of(CASES, one) for one in events]
        for record in records:
            self.world.log.produce(record._replace(partition=0))
        await self.reader.handle(self.world.log.all(CASES)[before:])

    async def fire(self, until: datetime) -> list[str]:
        """Fire with everything known up to this moment; returns `rung-clock` of what was told, in order."""
        before = len(self.world.told())
        self.known = dict.fromkeys(self.known, until)
        await self.timers.fire()
        return [f"{one.verb}-{one.clock}".strip("-") for one in self.world.told()[before:]]
