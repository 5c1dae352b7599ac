"""A small world for transfer: cases that go to partners, and processes that send them over the shipped fakes."""

import base64
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from services.transfer.composer import Composer
from services.transfer.domain.messages import TransferRequest
from services.transfer.domain.state import Received, Sent, Transfers
from services.transfer.domain.view import TransfersView
from services.transfer.handback import HandBacks
from services.transfer.handlers import CasesHandler
from services.transfer.outbox import Outbox
from services.transfer.people import People
from services.transfer.policy import load_transfer
from services.transfer.reception import Reception
from services.transfer.sender import Sender
from services.transfer.store import MemoryStore, read
from services.transfer.testing import FakePartners, Mood, PartnerMemory
from services.transfer.timers import Timers
from shared.calendars import load_calendar
from shared.events import cases as e
from shared.events.cases import CASES, TransferAsked
from shared.events.commands import COMMANDS, RecordTransfer, Reporter
from shared.events.contacts import SealedPerson
from shared.events.envelope import Envelope, decode, raw
from shared.events.topics import Topics, lane_of
from shared.ids import case_id, event_id
from shared.privacy import seal
from shared.producer import GroupedPublisher, OrderedPublisher
from shared.reader import CaseReader
from shared.records import Record, record_of
from shared.testing import FakeClock, MemoryLog, MemoryTable, MemoryTransport, Process
from tests.factories import START

POLICIES = Path(__file__).parents[3] / "policy"
POLICY = load_transfer(POLICIES / "130100")
CALENDAR = load_calendar(POLICIES / "130100")
CITY, PARTNER = "130100", "130200"
TOPICS = Topics(CITY)
KEY = base64.b64encode(b"k" * 32).decode()
REF_KEY = "r"
NUMBER = "+8613812341234"
PERSON = SealedPerson(caller_ref="r", masked="138****1234", sealed=seal(KEY, NUMBER))


def case_of(name: str) -> str:
    return case_id("normal", name, 1)


def event(case: str, sequence: int, data: Struct, at: datetime = START, *, cause: str = "") -> Record:
    envelope = Envelope(
        id=event_id(case, sequence), type=CASES.type_of(data), source="/dispatch", subject=case, time=at,
        sequence=sequence, causationid=cause, data=raw(data),
    )  # fmt: skip
    return record_of(TOPICS.cases(lane_of(case)), envelope)


def asked(transfer: str, **more: Any) -> TransferAsked:
    given: dict[str, Any] = {
        "target": PARTNER, "kind": "city", "number": "SJZ-20210113-000001", "title": "货车滞留", "text": "请协助",
        "request_type": "QZ", "topic": "", "area": "", "address": "", "priority": "P2", "reason": "外市卡口",
        "asked_action": "放行", "consent": True, "person": PERSON, **more,
    }  # fmt: skip
    return TransferAsked(transfer=transfer, **given)


def request(transfer: str = "transfer-1", **more: Any) -> TransferRequest:
    """What a partner asks of us."""
    given: dict[str, Any] = {
        "origin": PARTNER, "target": CITY, "path": (PARTNER,), "origin_case": "TS-20210113-000001",
        "asked_at": START, "request_type": "QZ", "priority": "P2", "title": "老人断药", "text": "请协助买药",
        "reason": "不属本地", "asked_action": "送药", "consent": True, "phone": NUMBER, **more,
    }  # fmt: skip
    return TransferRequest(transfer=transfer, **given)


def reporter() -> Reporter:
    return Reporter(contact_id="c", person=PERSON)


def life() -> list[Any]:
    """Events of a received case from its registration to its end."""
    registered = e.CaseRegistered(
        number="SJZ-2", matter=1, reporter=reporter(), title="t", text="t", request_type="QZ", topic="", area="",
        address="", priority="P2", obligation="o", obligation_state="open",
    )  # fmt: skip
    return [
        registered,
        e.CaseDispatched(rule="r", why="w", policy_version="v", units=("u",)),
        e.WorkOrderSigned(order="o1", unit="u"),
        e.WorkOrderAnswered(order="o1", unit="u", public_answer="已送达", internal="", solved=True),
        e.ReplyOwed(obligation="o", number="SJZ-2", reporter=reporter(), answer="已送达"),
        e.CaseClosed(reason="replied"),
    ]


