"""reports' database: facts of one generation (a rebuild makes a new one), and the issues of the daily report.

A case document: `_id`, `rev`, `sequence`, `lane`, `partition`, `parked` (shared/reader.py), `state` (CaseFact), and for
queries `days` (domain/marks.py), `opened` (date), `gap`, `disputed`. A contact document: `_id`, `rev`, `state`, `days`.
`knowledge` has one document per key of that topic (`_id`, `rev`, `state`) and no generations.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from pymongo import ASCENDING, DESCENDING

from services.reports.domain.alerts import Opened
from services.reports.domain.case_facts import CaseFact
from services.reports.domain.daily import Urgent
from services.reports.domain.disputes import Dispute
from services.reports.domain.knowledge_facts import Known
from services.reports.domain.marks import Tally
from services.reports.domain.page import TOPIC
from services.reports.domain.repeats import WITHIN, repeated
from services.reports.domain.special import Selection
from services.reports.knowledge import known_of
from services.reports.rows import Days, add_up, asked_of, disputes_in, fact_of, gap_of, opened_of, text_of, urgent_of
from services.reports.words import Text
from shared.clock import CHINA
from shared.documents import Document, Documents
from shared.mongo import MongoDocuments, reachable
from shared.parked import index_parked
from shared.testing import MemoryDocuments, MemoryTable, Process

PAGE = 1000
ASKED = ("caller", "topic", "merged_into")
DISPUTED = ("event:case.arbitration_opened.v1", "event:supervision.opened.v1", "event:work_order.return_asked.v1")
"""Marks of a day on which something began that section 6 of its report lists."""
GRADED = ("priority:P0", "priority:P1", "event:case.regraded.v1")
"""Marks of a day on which a case can have become urgent."""
CAME_BACK: Document = {"state.closed": False, "state.merged_into": "", "state.attached_at.0": {"$exists": True}}
"""Open, and people contacted the centre about it again."""
EVER = datetime(1970, 1, 1, tzinfo=CHINA), datetime(9000, 1, 1, tzinfo=CHINA)


class Store(Protocol):
    """Facts and questions to them. Every method raises StoreAway while the database is away."""

    @property
    def cases(self) -> Documents: ...
    @property
    def contacts(self) -> Documents: ...
    @property
    def knowledge(self) -> Documents: ...

    async def known(self) -> dict[str, Known]:
        """What is known of the topic `knowledge`, by key."""
        ...

    async def tally(self, days: Days | None) -> Tally:
        """Sums over marks of these days, or of all."""
        ...

    async def urgent(self, day: str) -> list[Urgent]:
        """P0 and P1 cases that were registered on the day, or became so on it."""
        ...

    async def disputes(self, day: str) -> list[Dispute]:
        """What waits for a decision or an answer, and what began on the day; of at most a thousand cases."""
        ...

    async def on_duty(self, day: str) -> list[str]:
        """Agents who answered a call that began on the day."""
        ...

    async def texts(self, since: datetime, until: datetime, limit: int) -> list[Text]:
        """Cases registered in [since, until), the newest `limit`."""
        ...

    async def opened(self, since: datetime, until: datetime) -> list[Opened]:
        """Cases registered in (since, until]."""
        ...

    async def repeated(self, since: datetime, until: datetime) -> list[Opened]:
        """Cases that are open although people contacted the centre about them again."""
        ...

    async def facts(self, wanted: Selection, limit: int) -> dict[str, CaseFact]:
        """The selection's cases by id, the oldest first, at most so many."""
        ...

    async def gaps(self) -> list[Document]:
        """Cases with missing sequences (`case`, `number`, `gaps`), at most a thousand."""
        ...


