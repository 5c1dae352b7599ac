"""A case's spans hang together across Kafka: the edges from service to service are really there, in one trace.

The real handlers of intake, dispatch, sla and notify run over the shipped fakes; spans go to OpenTelemetry's own
exporter in memory.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hotline.ports import free_port
from services.dispatch.bridge import Bridge
from services.dispatch.handlers import CommandHandler
from services.dispatch.numbers import Numbers
from services.dispatch.store import MemoryState
from services.dispatch.store import MemoryStore as CaseStore
from services.sla.domain.clocks import Clocks
from services.sla.domain.view import ClocksView
from services.sla.notices import MemoryNotices
from services.sla.policy import load_schedule
from services.sla.store import MemoryStore as ClockStore
from services.sla.timers import Timers
from shared import names
from shared.events import commands as c
from shared.events.envelope import Envelope, decode
from shared.ids import trace_of
from shared.otlp import sink_of
from shared.reader import CaseReader
from shared.records import record_of
from shared.testing import FakeClock, MemoryDocuments, MemoryLog, MemoryPublisher, MemoryTable, MemoryTransport
from shared.tracing import TRACER
from tests.collector import collecting
from tests.factories import LEAD, RULES, START, envelope, order_of
from tests.unit.intake.world import SECRET, SETTINGS, token
from tests.unit.intake.world import World as Intake
from tests.unit.intake.world import world as intake_world
from tests.unit.notify.world import POLICY, TOPICS, Paying
from tests.unit.notify.world import World as Notify

CONTACT = "5a7f1c9e-2f62-5c1e-9a53-12345c0de000"
CALLER = f"00-{'a' * 32}-{'b' * 16}-01"
Edge = tuple[str, str]


class Spans:
    """What was exported, looked at by its edges."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def all(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    def edges(self) -> set[Edge]:
        """(parent's name, child's name), both exported and of one trace."""
        by_id = {(s.context.trace_id, s.context.span_id): s.name for s in self.all() if s.context}
        pairs = [(s.parent, s) for s in self.all() if s.parent is not None]
        return {(by_id.get((p.trace_id, p.span_id), ""), s.name) for p, s in pairs}

    def traces(self) -> set[str]:
        return {f"{span.context.trace_id:032x}" for span in self.all() if span.context}


@pytest.fixture
def spans() -> Iterator[Spans]:
    exporter = InMemorySpanExporter()
    TRACER.export_to(sink_of(SimpleSpanProcessor(exporter), "test.1"))
    yield Spans(exporter)
    TRACER.export_to(None)