class World:
    """What survives every crash: the documents, the log, the partners."""

    def __init__(self) -> None:
        self.table = MemoryTable()
        self.log = MemoryLog()
        self.partners = PartnerMemory()

    def state(self, case: str) -> Transfers:
        return read(self.table.rows[case])

    def sent(self, case: str, transfer: str) -> Sent:
        return self.state(case).sent[transfer]

    def received(self, case: str) -> Received:
        found = self.state(case).received
        assert found is not None
        return found

    def commands(self, lane: str = "normal") -> list[tuple[Envelope, Any]]:
        """Each command once; a repeat carries the same id."""
        envelopes = {one.id: one for one in (decode(s.value) for s in self.log.all(f"{CITY}.commands.{lane}"))}
        return [(one, COMMANDS.data(one)) for one in envelopes.values()]

    def steps(self, transfer: str) -> list[str]:
        data = [one for _, one in self.commands() if isinstance(one, RecordTransfer)]
        return [one.step for one in data if one.transfer == transfer]


class Serving:
    """One transfer process of the normal lane."""

    def __init__(
        self, world: World, process: Process | None = None, fails: float = 0.0, odds: dict[Mood, float] | None = None
    ) -> None:
        self.world = world
        self.process = process or Process()
        self.owns: set[int] = set(range(world.log.partitions))
        self.clock = FakeClock(process=self.process)
        self.partners = FakePartners(world.partners, self.process, odds)
        transport = MemoryTransport(world.log, self.process, fails)
        self.publisher = GroupedPublisher(OrderedPublisher(transport, self.clock))
        self.store = MemoryStore(world.table, self.process, fails)
        self.outbox = Outbox(TOPICS, self.clock)
        self.sender = Sender(
            "normal", self.store, self.partners, self.publisher, self.clock, composer=Composer(CITY, KEY),
            outbox=self.outbox, waits=POLICY.waits, owned=lambda: self.owns,
        )  # fmt: skip
        view = TransfersView(POLICY.deadlines(CALENDAR), POLICY.progress)
        reader = CaseReader[Transfers](view, self.store.cases, self.publisher, TOPICS.dead_letters)
        self.handler = CasesHandler(reader, self.publisher, TOPICS.dead_letters)
        self.handler.sender = self.sender
        self.backs = HandBacks(self.store, self.publisher, self.clock, self.outbox)
        self.reception = Reception(
            CITY, self.store, self.publisher, self.clock, self.outbox, backs=self.backs, seal_key=KEY, ref_key=REF_KEY
        )
        self.people = People(self.store, self.backs, self.partners, POLICY)
        self.timers = Timers(
            "normal", self.store, self.publisher, self.clock, outbox=self.outbox, horizons=self._horizons
        )

    async def _horizons(self) -> dict[int, float]:
        return dict.fromkeys(self.owns, self.clock.real())

    def start(self, workers: int = 3) -> "Serving":
        for _ in range(workers):
            self.process.spawn(self.sender.work())
        return self

    async def read(self, *records: Record) -> None:
        """A batch of `cases`, as the log would bring it."""
        for record in records:
            self.world.log.produce(record)
        keys = {(record.key, record.value) for record in records}
        topics = {record.topic for record in records}
        stored = [s for topic in topics for s in self.world.log.all(topic) if (s.key, s.value) in keys]
        await self.handler.handle(stored)

    async def received(self) -> str:
        """A partner's transfer is taken; the id of its case."""
        known = set(self.world.table.rows)
        await self.reception.take(PARTNER, request(), "")
        (case,) = set(self.world.table.rows) - known
        return str(case)

    async def after(self, seconds: float) -> None:
        """Finish what is under way, let time pass, look once, and finish what that found."""
        await self.sender.idle()
        self.clock.forward(seconds=seconds)
        await self.sender.scan()
        await self.sender.idle()