class MongoStore:
    """The store on MongoDB, of one generation of facts."""

    def __init__(self, database: Any, generation: int) -> None:
        self.number = generation
        suffix = f"_{generation}" if generation else ""
        self.collection = database[f"cases{suffix}"]
        self.contact_collection = database[f"contacts{suffix}"]
        self.collections = (self.collection, self.contact_collection)
        self.cases: Documents = MongoDocuments(self.collection)
        self.contacts: Documents = MongoDocuments(self.contact_collection)
        self._knowledge = database.knowledge
        self.knowledge: Documents = MongoDocuments(self._knowledge)

    async def prepare(self) -> None:
        """Create the indexes."""
        with reachable():
            for collection in self.collections:
                await collection.create_index([("days.d", ASCENDING)])
            asked = [("opened", ASCENDING), *((f"state.{name}", ASCENDING) for name in ASKED)]
            await self.collection.create_index(asked)
            disputed = [("disputed", ASCENDING), ("opened", ASCENDING)]
            await self.collection.create_index(disputed, partialFilterExpression={"disputed": True})
            gaps = [("gap", ASCENDING), ("_id", ASCENDING)]
            await self.collection.create_index(gaps, partialFilterExpression={"gap": True})
            await index_parked(self.collection)

    async def known(self) -> dict[str, Known]:
        with reachable():
            return {row["_id"]: known_of(row) async for row in self._knowledge.find()}

    async def tally(self, days: Days | None) -> Tally:
        cases, handled_ms = add_up(await self._groups(self.collection, days))
        contacts, wait_ms = add_up(await self._groups(self.contact_collection, days))
        cases["repeated"] = await self._repeated(days)
        return Tally(cases + contacts, wait_ms, handled_ms)

    async def _repeated(self, days: Days | None) -> int:
        """domain/repeats.py as a query that the index alone answers."""
        first, end = days.span() if days else EVER
        near = {"$lte": [{"$subtract": ["$at", "$before"]}, round(WITHIN.total_seconds() * 1000)]}
        again = {"caller": {"$gt": ""}, "topic": {"$gt": ""}, "before": {"$ne": None}, "$expr": near}
        pipeline: list[Document] = [
            {"$match": {"opened": {"$gte": first - WITHIN if days else first, "$lt": end}}},
            {"$project": {"_id": 0, "at": "$opened", **{name: f"$state.{name}" for name in ASKED}}},
            {
                "$setWindowFields": {
                    "partitionBy": {"caller": "$caller", "topic": "$topic"},
                    "sortBy": {"at": 1},
                    "output": {"before": {"$shift": {"output": "$at", "by": -1}}},
                }
            },
            {"$match": {"at": {"$gte": first}, "$or": [{"merged_into": {"$ne": ""}}, again]}},
            {"$count": "count"},
        ]
        with reachable():
            rows = await self.collection.aggregate(pipeline, allowDiskUse=True).to_list(None)
        return int(rows[0]["count"]) if rows else 0

    async def _groups(self, collection: Any, days: Days | None) -> list[Document]:
        """Facts with the same marks on a day are one group; there are far fewer groups than facts."""
        span = {"$gte": days.first, "$lte": days.last} if days else {"$exists": True}
        pipeline = [
            {"$match": {"days": {"$elemMatch": {"d": span}}}},
            {"$project": {"days": 1}},
            {"$unwind": "$days"},
            {"$match": {"days.d": span}},
            {"$group": {"_id": "$days.m", "n": {"$sum": 1}, "ms": {"$sum": "$days.ms"}}},
        ]
        with reachable():
            found: list[Document] = await collection.aggregate(pipeline, allowDiskUse=True).to_list(None)
        return found

    async def urgent(self, day: str) -> list[Urgent]:
        query = {"days": {"$elemMatch": {"d": day, "m": {"$in": list(GRADED)}}}}
        with reachable():
            return urgent_of(await self.collection.find(query, {"state": 1}).to_list(None), day)

    async def disputes(self, day: str) -> list[Dispute]:
        began = {"days": {"$elemMatch": {"d": day, "m": {"$in": list(DISPUTED)}}}}
        with reachable():
            cursor = self.collection.find({"$or": [{"disputed": True}, began]}, {"state": 1})
            return disputes_in(await cursor.sort("opened").limit(PAGE).to_list(None), day)

    async def on_duty(self, day: str) -> list[str]:
        answered = {"days": {"$elemMatch": {"d": day, "m": "answered"}}}
        pipeline: list[Document] = [
            {"$match": answered},
            {"$project": {"event": {"$objectToArray": "$state.events"}}},
            {"$unwind": "$event"},
            {"$match": {"event.v.kind": "answered"}},
            {"$group": {"_id": "$event.v.agent"}},
        ]
        with reachable():
            return sorted([row["_id"] async for row in self.contact_collection.aggregate(pipeline)])

    async def texts(self, since: datetime, until: datetime, limit: int) -> list[Text]:
        fields = dict.fromkeys(("state.number", "state.area", "state.title", "state.text"), 1)
        query = {"opened": {"$gte": since, "$lt": until}}
        with reachable():
            cursor = self.collection.find(query, fields).sort("opened", DESCENDING).limit(limit)
            return [text_of(row) for row in await cursor.to_list(None)]

    async def opened(self, since: datetime, until: datetime) -> list[Opened]:
        return await self._opened({"opened": {"$gt": since, "$lte": until}})

    async def repeated(self, since: datetime, until: datetime) -> list[Opened]:
        return await self._opened({"opened": {"$gt": since, "$lte": until}, **CAME_BACK})

    async def facts(self, wanted: Selection, limit: int) -> dict[str, CaseFact]:
        with reachable():
            cursor = self.collection.find(_query(wanted), {"state": 1})
            rows = await cursor.sort("opened").limit(limit).to_list(None)
        return {row["_id"]: fact_of(row) for row in rows}

    async def _opened(self, query: Document) -> list[Opened]:
        fields = ("number", "topic", "area", "priority", "attached_at", "closed", "merged_into")
        projection = {"opened": 1, **{f"state.{name}": 1 for name in fields}}
        with reachable():
            return [opened_of(row) for row in await self.collection.find(query, projection).to_list(None)]

    async def gaps(self) -> list[Document]:
        with reachable():
            rows = await self.collection.find({"gap": True}, {"state": 1}).sort("_id").limit(PAGE).to_list(None)
        return [gap_of(row) for row in rows]


