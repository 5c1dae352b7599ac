"""A small world in which the real handlers run over the shipped fakes, while a schedule drawn from a seed lets
workers crash, partitions change hands under a running batch, sends fail part way and the database go away.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError
from msgspec import Struct

from services.dispatch.domain.fold import Commanded
from services.dispatch.handlers import CommandHandler
from services.dispatch.links import LinksHandler
from services.dispatch.numbers import Numbers
from services.dispatch.store import MemoryState, MemoryStore
from services.dispatch.sweeper import Sweeper
from services.dispatch.walker import Walker
from services.dispatch.walks import LEASE_S, MemoryWalks
from shared.away import Away
from shared.batches import Handle, Poison
from shared.bus import Subscription
from shared.events.cases import CASES as EVENTS
from shared.events.cases import ReplyOwed
from shared.events.commands import SettleReply
from shared.events.envelope import Envelope
from shared.events.topics import Topics
from shared.ids import caused_command_id
from shared.producer import OrderedPublisher
from shared.reader import CaseReader
from shared.records import Received, Record, record_of
from shared.settings import Settings
from shared.testing import FakeClock, MemoryDocuments, MemoryLog, MemoryTable, MemoryTransport, Process, Schedule
from tests.factories import LEAD, RULES, SECOND, envelope

TOPICS = Topics("130100")
SETTINGS = Settings(drain_s=30.0)
COMMANDS, CASES = TOPICS.commands("normal"), TOPICS.cases("normal")
GROUPS = {"dispatch": COMMANDS, "links": CASES, "notify": CASES, "history": CASES}
FAILS = 0.04


class Seen(Struct, kw_only=True):
    """Sequence and type of every event, and what is owed."""

    events: list[tuple[int, str]] = []
    owed: list[str] = []


class TestView:
    """A reader of everything. `blind` events raise until somebody mends the view; `sends` pays what is owed."""

    __test__ = False
    state = Seen

    def __init__(self, name: str, sends: bool, blind: set[tuple[str, int]]) -> None:
        self.name = name
        self.interests = frozenset(EVENTS.models)
        self._sends = sends
        self.blind = blind

    def fold(self, state: Seen | None, event: Envelope, data: Any) -> Seen:
        if (event.subject, event.sequence) in self.blind:
            raise ValueError("this reader does not understand the event")
        state = state or Seen()
        owed = [data.obligation] if isinstance(data, ReplyOwed) else []
        return Seen(events=[*state.events, (event.sequence, event.type)], owed=[*state.owed, *owed])

    def effects(self, state: Seen, event: Envelope, data: Any) -> list[Record]:
        if not self._sends or not isinstance(data, ReplyOwed):
            return []
        settle = SettleReply(obligation=data.obligation, how="sms", proof="p")
        command = envelope(event.subject, settle, "unused", actor="service:notify")
        identity = caused_command_id(event.id, "settle_reply", data.obligation)
        return [record_of(COMMANDS, msgspec.structs.replace(command, id=identity))]

    def index(self, state: Seen) -> dict[str, Any]:
        return {}


class Ticking(FakeClock):
    """A clock whose sleepers wake later."""

    async def sleep(self, seconds: float) -> None:
        self.forward(seconds=seconds)
        await super().sleep(seconds)


class Group:
    """Who reads which partition, in which generation; a commit from an older generation is refused, as by Kafka."""

    def __init__(self, world: "World", name: str) -> None:
        self.world, self.name, self.topic = world, name, GROUPS[name]
        self.generation = 0
        self.members: list[Member] = []
        self.owners: dict[int, Member] = {}

    def rebalance(self) -> None:
        """Every partition goes to somebody else where there is one; who has a batch in hand is a zombie now."""
        self.generation += 1
        for number in range(self.world.log.partitions):
            others = [member for member in self.members if member is not self.owners.get(number)]
            self.owners[number] = self.world.schedule.random.choice(others or self.members)
        self.world.log.wake()

    def replace(self, member: "Member | None") -> None:
        """Crash a member and let a new process take its place."""
        if member is not None:
            self.members.remove(member)
            member.process.crash()
        self.members.append(Member(self))
        self.rebalance()

    def behind(self) -> bool:
        return any(self.committed(n) < len(self.records(n)) for n in range(self.world.log.partitions))

    def records(self, number: int) -> list[Any]:
        return self.world.log.topics.get((self.topic, number), [])

    def committed(self, number: int) -> int:
        return self.world.log.committed.get((self.name, self.topic, number), 0)


class Member:
    """One process of a group: polls, hands the batch to the real Subscription, which handles and commits."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.world = group.world
        self.process = Process(self.world.schedule)
        self.generation = -1
        self.positions: dict[int, int] = {}
        handle, poison = self.world.handlers(group.name, self.process)
        clock = FakeClock(process=self.process)
        self.subscription = Subscription(
            group.name, [group.topic], handle, poison, settings=SETTINGS, clock=clock, changed=lambda: None
        )
        self.process.spawn(self._run())

    async def _run(self) -> None:
        while True:
            await self.process.point()
            batch = self._poll()
            if batch:
                await self.subscription.consume(Message(tuple(batch), self))  # type: ignore[arg-type]
            else:
                await self.world.log.news()

    def _poll(self) -> list[Received]:
        if self.generation != self.group.generation:
            self.generation, self.positions = self.group.generation, {}
        mine = [number for number, owner in self.group.owners.items() if owner is self]
        batch: list[Received] = []
        for number in mine:
            start = self.positions.setdefault(number, self.group.committed(number))
            taken = self.group.records(number)[start : start + self.world.schedule.random.randint(1, 6)]
            self.positions[number] = start + len(taken)
            batch += taken
        return batch

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        await self.process.point()
        if self.generation != self.group.generation:
            raise CommitFailedError("another generation")
        for (topic, number), offset in offsets.items():
            self.world.log.committed[(self.group.name, topic, number)] = offset
        self.world.commits += 1


