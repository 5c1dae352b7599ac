"""A small world for notify: cases that owe replies, and processes that pay them over the shipped fakes."""

import base64
from pathlib import Path

from msgspec import Struct

from services.notify.domain.debts import Debt
from services.notify.handlers import OwedHandler
from services.notify.outbox import Outbox
from services.notify.payer import Payer
from services.notify.policy import Messages, load_messages
from services.notify.store import MemoryStore, read_debts
from services.notify.testing import FakeGateway, GatewayMemory, Mood
from shared.events.cases import CASES, CaseWithdrawn, CommandRejected, NoticeDue, ReplyOwed, ReplySettled
from shared.events.commands import COMMANDS, Reporter, SettleReply
from shared.events.contacts import SealedPerson
from shared.events.envelope import Envelope, decode, raw
from shared.events.topics import Topics
from shared.ids import case_id, event_id
from shared.privacy import seal
from shared.producer import GroupedPublisher, OrderedPublisher
from shared.records import Record, record_of
from shared.testing import FakeClock, MemoryLog, MemoryTable, MemoryTransport, Process
from tests.factories import START

POLICY = Path(__file__).parents[3] / "policy" / "130100"
TOPICS = Topics("130100")
KEY = base64.b64encode(b"k" * 32).decode()
NUMBER = "+8613812341234"
FORGETFUL = load_messages(POLICY)
REMEMBERING = FORGETFUL.model_copy(update={"gateway_remembers": True})
CASES_TOPIC, COMMANDS_TOPIC = TOPICS.cases("normal"), TOPICS.commands("normal")


def case_of(name: str) -> str:
    return case_id("normal", name, 1)


def _event(case: str, sequence: int, data: Struct, cause: str = "") -> Record:
    envelope = Envelope(
        id=event_id(case, sequence),
        type=CASES.type_of(data),
        source="/dispatch",
        subject=case,
        time=START,
        sequence=sequence,
        causationid=cause,
        data=raw(data),
    )
    return record_of(CASES_TOPIC, envelope)


def owed(case: str, obligation: str, sequence: int, sealed: str = "", answer: str = "已解决") -> Record:
    person = SealedPerson(caller_ref="r", masked="138****1234", sealed=sealed or seal(KEY, NUMBER))
    reporter = Reporter(contact_id="c", person=person)
    return _event(case, sequence, ReplyOwed(obligation=obligation, number="SJZ-1", reporter=reporter, answer=answer))


def noticed(case: str, notice: str, sequence: int, reason: str = "等待配件") -> Record:
    """The case takes longer; the same reporter as in `owed`."""
    reporter = Reporter(
        contact_id="c", person=SealedPerson(caller_ref="r", masked="138****1234", sealed=seal(KEY, NUMBER))
    )
    data = NoticeDue(notice=notice, number="SJZ-1", reporter=reporter, until=START, reason=reason)
    return _event(case, sequence, data)


def settled(case: str, obligation: str, sequence: int) -> Record:
    return _event(case, sequence, ReplySettled(obligation=obligation, how="sms", proof="p"))


def refused(case: str, command: str, sequence: int, verb: str = "settle_reply") -> Record:
    """The case says no to this command."""
    return _event(case, sequence, CommandRejected(verb=verb, reason="not_owed", detail="no"), command)


def withdrawn(case: str, sequence: int) -> Record:
    return _event(case, sequence, CaseWithdrawn(reason="已自行解决"))


class World:
    """What survives every crash: the documents, the log, the gateway."""

    def __init__(self, messages: Messages = FORGETFUL) -> None:
        self.table = MemoryTable()
        self.log = MemoryLog()
        self.gateway = GatewayMemory()
        self.messages = messages

    def debt(self, case: str, obligation: str) -> Debt:
        return read_debts(self.table.rows[case]).by_id[obligation]

    def debts(self) -> list[Debt]:
        return [debt for row in self.table.rows.values() for debt in read_debts(row).by_id.values()]

    def settle_commands(self, obligation: str) -> set[str]:
        """Ids of the commands that settle it; a repeat carries the same id."""
        envelopes = [decode(stored.value) for stored in self.log.all(COMMANDS_TOPIC)]
        pairs = [(envelope.id, COMMANDS.data(envelope)) for envelope in envelopes]
        return {one for one, data in pairs if isinstance(data, SettleReply) and data.obligation == obligation}


class Paying:
    """One notify process of the normal lane."""

    def __init__(
        self, world: World, process: Process | None = None, fails: float = 0.0, odds: dict[Mood, float] | None = None
    ) -> None:
        self.world = world
        self.process = process or Process()
        self.owns: set[int] = set(range(world.log.partitions))
        self.clock = FakeClock(process=self.process)
        self.gateway = FakeGateway(world.gateway, self.process, odds)
        transport = MemoryTransport(world.log, self.process, fails)
        self.publisher = GroupedPublisher(OrderedPublisher(transport, self.clock))
        self.store = MemoryStore(world.table, self.process, fails)
        self.outbox = Outbox(TOPICS, self.clock)
        self.payer = Payer(
            "normal", self.store, self.gateway, self.publisher, self.clock,
            messages=world.messages, outbox=self.outbox, seal_key=KEY, owned=lambda: self.owns,
        )  # fmt: skip
        self.handler = OwedHandler(self.store.cases, self.publisher, TOPICS.dead_letters)
        self.handler.payer = self.payer

    def start(self, workers: int = 3) -> "Paying":
        for _ in range(workers):
            self.process.spawn(self.payer.work())
        return self

    async def read(self, *records: Record) -> None:
        """A batch of `cases`, as the log would bring it."""
        for record in records:
            self.world.log.produce(record)
        keys = {(record.key, record.value) for record in records}
        await self.handler.handle([s for s in self.world.log.all(CASES_TOPIC) if (s.key, s.value) in keys])

    async def after(self, seconds: float) -> None:
        """Finish what is under way, let time pass, look once, and finish what that found."""
        await self.payer.idle()
        self.clock.forward(seconds=seconds)
        await self.payer.scan()
        await self.payer.idle()


async def unreachable(case: str) -> Paying:
    """A process that has tried all it can to tell the first reply of this case."""
    made = Paying(World()).start()
    made.gateway.mood = "fail"
    await made.read(owed(case, "o1", 3))
    for _ in range(4):
        await made.after(60)
    return made
