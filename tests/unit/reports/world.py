"""A small world for reports: events of cases and contacts as the log brings them, over the shipped fakes."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Raw, Struct

from services.reports.handlers import CaseHandler, ContactHandler
from services.reports.issues import MemoryIssues
from services.reports.knowledge import KnowledgeBook
from services.reports.office import Office
from services.reports.policy import load_report, load_words
from services.reports.store import MemoryStore, Store
from shared.events import cases as e
from shared.events.commands import Reporter, RequestType
from shared.events.contacts import CONTACTS
from shared.events.envelope import Envelope, raw
from shared.events.knowledge import KNOWLEDGE, Entry
from shared.events.topics import Topics
from shared.ids import case_id, event_id
from shared.records import Record, record_of
from shared.seats import load_seats
from shared.testing import FakeClock, MemoryPublisher, Stored
from tests.factories import LEAD, START, person

POLICY = Path(__file__).parents[3] / "policy" / "130100"
TOPICS = Topics("130100")
FILE = load_report(POLICY)
WORDS = load_words(POLICY, FILE)
DAY = "2021-01-13"


def case_of(name: str) -> str:
    return case_id("normal", name, 1)


def event(case: str, sequence: int, data: Struct, at: datetime = START) -> Record:
    envelope = Envelope(
        id=event_id(case, sequence),
        type=e.CASES.type_of(data),
        source="/dispatch",
        subject=case,
        time=at,
        sequence=sequence,
        data=raw(data),
    )
    return record_of(TOPICS.cases("normal"), envelope)


def registered(name: str = "a", **more: Any) -> e.CaseRegistered:
    """Somebody who waits for an answer; `kind` is the request type."""
    kind: RequestType = more.pop("kind", "QZ")
    given: dict[str, Any] = {
        "number": f"SJZ-20210113-{name}",
        "matter": 1,
        "reporter": Reporter(contact_id=f"contact-{name}", person=person("wang")),
        "title": "楼道灯不亮",
        "text": "三号楼楼道灯不亮",
        "topic": "03",
        "area": "130102",
        "address": "",
        "priority": "P2",
        "obligation": f"debt-{name}",
        "obligation_state": "open",
    }
    return e.CaseRegistered(**{**given, "request_type": kind, **more})


def dispatched(*units: str) -> e.CaseDispatched:
    return e.CaseDispatched(rule="r", why="w", policy_version="1", units=units or (LEAD,))


def issued(order: str = "o1", unit: str = LEAD) -> e.WorkOrderIssued:
    return e.WorkOrderIssued(
        order=order, unit=unit, role="lead", cycle=1, returns=0, priority="P2", request_type="QZ"
    )  # fmt: skip


def contact(name: str, data: Struct, at: datetime = START) -> Record:
    number: int = data.number  # type: ignore[attr-defined]
    return _contact(name, CONTACTS.type_of(data), number, raw(data), at)


def placed(name: str, number: int, purpose: str) -> Record:
    """A call out: a fact whose own model lives with whoever places calls."""
    return _contact(name, "contact.placed.v1", number, raw({"number": number, "purpose": purpose}), START)  # type: ignore[arg-type]


def _contact(name: str, kind: str, number: int, data: Raw, at: datetime) -> Record:
    envelope = Envelope(
        id=f"{name}-{number}", type=kind, source="/intake", subject=name, time=at, data=data
    )  # fmt: skip
    return record_of(TOPICS.contacts, envelope)


async def at_once(work: Callable[..., Any], *given: Any) -> Any:
    """What would run in a worker process."""
    return work(*given)


class Reporting:
    """One reports process without servers."""

    def __init__(self, store: Store | None = None) -> None:
        self.memory = MemoryStore()
        self.store: Store = store or self.memory
        self.publisher = MemoryPublisher()
        self.clock = FakeClock()
        self.cases = CaseHandler(self.store.cases, self.publisher, TOPICS.dead_letters)
        self.contacts = ContactHandler(self.store.contacts, self.publisher, TOPICS.dead_letters)
        self.issues = MemoryIssues()
        self.office = Office(lambda: self.store, self.issues, FILE, self.clock, at_once, load_seats(POLICY))
        self.book = KnowledgeBook(self.store.knowledge, self.clock)
        self._offset = 0

    async def read(self, *records: Record) -> None:
        """One batch; each record goes to the reader of its topic."""
        stored = [self._stored(record) for record in records]
        await self.cases.handle([one for one in stored if ".cases." in one.topic])
        await self.contacts.handle([one for one in stored if one.topic == TOPICS.contacts])

    async def learn(self, *entries: Entry, at: datetime = START) -> None:
        """Versions of knowledge, as the topic brings them."""
        for entry in entries:
            made = Envelope(
                id=f"{entry.key}-{getattr(entry, 'version', 0)}", type=KNOWLEDGE.type_of(entry), source="/knowledge",
                subject=entry.key, time=at, data=raw(entry),
            )  # fmt: skip
            self.book.read(self._stored(record_of(TOPICS.knowledge, made)))
        await self.book.write()

    def _stored(self, record: Record) -> Stored:
        self._offset += 1
        return Stored(record.topic, 0, self._offset, 0, record.key, record.value, record.headers)

    async def tell(self, name: str, *data: Struct, at: datetime = START, first: int = 1) -> str:
        """The events of a case in their order."""
        case = case_of(name)
        await self.read(*(event(case, n, one, at) for n, one in enumerate(data, first)))
        return case
