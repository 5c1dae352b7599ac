"""intake's database: one document per contact, put together from events in any order.

A contact document: `_id`, `events` (by the channel's number), and `offered` or, of a call out, `placed`, `answered`,
`ended`: what the contact as a whole knows. Each fact begins with its time, so that of repeats the first stays, whoever
writes last. `missed` of a lost call: missed_store.py.

An agent document: `_id` (the agent's name), `rev`, `state`, `since`.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from services.intake.domain.missed import stored_state
from shared.documents import Document, Documents, holder, keep_first
from shared.mongo import MongoDocuments, merge, reachable
from shared.testing import MemoryDocuments, MemoryTable

BEGUN = {"offered", "placed"}
"""A contact whose beginning comes is probably new."""


class Contacts(Protocol):
    """What handlers and the API need. Both raise StoreAway while the database is away."""

    async def apply(self, changes: Mapping[str, Document]) -> None:
        """Add facts to contacts: by id, then by place in the document (`events.3`, `ended`)."""
        ...

    async def get(self, contact: str) -> Document | None:
        """What may be shown of a contact."""
        ...


class MongoContacts:
    """Contacts in MongoDB."""

    def __init__(self, database: Any) -> None:
        self._contacts = database.contacts

    async def apply(self, changes: Mapping[str, Document]) -> None:
        new = {contact for contact, facts in changes.items() if BEGUN & facts.keys()}
        await merge(self._contacts, {contact: {"$min": facts} for contact, facts in changes.items()}, new)

    async def get(self, contact: str) -> Document | None:
        with reachable():
            found = await self._contacts.find_one({"_id": contact})
        return None if found is None else shown(found)


class MemoryContacts:
    """Contacts in memory, for tests."""

    def __init__(self) -> None:
        self.rows: dict[str, Document] = {}

    async def apply(self, changes: Mapping[str, Document]) -> None:
        for contact, facts in changes.items():
            row = self.rows.setdefault(contact, {"_id": contact})
            for place, fact in facts.items():
                keep_first(*holder(row, place), fact)

    async def get(self, contact: str) -> Document | None:
        found = self.rows.get(contact)
        return None if found is None else shown(found)


class AgentStore(Protocol):
    """The agents' states. Both raise StoreAway while the database is away."""

    @property
    def agents(self) -> Documents: ...

    async def all_agents(self) -> list[Document]:
        """By name."""
        ...


class MongoAgents:
    """Agents in MongoDB."""

    def __init__(self, database: Any) -> None:
        self._agents = database.agents
        self.agents: Documents = MongoDocuments(self._agents)

    async def all_agents(self) -> list[Document]:
        with reachable():
            found: list[Document] = await self._agents.find({}).sort("_id").to_list(None)
        return found


class MemoryAgents:
    """Agents in memory, for tests."""

    def __init__(self) -> None:
        self._table = MemoryTable()
        self.agents: Documents = MemoryDocuments(self._table)

    async def all_agents(self) -> list[Document]:
        return [self._table.rows[name] for name in sorted(self._table.rows)]


def shown(document: Document) -> Document:
    """A contact without what only the sealing key may open."""
    offered, placed = dict(document.get("offered", {})), dict(document.get("placed", {}))
    caller, called = offered.pop("person", {}), placed.pop("person", {})
    events = [{"number": int(number), **event} for number, event in document.get("events", {}).items()]
    return {
        "contact_id": document["_id"],
        "caller": caller.get("masked", ""),
        "called": called.get("masked", ""),
        "offered": offered or None,
        "placed": placed or None,
        "answered": document.get("answered"),
        "ended": document.get("ended"),
        "missed": stored_state(document),
        "events": sorted(events, key=lambda event: event["number"]),
    }