class Message(Struct, frozen=True):
    """What FastStream hands over: the records and their consumer."""

    raw_message: tuple[Received, ...]
    consumer: Member


class World:
    """The log, the stores, the groups, and the chaos."""

    def __init__(self, seed: int) -> None:
        self.schedule = Schedule(seed)
        self.log = MemoryLog(partitions=2)
        self.state = MemoryState()
        self.tables = {"notify": MemoryTable(), "history": MemoryTable()}
        self.blind: dict[str, set[tuple[str, int]]] = {"notify": set(), "history": set()}
        self.fails = FAILS
        self.commits = 0
        self.sent: list[Envelope] = []
        self.groups = {name: Group(self, name) for name in GROUPS}

    def handlers(self, group: str, process: Process) -> tuple[Handle, Poison]:
        clock = FakeClock(process=process)
        transport = MemoryTransport(self.log, process, self.fails)
        publisher = OrderedPublisher(transport, clock)
        if group == "links":
            return self._links(process, publisher)
        if group != "dispatch":
            return self._reader(group, process, publisher)
        store = MemoryStore(self.state, process, self.fails)
        handler = CommandHandler(
            store, publisher, transport, clock,
            topics=TOPICS, rules=RULES, feeds=frozenset({LEAD, SECOND}), numbers=Numbers(store, "T"),
        )  # fmt: skip
        process.spawn(self._sweep(Sweeper(store, publisher, clock, TOPICS), process))
        return handler.handle, handler.poison

    def _links(self, process: Process, publisher: OrderedPublisher) -> tuple[Handle, Poison]:
        walks, clock = MemoryWalks(self.state, process), Ticking(process=process)
        handler = LinksHandler(MemoryStore(self.state, process, self.fails), walks, publisher, TOPICS)
        process.spawn(self._walk(Walker(walks, publisher, clock, TOPICS), process, clock))
        return handler.handle, handler.poison

    async def _walk(self, walker: Walker, process: Process, clock: FakeClock) -> None:
        """Where another process has the walk, time goes on until this one may take it too."""
        while True:
            await process.point()
            try:
                if not self.walking():
                    await self.log.news()
                elif not await walker.walk():
                    clock.forward(seconds=LEASE_S)
            except Away:
                continue

    def walking(self) -> bool:
        """Whether an event case's end is on its way to those who wait for it."""
        return any(not row["ended"] for row in self.state.walks.values())

    def reader(self, name: str, process: Process, publisher: OrderedPublisher) -> CaseReader[Seen]:
        view = TestView(name, sends=name == "notify", blind=self.blind[name])
        documents = MemoryDocuments(self.tables[name], process, self.fails)
        return CaseReader(view, documents, publisher, TOPICS.dead_letters)

    def _reader(self, name: str, process: Process, publisher: OrderedPublisher) -> tuple[Handle, Poison]:
        reader = self.reader(name, process, publisher)

        async def handle(records: Sequence[Received]) -> None:
            await reader.handle(records)

        async def poison(record: Received, error: Exception) -> None:
            raise AssertionError(f"nothing here is poison: {error!r}")

        return handle, poison

    async def _sweep(self, sweeper: Sweeper, process: Process) -> None:
        while True:
            await process.point()
            try:
                if not self.state.waiting or not await sweeper.sweep():
                    await self.log.news()
            except Away:
                continue

    def produce(self, command: Commanded) -> None:
        """What the outside world sends; remembered, to ask for its outcome at the end."""
        self.sent.append(command.envelope)
        self.log.produce(record_of(COMMANDS, command.envelope))

    async def door(self, commands: Sequence[Commanded]) -> None:
        for command in commands:
            await self.schedule.point()
            self.produce(command)

    async def chaos(self, steps: int) -> None:
        """Crashes and rebalances while batches run, spread over the whole life of the cases."""
        draw = self.schedule.random
        for _ in range(steps):
            for _ in range(draw.randint(1, 24)):
                await self.schedule.point()
            group = self.groups[draw.choice(list(GROUPS))]
            if draw.random() < 0.5:
                group.replace(draw.choice(group.members))
            else:
                group.rebalance()

    async def calm(self) -> None:
        """No more faults: every process is replaced, and everything is read to its end."""
        self.fails = 0.0
        for group in self.groups.values():
            for member in list(group.members):
                group.replace(member)
        for _ in range(3_000):
            await self.schedule.point()
            if self.at_rest():
                return
        raise AssertionError("the world does not come to rest")

    def at_rest(self) -> bool:
        return not self.state.waiting and not self.walking() and not any(g.behind() for g in self.groups.values())

    async def run(self, commands: Sequence[Commanded], steps: int) -> None:
        for group in self.groups.values():
            group.replace(None)
            group.replace(None)

        async def life() -> None:
            await asyncio.gather(self.door(commands), self.chaos(steps))
            await self.calm()

        await self.schedule.run(asyncio.ensure_future(life()))
        await self._end()

    async def _end(self) -> None:
        tasks = [task for g in self.groups.values() for m in g.members for task in m.process.tasks]
        for group in self.groups.values():
            for member in group.members:
                member.process.crash()
            group.members.clear()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def mend(self) -> None:
        """Mend the blind readers and let them fold what they parked, as every start does."""
        for name, table in self.tables.items():
            self.blind[name].clear()
            publisher = OrderedPublisher(MemoryTransport(self.log), FakeClock())
            reader = self.reader(name, Process(), publisher)
            for case, row in list(table.rows.items()):
                if row.get("parked"):
                    assert await reader.unpark(case) is not None