class MemoryStore:
    """The store in memory, for tests."""

    def __init__(self, process: Process | None = None, fails: float = 0.0) -> None:
        self.case_table, self.contact_table = MemoryTable(), MemoryTable()
        self.cases: Documents = MemoryDocuments(self.case_table, process, fails)
        self.contacts: Documents = MemoryDocuments(self.contact_table, process, fails)
        self._knowledge = MemoryTable()
        self.knowledge: Documents = MemoryDocuments(self._knowledge)

    async def known(self) -> dict[str, Known]:
        return {key: known_of(row) for key, row in self._knowledge.rows.items()}

    async def tally(self, days: Days | None) -> Tally:
        cases, handled_ms = add_up(_groups(self.case_table, days))
        contacts, wait_ms = add_up(_groups(self.contact_table, days))
        first, end = days.span() if days else EVER
        cases["repeated"] = repeated([asked_of(row) for row in self._rows() if row["opened"]], first, end)
        return Tally(cases + contacts, wait_ms, handled_ms)

    async def urgent(self, day: str) -> list[Urgent]:
        return urgent_of([row for row in self._rows() if _marked(row, day, GRADED)], day)

    async def disputes(self, day: str) -> list[Dispute]:
        began = [r for r in self._rows() if r["disputed"] or _marked(r, day, DISPUTED)]
        return disputes_in(sorted(began, key=lambda row: row["opened"])[:PAGE], day)

    async def on_duty(self, day: str) -> list[str]:
        rows = [row for row in self.contact_table.rows.values() if _marked(row, day, ("answered",))]
        touches = [touch for row in rows for touch in row["state"]["events"].values()]
        return sorted({touch["agent"] for touch in touches if touch["kind"] == "answered"})

    async def texts(self, since: datetime, until: datetime, limit: int) -> list[Text]:
        rows = sorted(self._between(since, until), key=lambda row: row["opened"], reverse=True)
        return [text_of(row) for row in rows[:limit] if row["opened"] < until]

    async def opened(self, since: datetime, until: datetime) -> list[Opened]:
        return [opened_of(row) for row in self._between(since, until) if row["opened"] > since]

    async def repeated(self, since: datetime, until: datetime) -> list[Opened]:
        return [row for row in await self.opened(since, until) if row.repeats and row.open]

    async def facts(self, wanted: Selection, limit: int) -> dict[str, CaseFact]:
        since, until = wanted.span()
        rows = sorted(self._between(since, until), key=lambda row: row["opened"])
        found = [(row["_id"], fact_of(row)) for row in rows if row["opened"] > since]
        return dict([(case, fact) for case, fact in found if wanted.fits(fact)][:limit])

    async def gaps(self) -> list[Document]:
        return [gap_of(row) for row in self._rows() if row["gap"]]

    def _rows(self) -> list[Document]:
        return [row for row in self.case_table.rows.values() if "state" in row]

    def _between(self, since: datetime, until: datetime) -> list[Document]:
        return [row for row in self._rows() if row["opened"] and since <= row["opened"] <= until]


def _query(wanted: Selection) -> Document:
    """domain/special.py, Selection.fits, as a query."""
    since, until = wanted.span()
    fields: Document = {f"state.{name}": value for name, value in wanted.fields().items()}
    if len(wanted.topic) == TOPIC:
        fields["state.topic"] = {"$regex": f"^{re.escape(wanted.topic)}"}
    return {"opened": {"$gt": since, "$lte": until}, **fields, **(CAME_BACK if wanted.repeated else {})}


def _marked(row: Document, day: str, marks: Iterable[str]) -> bool:
    return any(one["d"] == day and {*marks} & {*one["m"]} for one in row["days"])


def _groups(table: MemoryTable, days: Days | None) -> Sequence[Document]:
    return [
        {"_id": day["m"], "n": 1, "ms": day["ms"]}
        for row in table.rows.values()
        for day in row.get("days", ())
        if days is None or days.first <= day["d"] <= days.last
    ]
