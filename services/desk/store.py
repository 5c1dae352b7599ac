"""The desk's database.

`cases`: one document per case (shared/reader.py) with the fields of SheetView.index. `contacts`: one per contact, facts
in any order. `agents`: the state each agent chose here. `drafts`: half-filled forms. `views`: who looked at what.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, get_args

import msgspec
from msgspec import Struct, structs
from pymongo import ASCENDING, DESCENDING

from services.desk.domain.calls import (
    IN_QUEUE,
    IN_TIME_S,
    Call,
    CallFigures,
    Facts,
    Waiting,
    call_of,
)
from services.desk.domain.sheet import Sheet
from shared.documents import Document, Documents
from shared.events.contacts import TO_A_PERSON
from shared.mongo import MongoDocuments, merge, reachable
from shared.parked import index_parked
from shared.service import Problem
from shared.states import OVER, CaseState, OrderState

ROWS = {"state.timeline": 0, "parked": 0}
"""What a list does not need."""
PRESENCE_S = 300
_OPEN = sorted(set(get_args(CaseState)) - OVER)


class Wanted(Struct, frozen=True, kw_only=True):
    """Which cases a list shows; `order_states` are of the unit's orders where a unit is given, else of any order."""

    unit: str = ""
    order_states: tuple[OrderState, ...] = ()
    case_states: tuple[CaseState, ...] = ()
    supervised: tuple[str, ...] = ()
    """States of written supervisions; of the unit where one is given."""
    due_before: datetime | None = None
    """The deadline of the unit's order where a unit is given, else the case's."""
    breached_since: datetime | None = None


class Page(NamedTuple):
    """Sheets without timelines, earliest deadline first, and the mark after which the next page begins."""

    sheets: list[Sheet]
    next: str


class View(Struct, frozen=True, kw_only=True):
    """Somebody looked at a case; `why` where he had to say it."""

    who: str
    role: str
    what: str
    case: str
    number: str
    at: datetime
    why: str = ""


class Change(NamedTuple):
    """Something was written: a case, or a contact with the agent who just answered it. `opened`: from here on."""

    kind: str
    key: str
    agent: str = ""


OPENED = Change("opened", "")


class Store(Protocol):
    """What the desk needs. Every method raises StoreAway while the database is away."""

    @property
    def cases(self) -> Documents: ...

    async def by_number(self, number: str) -> Sheet | None:
        """In capitals or not."""
        ...

    async def page(self, wanted: Wanted, after: str, limit: int) -> Page: ...

    async def count(self, wanted: Wanted) -> int: ...

    async def of_caller(self, caller_ref: str, limit: int) -> list[Sheet]:
        """Open cases first, then the newest."""
        ...

    async def with_words(self, words: Sequence[str], limit: int) -> list[Sheet]:
        """Open cases that share a word, the newest first."""
        ...

    async def by_state(self) -> dict[str, int]:
        """Open cases by state."""
        ...

    async def apply(self, facts: Sequence[Facts]) -> None:
        """Add facts to contacts, at most one of each contact."""
        ...

    async def call(self, contact: str) -> Call | None: ...

    async def calls_of(self, agent: str, limit: int) -> list[Call]:
        """Calls that the agent answered, the newest first."""
        ...

    async def queue(self, since: datetime, limit: int) -> list[Call]:
        """Calls that wait for a person, the longest waiting first."""
        ...

    async def waiting(self, since: datetime) -> Waiting:
        """How many calls of that queue there are."""
        ...

    async def figures(self, since: datetime) -> CallFigures: ...

    async def put(self, collection: str, key: str, fields: Document) -> None:
        """Set fields of a document of `agents`, `drafts` or `presence`."""
        ...

    async def get(self, collection: str, key: str) -> Document: ...

    async def drafts(self, keys: Sequence[str]) -> dict[str, Document]:
        """Those of these forms that were ever saved, by key."""
        ...

    async def agents(self) -> list[Document]: ...

    async def viewed(self, view: View) -> None: ...

    async def views(self, case: str, limit: int) -> list[View]:
        """The newest first; of all cases where none is given."""
        ...

    def changes(self) -> AsyncIterator[Change]:
        """`opened`, and everything that is written after that, by whatever process."""
        ...