class City:
    """Everybody behind the door, over one log. `turn` brings each service what is new for it."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.log: MemoryLog = intake.broker.log
        self.clock = FakeClock(START)
        self.publisher = MemoryPublisher(self.log)
        cases = CaseStore(MemoryState())
        self.dispatch = CommandHandler(
            cases, self.publisher, MemoryTransport(self.log), self.clock,
            topics=TOPICS, rules=RULES, feeds=frozenset({LEAD}), numbers=Numbers(cases, "T"),
        )  # fmt: skip
        self.bridge = Bridge(self.publisher, self.clock, TOPICS, [LEAD])
        self.clocks = MemoryTable()
        schedule = load_schedule(POLICY)
        documents = MemoryDocuments(self.clocks)
        self.sla = CaseReader[Clocks](ClocksView(schedule), documents, self.publisher, TOPICS.dead_letters)
        self.timers = Timers(
            "normal", ClockStore(self.clocks), self.publisher, self.clock,
            topics=TOPICS, horizons=self._horizons, schedule=schedule, notices=MemoryNotices(),
        )  # fmt: skip
        notify = Notify()
        notify.log = self.log
        self.notify = Paying(notify).start()
        self._done: set[tuple[str, str, int, int]] = set()

    async def _horizons(self) -> dict[int, float]:
        return {number: self.clock.real() for number in range(self.log.partitions)}

    async def turn(self) -> None:
        cases = TOPICS.cases("normal")
        readers = [
            ("bridge", TOPICS.answers(LEAD), self.bridge.handle),
            ("dispatch", TOPICS.commands("normal"), self.dispatch.handle),
            ("sla", cases, self.sla.handle),
            ("notify", cases, self.notify.handler.handle),
        ]
        for name, topic, handle in readers:
            records = self.log.all(topic)
            fresh = [r for r in records if (name, r.topic, r.partition, r.offset) not in self._done]
            self._done |= {(name, r.topic, r.partition, r.offset) for r in fresh}
            await handle(fresh)
        await self.notify.payer.idle()

    def feed(self) -> list[Envelope]:
        return [decode(record.value) for record in self.log.all(TOPICS.feed(LEAD))]


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    async with intake_world(tmp_path, ack_s=10.0) as intake:
        made = City(intake)
        yield made
        made.notify.process.crash()


async def registered(city: City, trace: str = "") -> str:
    """A case that went to LEAD."""
    body = {"matter": 1, "title": "t", "text": "routed", "caller": "13812341234"}
    headers = {"traceparent": trace} if trace else {}
    answer = await city.intake.post(f"/contacts/{CONTACT}/cases", body, "agent", **headers)
    assert answer.status_code == 202, answer.text
    await city.turn()
    return str(answer.json()["case_id"])


async def test_from_the_call_to_the_last_reply_is_one_trace(city: City, spans: Spans) -> None:
    case = await registered(city)
    for own_id, data in (
        ("sign", c.Sign(order=order_of(case))),
        ("answer", c.Answer(order=order_of(case), public_answer="done")),
        ("audit", c.Audit(order=order_of(case), passed=True)),
    ):
        actor = f"unit:{LEAD}" if own_id != "audit" else "auditor:1"
        made = envelope(case, data, own_id, actor=actor, at=city.clock.now())
        city.log.produce(record_of(TOPICS.commands("normal"), msgspec.structs.replace(made, traceparent="")))
        await city.turn()
    await city.turn()
    assert {
        (names.ACCEPT.name, names.DECIDE.name), (names.DECIDE.name, names.SEND.name),
        (names.SEND.name, names.DECIDE.name),
    } <= spans.edges()  # fmt: skip
    assert spans.traces() == {trace_of("", case)}
    assert not [span.name for span in spans.all() if not span.status.is_ok and not span.status.is_unset]


async def test_the_callers_own_trace_goes_on(city: City, spans: Spans) -> None:
    await registered(city, CALLER)
    accept = next(span for span in spans.all() if span.name == names.ACCEPT.name)
    assert accept.parent is not None
    assert (f"{accept.parent.trace_id:032x}", f"{accept.parent.span_id:016x}") == ("a" * 32, "b" * 16)
    assert spans.traces() == {"a" * 32}


def late() -> float:
    """What the alert on late deadlines looks at."""
    (family,) = names.TIMERS_LATE.collect()
    return next(sample.value for sample in family.samples if sample.labels == {"lane": "normal"})


async def test_a_timer_hangs_between_two_decisions(city: City, spans: Spans) -> None:
    await registered(city)
    city.clock.forward(days=60)
    assert await city.timers.fire()
    assert late() > 0
    await city.turn()
    while await city.timers.fire():
        await city.turn()
    assert late() == 0
    assert {(names.DECIDE.name, names.FIRE.name), (names.FIRE.name, names.DECIDE.name)} <= spans.edges()
    assert len(spans.traces()) == 1


async def test_a_departments_answer_hangs_below_its_order(city: City, spans: Spans) -> None:
    case = await registered(city)
    (issued,) = city.feed()
    answer = envelope(case, c.Sign(order=order_of(case)), "own-1", actor=f"unit:{LEAD}")
    answer = msgspec.structs.replace(answer, traceparent=issued.traceparent)
    city.log.produce(record_of(TOPICS.answers(LEAD), answer))
    await city.turn()
    assert {(names.DECIDE.name, names.BRIDGE.name), (names.BRIDGE.name, names.DECIDE.name)} <= spans.edges()
    assert len(spans.traces()) == 1


async def test_a_repeat_tells_no_span_twice(city: City, spans: Spans) -> None:
    await registered(city)
    await registered(city)
    assert [span.name for span in spans.all()].count(names.DECIDE.name) == 1


async def test_no_span_says_who_called(city: City, spans: Spans) -> None:
    await registered(city)
    told = " ".join(str(value) for span in spans.all() for value in (span.attributes or {}).values())
    assert told
    assert "13812341234" not in told
    assert "138****" not in told


def test_a_process_sends_its_last_spans_when_it_is_stopped(tmp_path: Path) -> None:
    """A real door; without a broker the request goes into its spool, and is a span all the same."""
    port = free_port()
    with collecting() as collector:
        env = {
            **os.environ, "HOTLINE_ROLE": "api", "HOTLINE_PORT": str(port), "HOTLINE_STATE_DIR": str(tmp_path),
            "HOTLINE_KAFKA": f"127.0.0.1:{free_port()}", "HOTLINE_MONGO": f"mongodb://127.0.0.1:{free_port()}",
            "HOTLINE_OTLP": collector.url, "HOTLINE_JWT_SECRET": SECRET, "HOTLINE_REF_KEY": SECRET,
            "HOTLINE_SEAL_KEY": SETTINGS.seal_key.get_secret_value(), "PYTHONPATH": str(Path.cwd()),
        }  # fmt: skip
        process = subprocess.Popen([sys.executable, "-m", "services.intake"], env=env, stderr=subprocess.DEVNULL)
        try:
            assert _sent(f"http://127.0.0.1:{port}").status_code == 202
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert collector.span_names() == [names.ACCEPT.name]


def _sent(url: str) -> httpx.Response:
    """The answer to a request, once the process listens."""
    headers = {**token("agent"), "Idempotency-Key": "1"}
    for _ in range(450):
        try:
            return httpx.post(f"{url}/web/contacts", json={"title": "t", "text": "t"}, headers=headers, timeout=20)
        except httpx.ConnectError:
            time.sleep(0.2)
    raise AssertionError("the process never listened")
