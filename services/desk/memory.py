"""The desk's store in memory, for tests and for the desk on its own: it answers as the real one does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from services.desk.domain.calls import IN_QUEUE, IN_TIME_S, Call, CallFigures, Facts, Waiting, call_of, lost
from services.desk.domain.sheet import Sheet
from services.desk.store import OPENED, Change, Page, View, Wanted, page_of, read_mark, read_sheet
from shared.documents import Document, Documents, Saved, Write, holder, keep_first
from shared.states import OVER
from shared.testing import MemoryDocuments, MemoryTable


class ToldDocuments(MemoryDocuments):
    """Documents that tell what was written, as a change stream does."""

    def __init__(self, table: MemoryTable, tell: "list[asyncio.Queue[Change]]") -> None:
        super().__init__(table)
        self._tell = tell

    async def save(self, writes: Sequence[Write], keep: bool = False) -> Saved:
        saved = await super().save(writes, keep)
        for case in saved.written:
            for queue in self._tell:
                queue.put_nowait(Change("cases", case))
        return saved


class MemoryStore:
    """Every collection as a dictionary."""

    def __init__(self) -> None:
        self._told: list[asyncio.Queue[Change]] = []
        self.table = MemoryTable()
        self.cases: Documents = ToldDocuments(self.table, self._told)
        self.contacts: dict[str, Document] = {}
        self.kept: dict[str, dict[str, Document]] = {"agents": {}, "drafts": {}, "presence": {}}
        self.seen: list[View] = []

    def _sheets(self) -> list[Document]:
        return [row for row in self.table.rows.values() if "state" in row]

    async def by_number(self, number: str) -> Sheet | None:
        return next((read_sheet(row) for row in self._sheets() if row["number"] == number.upper()), None)

    async def page(self, wanted: Wanted, after: str, limit: int) -> Page:
        mark = read_mark(after) if after else None
        found = sorted((row for row in self._sheets() if _fits(row, wanted)), key=_place)
        return page_of([row for row in found if mark is None or _place(row) > mark][: limit + 1], limit)

    async def count(self, wanted: Wanted) -> int:
        return sum(_fits(row, wanted) for row in self._sheets())

    async def of_caller(self, caller_ref: str, limit: int) -> list[Sheet]:
        found = [row for row in self._sheets() if caller_ref in row["refs"]]
        found.sort(key=lambda row: (row["open"], row["registered_at"]), reverse=True)
        return [read_sheet(row) for row in found[:limit]]

    async def with_words(self, words: Sequence[str], limit: int) -> list[Sheet]:
        found = [row for row in self._sheets() if row["open"] and set(row["words"]) & set(words)]
        found.sort(key=lambda row: row["registered_at"], reverse=True)
        return [read_sheet(row) for row in found[:limit]]

    async def by_state(self) -> dict[str, int]:
        states = [row["case_state"] for row in self._sheets() if row["open"]]
        return {state: states.count(state) for state in states}

    async def apply(self, facts: Sequence[Facts]) -> None:
        for one in facts:
            row = self.contacts.setdefault(one.contact, {"_id": one.contact})
            for place, fact in one.facts.items():
                keep_first(*holder(row, place), fact)
            row["stage"] = max(row.get("stage", 0), one.stage)
            agent = one.facts.get("answered", {}).get("agent", "")
            for queue in self._told:
                queue.put_nowait(Change("contacts", one.contact, agent))

    async def call(self, contact: str) -> Call | None:
        return call_of(self.contacts[contact]) if contact in self.contacts else None

    async def calls_of(self, agent: str, limit: int) -> list[Call]:
        found = [
            row for row in self.contacts.values() if row.get("answered", {}).get("agent") == agent and "offered" in row
        ]
        found.sort(key=lambda row: row["answered"]["time"], reverse=True)
        return [call_of(row) for row in found[:limit]]

    async def queue(self, since: datetime, limit: int) -> list[Call]:
        found = [row for row in self._calls(since) if row["stage"] in IN_QUEUE]
        return [call_of(row) for row in sorted(found, key=lambda row: row["offered"]["time"])[:limit]]

    async def waiting(self, since: datetime) -> Waiting:
        since_when = [row["offered"]["time"] for row in self._calls(since) if row["stage"] in IN_QUEUE]
        return Waiting(calls=len(since_when), oldest=min(since_when, default=None))

    async def figures(self, since: datetime) -> CallFigures:
        rows = self._calls(since)
        ended = [row["ended"] for row in rows if "ended" in row]
        answered = [row["answered"] for row in rows if "answered" in row]
        return CallFigures(
            offered=len(rows),
            answered=len(answered),
            in_time=sum(one["wait_s"] <= IN_TIME_S for one in answered),
            self_served=sum(one["by"] == "ivr" and one["served"] for one in ended),
            lost=sum(lost(row) for row in rows),
        )

    def _calls(self, since: datetime) -> list[Document]:
        return [
            row for row in self.contacts.values()
            if row.get("offered", {}).get("channel") == "call" and row["offered"]["time"] >= since
        ]  # fmt: skip

    async def put(self, collection: str, key: str, fields: Document) -> None:
        self.kept[collection].setdefault(key, {"_id": key}).update(fields)

    async def get(self, collection: str, key: str) -> Document:
        return dict(self.kept[collection].get(key, {}))

    async def drafts(self, keys: Sequence[str]) -> dict[str, Document]:
        return {key: dict(self.kept["drafts"][key]) for key in keys if key in self.kept["drafts"]}

    async def agents(self) -> list[Document]:
        return [self.kept["agents"][key] for key in sorted(self.kept["agents"])]

    async def viewed(self, view: View) -> None:
        self.seen.append(view)

    async def views(self, case: str, limit: int) -> list[View]:
        return [view for view in reversed(self.seen) if case in ("", view.case)][:limit]

    async def changes(self) -> AsyncIterator[Change]:
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self._told.append(queue)
        try:
            yield OPENED
            while True:
                yield await queue.get()
        finally:
            self._told.remove(queue)


def _place(row: Document) -> tuple[datetime, str]:
    return row["due"], str(row["_id"])


def _in_time(order: Document, wanted: Wanted) -> bool:
    return not wanted.unit or wanted.due_before is None or order["due"] < wanted.due_before


def _fits(row: Document, wanted: Wanted) -> bool:
    if wanted.supervised:
        found = [one["state"] for one in row["supervision"] if wanted.unit in ("", one["unit"])]
        return bool(set(found) & set(wanted.supervised))
    work = [one["state"] for one in row["work"] if wanted.unit in ("", one["unit"]) and _in_time(one, wanted)]
    wants_open = (wanted.order_states and not wanted.unit) or (
        wanted.case_states and not OVER & set(wanted.case_states)
    )  # fmt: skip
    return (
        bool(not wanted.unit or work)
        and (not wanted.order_states or bool(set(work) & set(wanted.order_states)))
        and (not wanted.case_states or row["case_state"] in wanted.case_states)
        and (not wants_open or row["open"])
        and (wanted.due_before is None or row["due"] < wanted.due_before)
        and (wanted.breached_since is None or (row["breached_at"] or row["registered_at"]) >= wanted.breached_since)
        and (wanted.breached_since is None or row["breached_at"] is not None)
    )
