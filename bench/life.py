"""One case lived through in memory: the services' own handlers decide, fold and write its documents.

A little bus hands each record to dispatch, sla, notify, reports and desk, as Kafka would; no server is needed.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from bench.ground import PARTITIONS, Ground
from bench.histories import History, Step
from hotline.surge.messages import Message
from services.desk.domain.sheet import Sheet
from services.dispatch.domain.case import Case
from services.dispatch.domain.states import state_of
from services.dispatch.handlers import CommandHandler
from services.dispatch.numbers import Numbers
from services.dispatch.store import MemoryState, MemoryStore, read_case
from services.notify.handlers import OwedHandler
from services.notify.outbox import Outbox
from services.notify.payer import Payer
from services.notify.store import MemoryStore as Debts
from services.notify.testing import FakeGateway, GatewayMemory
from services.reports.domain.case_facts import CaseFact
from services.sla.domain.clocks import Clocks
from shared.documents import Document
from shared.events import commands as c
from shared.events.envelope import Envelope, decode, raw
from shared.events.topics import Lane
from shared.ids import case_id, derive, digest
from shared.privacy import redact
from shared.reader import CaseReader
from shared.records import Record, record_of
from shared.telemetry import traceparent
from shared.testing import FakeClock, MemoryDocuments, MemoryLog, MemoryPublisher, MemoryTable, MemoryTransport

UNIT, OTHER = "130100-02-001", "130100-02-005"
ANSWER = "已派工作人员到现场核实，问题属实，当日安排处理，并将处理时间和联系人告知来电人，后续由社区跟进。"
HOURS: dict[str, float] = {"sign": 2, "ask_return": 2, "answer": 19, "solved": 3, "unsolved": 3, "refused_sms": 8}
"""Domain hours before a step; half an hour before any other, and a fiftieth of it all in an urgent case."""
TRIES = 20
"""Rounds of the payer after which every attempt has been refused."""


class Life:
    """A case and everything that the services keep of it; `moments` are the times of its events."""

    def __init__(self, ground: Ground, history: History, message: Message, name: str, start: datetime) -> None:
        self._ground, self._history, self._message = ground, history, message
        self.lane: Lane = "urgent" if history.texts == "urgent" else "normal"
        self._contact = derive("bench", "seed", name)
        self.case_id = case_id(self.lane, self._contact, 1)
        self.clock = FakeClock(start)
        self.moments: set[datetime] = set()
        self._log = MemoryLog(PARTITIONS[self.lane])
        self._out = MemoryPublisher(self._log)
        self._seen = 0
        self._cases = MemoryState()
        self._tables = {service: MemoryTable() for service in ("sla", "notify", "reports", "desk")}
        self._commands = self._dispatch()
        self._gateway = FakeGateway(GatewayMemory())
        if "refused_sms" in history.steps:
            self._gateway.mood = "fail"
        self._payer = self._make_payer()
        self._readers = self._make_readers()

    def _dispatch(self) -> CommandHandler:
        ground, store = self._ground, MemoryStore(self._cases)
        return CommandHandler(
            store, self._out, MemoryTransport(self._log), self.clock, topics=ground.topics,
            rules=ground.rules, feeds=ground.feeds, numbers=Numbers(store, ground.prefix),
        )  # fmt: skip

    def _make_payer(self) -> Payer:
        ground = self._ground
        return Payer(
            self.lane, Debts(self._tables["notify"]), self._gateway, self._out, self.clock, messages=ground.messages,
            outbox=Outbox(ground.topics, self.clock), seal_key=ground.seal_key,
            owned=lambda: range(PARTITIONS[self.lane]),
        )  # fmt: skip

    def _make_readers(self) -> list[Any]:
        ground, letters = self._ground, self._ground.topics.dead_letters
        tables = {service: MemoryDocuments(table) for service, table in self._tables.items()}
        owed = OwedHandler(tables["notify"], self._out, letters)
        owed.payer = self._payer
        return [
            CaseReader[Clocks](ground.clocks, tables["sla"], self._out, letters),
            owed,
            CaseReader[CaseFact](ground.facts, tables["reports"], self._out, letters),
            CaseReader[Sheet](ground.sheets, tables["desk"], self._out, letters),
        ]

    async def live(self) -> dict[str, Document]:
        """Go through the history; each service's document. Raises RuntimeError where it ends in another state."""
        await self.go(self._history.steps)
        if (state := state_of(self._case())) != self._history.state:
            raise RuntimeError(f"{self._history.name}: the case is {state}, not {self._history.state}")
        return self.documents()

    async def go(self, steps: Sequence[Step]) -> None:
        working = asyncio.create_task(self._payer.work())
        try:
            for step in steps:
                hours = HOURS.get(step, 0.5)
                self.clock.forward(hours=hours / 50 if self.lane == "urgent" else hours)
                await getattr(self, f"_{step}")()
        finally:
            working.cancel()

    def adopt(self, documents: dict[str, Document]) -> None:
        """Go on with a case of this lane that was lived elsewhere."""
        self.case_id = documents["dispatch"]["_id"]
        tables = {"dispatch": self._cases.cases, **self._tables}
        for service, document in documents.items():
            tables[service].rows[self.case_id] = document

    def documents(self) -> dict[str, Document]:
        """The case's document by service; a service that keeps none of it is not there."""
        tables = {"dispatch": self._cases.cases, **self._tables}
        return {service: table.rows[self.case_id] for service, table in tables.items() if self.case_id in table.rows}

    def _case(self) -> Case:
        return read_case(self._cases.cases.rows[self.case_id])

    async def _send(self, data: Struct, actor: str) -> None:
        kind = c.COMMANDS.type_of(data)
        body = digest([kind, self.case_id, msgspec.to_builtins(data)])
        envelope = Envelope(
            id=derive("client", actor, body, len(self._out.published)),
            type=kind,
            source="/bench",
            subject=self.case_id,
            time=self.clock.now(),
            actor=actor,
            digest=body,
            traceparent=traceparent("", self.case_id),
            data=raw(data),
        )
        await self._out.publish([record_of(self._ground.topics.commands(self.lane), envelope)])
        await self._carry()

    async def _carry(self) -> None:
        """Hand on what was published until nothing new comes; a reply that became payable is paid meanwhile."""
        while self._seen < len(self._out.published):
            record = self._out.published[self._seen]
            self._seen += 1
            await self._hand(record)
            await self._payer.idle()

    async def _hand(self, record: Record) -> None:
        stored = next(one for one in reversed(self._log.all(record.topic)) if one.value == record.value)
        if record.topic == self._ground.topics.commands(self.lane):
            await self._commands.handle([stored])
        elif record.topic == self._ground.topics.cases(self.lane):
            self.moments.add(decode(record.value).time)
            for reader in self._readers:
                await reader.handle([stored])

    async def _told(self) -> None:
        await self._begin(ANSWER)

    async def _register(self) -> None:
        await self._begin("")

    async def _begin(self, answer: str) -> None:
        data = c.Register(
            matter=1,
            reporter=c.Reporter(contact_id=self._contact, person=self._ground.person),
            title=redact(self._message.headline),
            text=redact(self._message.text),
            request_type=self._history.request_type,
            area=self._ground.areas[len(self._message.text) % len(self._ground.areas)],
            answer=answer,
        )
        await self._send(data, "agent:a017")

    async def _assign(self) -> None:
        if state_of(self._case()) == "PENDING_DISPATCH":
            await self._send(c.Assign(lead=UNIT), "dispatcher:d03")

    async def _sign(self) -> None:
        await self._each("WAIT_SIGN", lambda order: c.Sign(order=order))

    async def _answer(self) -> None:
        await self._each("HANDLING", lambda order: c.Answer(order=order, public_answer=ANSWER, internal="已现场核实。"))

    async def _audit(self) -> None:
        await self._each("FED_BACK", lambda order: c.Audit(order=order, passed=True), "auditor:k02")

    async def _send_back(self) -> None:
        back = "答复没有说明处理时间，请补充。"
        await self._each("FED_BACK", lambda order: c.Audit(order=order, passed=False, reason=back), "auditor:k02")

    async def _each(self, state: str, command: Any, actor: str = "") -> None:
        """The command for every order of the present cycle in this state, from its unit or from `actor`."""
        for order in self._case().current():
            if order.state == state:
                await self._send(command(order.id), actor or f"unit:{order.unit}")

    async def _ask_return(self) -> None:
        order = self._case().current()[0]
        data = c.AskReturn(order=order.id, reason="not_ours", basis="三定方案", proposed_unit=self._other())
        await self._send(data, f"unit:{order.unit}")

    def _other(self) -> str:
        has = {order.unit for order in self._case().orders}
        return next(unit for unit in (OTHER, UNIT, "130100-02-006") if unit not in has)

    async def _grant_return(self) -> None:
        order = next(order for order in self._case().orders if order.state == "RETURN_ASKED")
        await self._send(c.JudgeReturn(order=order.id, approve=True, unit=self._other()), "supervisor:s01")

    async def _solved(self) -> None:
        await self._send(c.FollowUp(solved=True, satisfaction=5), "agent:a021")

    async def _unsolved(self) -> None:
        await self._send(c.FollowUp(solved=False, satisfaction=2, comment="问题仍然存在。"), "agent:a021")

    async def _attach(self) -> None:
        contact = derive("bench", "again", self._contact)
        reporter = c.Reporter(contact_id=contact, person=self._ground.person)
        await self._send(c.Attach(reporter=reporter, text="来电人再次反映同一问题。"), "agent:a009")

    async def _transfer(self) -> None:
        data = c.AskTransfer(
            target="130200", reason="事发地在外市。", asked_action="请协助核实并答复来电人。", consent=True
        )
        await self._send(data, "agent:a017")

    async def _refused_sms(self) -> None:
        """Until the gateway has refused the last attempt too: a person has to settle the reply."""
        for _ in range(TRIES):
            self.clock.forward(minutes=10)
            await self._payer.scan()
            await self._payer.idle()