def read_sheet(document: Document) -> Sheet:
    return msgspec.convert(document["state"], Sheet)


def mark_of(document: Document) -> str:
    return f"{document['due'].isoformat()}|{document['_id']}"


def read_mark(after: str) -> tuple[datetime, str]:
    """Raises ValueError for a mark that no page gave."""
    due, _, case = after.partition("|")
    return datetime.fromisoformat(due), case


def check_mark(after: str) -> None:
    """Raises Problem 422 for a mark that no page gave."""
    try:
        if after:
            read_mark(after)
    except ValueError as error:
        raise Problem(422, "invalid", f"after: {error}") from error


class MongoStore:
    """The store on MongoDB."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.collection = database.cases
        self.cases: Documents = MongoDocuments(database.cases)

    async def prepare(self) -> None:
        """Create the indexes; those of a list hold open cases only."""
        still_open = {"partialFilterExpression": {"open": True}}
        due = [("due", ASCENDING), ("_id", ASCENDING)]
        await self.collection.create_index([("work.unit", ASCENDING), ("work.state", ASCENDING), *due])
        # `open` is in it so that by_state is answered by the index alone.
        await self.collection.create_index([("case_state", ASCENDING), ("open", ASCENDING), *due], **still_open)
        await self.collection.create_index([("work.state", ASCENDING), *due], **still_open)
        await self.collection.create_index(
            [("supervision.state", ASCENDING), *due], partialFilterExpression={"supervised": True}
        )
        await self.collection.create_index([("words", ASCENDING), ("registered_at", DESCENDING)], **still_open)
        await self.collection.create_index(
            [("refs", ASCENDING), ("open", DESCENDING), ("registered_at", DESCENDING)]
        )  # fmt: skip
        await self.collection.create_index("number")
        await index_parked(self.collection)
        await self.collection.create_index("breached_at", partialFilterExpression={"breached_at": {"$type": "date"}})
        await self._database.contacts.create_index([("stage", ASCENDING), ("offered.time", ASCENDING)])
        await self._database.contacts.create_index([("answered.agent", ASCENDING), ("answered.time", DESCENDING)])
        await self._database.contacts.create_index([("offered.channel", ASCENDING), ("offered.time", ASCENDING)])
        await self._database.views.create_index([("case", ASCENDING), ("at", DESCENDING)])
        await self._database.views.create_index([("at", DESCENDING)])
        await self._database.presence.create_index("at", expireAfterSeconds=PRESENCE_S)

    async def by_number(self, number: str) -> Sheet | None:
        with reachable():
            found = await self.collection.find_one({"number": number.upper()})
        return read_sheet(found) if found and "state" in found else None

    async def page(self, wanted: Wanted, after: str, limit: int) -> Page:
        with reachable():
            cursor = self.collection.find(_from(wanted, after), ROWS).sort([("due", ASCENDING), ("_id", ASCENDING)])
            found = await cursor.limit(limit + 1).to_list(None)
        return page_of(found, limit)

    async def count(self, wanted: Wanted) -> int:
        with reachable():
            return int(await self.collection.count_documents(_query(wanted), limit=1000))

    async def of_caller(self, caller_ref: str, limit: int) -> list[Sheet]:
        return await self._sheets({"refs": caller_ref}, [("open", DESCENDING), ("registered_at", DESCENDING)], limit)

    async def with_words(self, words: Sequence[str], limit: int) -> list[Sheet]:
        query = {"open": True, "words": {"$in": list(words)}}
        return await self._sheets(query, [("registered_at", DESCENDING)], limit)

    async def _sheets(self, query: Document, order: list[tuple[str, int]], limit: int) -> list[Sheet]:
        with reachable():
            found = await self.collection.find(query, ROWS).sort(order).limit(limit).to_list(None)
        return [read_sheet(document) for document in found]

    async def by_state(self) -> dict[str, int]:
        steps = [
            {"$match": {"open": True, "case_state": {"$in": _OPEN}}},
            {"$group": {"_id": "$case_state", "n": {"$sum": 1}}},
        ]
        with reachable():
            found = await self.collection.aggregate(steps).to_list(None)
        return {row["_id"]: row["n"] for row in found if row["_id"]}

    async def apply(self, facts: Sequence[Facts]) -> None:
        changes = {one.contact: {"$min": one.facts, "$max": {"stage": one.stage}} for one in facts}
        await merge(self._database.contacts, changes, {one.contact for one in facts if "offered" in one.facts})

    async def call(self, contact: str) -> Call | None:
        with reachable():
            found = await self._database.contacts.find_one({"_id": contact})
        return call_of(found) if found else None

    async def calls_of(self, agent: str, limit: int) -> list[Call]:
        query = {"answered.agent": agent, "offered.time": {"$exists": True}}
        with reachable():
            found = await self._database.contacts.find(query).sort("answered.time", -1).limit(limit).to_list(None)
        return [call_of(document) for document in found]

    async def queue(self, since: datetime, limit: int) -> list[Call]:
        with reachable():
            cursor = self._database.contacts.find(_in_queue(since)).sort("offered.time", 1)
            found = await cursor.limit(limit).to_list(None)
        return [call_of(document) for document in found]

    async def waiting(self, since: datetime) -> Waiting:
        with reachable():
            calls = await self._database.contacts.count_documents(_in_queue(since))
        first = await self.queue(since, 1) if calls else []
        return Waiting(calls=calls, oldest=first[0].offered_at if first else None)

    async def figures(self, since: datetime) -> CallFigures:
        match = {"offered.channel": "call", "offered.time": {"$gte": since}}
        with reachable():
            rows = await self._database.contacts.aggregate([{"$match": match}, {"$group": _SUMS}]).to_list(None)
        found = rows[0] if rows else {}
        return CallFigures(**{name: value for name, value in found.items() if name != "_id"})

    async def put(self, collection: str, key: str, fields: Document) -> None:
        with reachable():
            await self._database[collection].update_one({"_id": key}, {"$set": fields}, upsert=True)

    async def get(self, collection: str, key: str) -> Document:
        with reachable():
            return await self._database[collection].find_one({"_id": key}) or {}

    async def drafts(self, keys: Sequence[str]) -> dict[str, Document]:
        with reachable():
            found = await self._database.drafts.find({"_id": {"$in": list(keys)}}).to_list(None)
        return {document["_id"]: document for document in found}

    async def agents(self) -> list[Document]:
        with reachable():
            found: list[Document] = await self._database.agents.find({}).sort("_id").limit(500).to_list(None)
        return found

    async def viewed(self, view: View) -> None:
        with reachable():
            await self._database.views.insert_one(msgspec.structs.asdict(view))

    async def views(self, case: str, limit: int) -> list[View]:
        with reachable():
            cursor = self._database.views.find({"case": case} if case else {}, {"_id": 0})
            found = await cursor.sort("at", DESCENDING).limit(limit).to_list(None)
        return [View(**document) for document in found]

    async def changes(self) -> AsyncIterator[Change]:
        with reachable():
            now = (await self._database.command("ping"))["operationTime"]
            yield OPENED
            async with self._database.watch(_WATCHED, start_at_operation_time=now) as stream:
                async for change in stream:
                    yield Change(change["ns"]["coll"], str(change["documentKey"]["_id"]), change.get("agent") or "")


def page_of(found: list[Document], limit: int) -> Page:
    """At most `limit` of the documents found, one more of which says that there is a next page."""
    shown = found[:limit]
    return Page([read_sheet(one) for one in shown], mark_of(shown[-1]) if len(found) > limit else "")


def _query(wanted: Wanted) -> Document:
    query: Document = {}
    states = {"$in": list(wanted.order_states)}
    if wanted.supervised:
        match = {"state": {"$in": list(wanted.supervised)}, **({"unit": wanted.unit} if wanted.unit else {})}
        query |= {"supervised": True, "supervision": {"$elemMatch": match}}
    elif wanted.unit:
        match = {"unit": wanted.unit, **({"state": states} if wanted.order_states else {})}
        # No case is due later than one of its orders, so the case's deadline bounds the index.
        match |= {"due": {"$lt": wanted.due_before}} if wanted.due_before is not None else {}
        query["work"] = {"$elemMatch": match}
    elif wanted.order_states:
        query |= {"open": True, "work.state": states}
    if wanted.case_states:
        query["case_state"] = {"$in": list(wanted.case_states)}
        query |= {} if OVER & set(wanted.case_states) else {"open": True}
    if wanted.due_before is not None:
        query["due"] = {"$lt": wanted.due_before}
    if wanted.breached_since is not None:
        # The type is what the partial index is about; without it the planner reads every case.
        query["breached_at"] = {"$gte": wanted.breached_since, "$type": "date"}
    return query


def _from(wanted: Wanted, after: str) -> Document:
    """The cases behind the mark: for each state two pieces of an index, which the database merges without sorting."""
    if not after:
        return _query(wanted)
    due, case = read_mark(after)
    pieces = [_query(one) for one in _by_state(wanted)]
    later = [{**piece, "due": {**piece.get("due", {}), "$gt": due}} for piece in pieces]
    return {"$or": [*later, *({**piece, "due": due, "_id": {"$gt": case}} for piece in pieces)]}


def _by_state(wanted: Wanted) -> list[Wanted]:
    if wanted.supervised:
        return [structs.replace(wanted, supervised=(state,)) for state in wanted.supervised]
    if wanted.order_states:
        return [structs.replace(wanted, order_states=(state,)) for state in wanted.order_states]
    return [structs.replace(wanted, case_states=(state,)) for state in wanted.case_states] or [wanted]


def _in_queue(since: datetime) -> Document:
    return {"stage": {"$in": list(IN_QUEUE)}, "offered.channel": "call", "offered.time": {"$gte": since}}


def _sum(condition: Document) -> Document:
    return {"$sum": {"$cond": [condition, 1, 0]}}


_KEYS: Document = {
    "$map": {"input": {"$objectToArray": "$keys"}, "in": [{"$toInt": "$$this.k"}, "$$this.v.action"]},
}
_ASKED: Document = {
    "$cond": [
        {"$gt": ["$keys", None]},
        {"$in": [{"$last": {"$max": _KEYS}}, sorted(TO_A_PERSON)]},  # the action of the last key
        {"$ne": ["$ended.by", "ivr"]},
    ]
}
"""What an ended call had asked for; the twin of calls.lost."""
_SUMS: Document = {
    "_id": None,
    "offered": {"$sum": 1},
    "answered": _sum({"$gt": ["$answered", None]}),
    "in_time": _sum({"$and": [{"$gt": ["$answered", None]}, {"$lte": ["$answered.wait_s", IN_TIME_S]}]}),
    "self_served": _sum({"$and": [{"$eq": ["$ended.by", "ivr"]}, {"$eq": ["$ended.served", True]}]}),
    "lost": _sum({"$and": [{"$gt": ["$ended", None]}, {"$not": [{"$gt": ["$answered", None]}]}, _ASKED]}),
}
_WATCHED: list[Document] = [
    {"$match": {"ns.coll": {"$in": ["cases", "contacts"]}, "operationType": {"$in": ["insert", "update"]}}},
    {
        "$project": {
            "ns": 1,
            "documentKey": 1,
            "agent": {"$ifNull": ["$updateDescription.updatedFields.answered.agent", "$fullDocument.answered.agent"]},
        }
    },
]
