"""What the doors ask of their stores about existing cases: each question by name, with the arguments of a real case."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from services.desk.store import MongoStore as DeskStore
from services.desk.store import Wanted
from services.dispatch.api import ListQuery, wanted
from services.dispatch.store import MongoStore as DispatchStore
from services.notify.store import MongoStore as NotifyStore
from services.reports.domain.marks import day_of
from services.reports.rows import Days
from services.reports.store import MongoStore as ReportsStore
from services.sla.store import MongoStore as SlaStore
from shared.documents import Document
from shared.mongo import connect
from shared.parked import parked_cases
from shared.policy import load_units
from shared.settings import Settings
from shared.states import OrderState

SERVICES = ("dispatch", "sla", "notify", "reports", "desk")
PAGE, DEEP = 50, 5
"""Rows of a page, and pages before the deep one."""
AT_WORK: tuple[OrderState, ...] = ("WAIT_SIGN", "HANDLING")


class Question(NamedTuple):
    """`ask` makes a new query each time; `service` is whose database answers."""

    name: str
    service: str
    ask: Callable[[], Awaitable[Any]]


class Doors:
    """The stores of a city and one of its open cases."""

    def __init__(self, settings: Settings) -> None:
        self.databases = {service: connect(settings, service) for service in SERVICES}
        self._dispatch, self._desk = DispatchStore(self.databases["dispatch"]), DeskStore(self.databases["desk"])
        self._sla, self._notify = SlaStore(self.databases["sla"]), NotifyStore(self.databases["notify"])
        self._reports = ReportsStore(self.databases["reports"], 0)
        self._units = frozenset(load_units(settings.policy).by_code())

    def close(self) -> None:
        for database in self.databases.values():
            database.client.close()

    async def questions(self) -> list[Question]:
        """Every question, about a case that is at work."""
        case = await self.databases["dispatch"].cases.find_one({"state": "HANDLING", "work": {"$size": 1}})
        case_id, number, unit = case["_id"], case["number"], case["work"][0]["unit"]
        sheet = await self.databases["desk"].cases.find_one({"_id": case_id})
        return [
            *self._of_dispatch(case_id, number, case["contact"]),
            *await self._of_lists(unit),
            *await self._of_desk(number, unit, sheet["refs"][0], sheet["words"]),
            *await self._of_notify(),
            *self._of_sla(),
            *self._of_reports(sheet["registered_at"]),
            *self._parked(),
        ]

    def bare(self, case_id: str) -> Question:
        """Finding a document by its id: what every other question is held against."""
        return Question("by id", "dispatch", lambda: self._dispatch.cases.load([case_id]))

    def _of_dispatch(self, case_id: str, number: str, contact: str) -> list[Question]:
        store = self._dispatch
        return [
            self.bare(case_id),
            Question("by number", "dispatch", lambda: store.by_number(number)),
            Question("by contact and matter", "dispatch", lambda: store.first_cases([contact])),
            Question("known", "dispatch", lambda: store.known([case_id])),
            Question("waiting commands", "dispatch", store.waiting),
            Question("cases that nobody keeps, count", "dispatch", lambda: store.unkept(datetime.now(UTC))),
        ]

    async def _of_lists(self, unit: str) -> list[Question]:
        kept = await self.databases["dispatch"].cases.find_one({"keeper": {"$gt": ""}})
        units = self._units
        lists = {
            "unit any state": wanted(ListQuery(unit=unit), units),
            "unit HANDLING": wanted(ListQuery(unit=unit, state="HANDLING"), units),
            "HANDLING of any unit": wanted(ListQuery(order_state="HANDLING"), units),
            "HANDLING": wanted(ListQuery(state="HANDLING"), units),
            "a keeper": wanted(ListQuery(keeper=kept["keeper"]), units),
            "nobody's": wanted(ListQuery(unkept=True), units),
        }
        return [one for about, query in lists.items() for one in await self._lists(about, query)]

    async def _lists(self, about: str, query: Document) -> list[Question]:
        """The first page of dispatch's list, and a deep one."""
        store, after = self._dispatch, ""
        for _ in range(DEEP):
            rows = await store.page(query, after, PAGE)
            after = rows[-1]["_id"] if len(rows) == PAGE else after
        return [
            Question(f"page of {about}", "dispatch", lambda: store.page(query, "", PAGE)),
            Question(f"deep page of {about}", "dispatch", lambda: store.page(query, after, PAGE)),
        ]

    async def _of_desk(self, number: str, unit: str, caller: str, words: list[str]) -> list[Question]:
        store, now = self._desk, datetime.now(UTC)
        lists = {
            "inbox": Wanted(unit=unit, order_states=("HANDLING",)),
            "inbox, due": Wanted(unit=unit, order_states=AT_WORK, due_before=now + timedelta(days=3660)),
            "returns": Wanted(order_states=("RETURN_ASKED",)),
            "to dispatch": Wanted(case_states=("PENDING_DISPATCH",)),
            "to audit": Wanted(order_states=("FED_BACK",)),
            "overdue": Wanted(order_states=AT_WORK, due_before=now + timedelta(days=3660)),
            "to follow up": Wanted(case_states=("PENDING_CALLBACK",)),
        }
        found = [one for name, wanted in lists.items() for one in await self._desk_list(name, wanted)]
        return [
            *found,
            Question("breached today", "desk", lambda: store.count(Wanted(breached_since=now))),
            Question("sheet by number", "desk", lambda: store.by_number(number)),
            Question("cases of a caller", "desk", lambda: store.of_caller(caller, PAGE)),
            Question("cases with such words", "desk", lambda: store.with_words(words, PAGE)),
            Question("open cases by state", "desk", store.by_state),
            Question("queue", "desk", lambda: store.queue(now, PAGE)),
            Question("length of the queue", "desk", lambda: store.waiting(now)),
            Question("calls of an agent", "desk", lambda: store.calls_of("a001", PAGE)),
            Question("figures of the day", "desk", lambda: store.figures(now)),
            Question("views of a case", "desk", lambda: store.views(number, PAGE)),
        ]

    async def _desk_list(self, name: str, wanted: Wanted) -> list[Question]:
        store, after = self._desk, ""
        for _ in range(DEEP):
            after = (await store.page(wanted, after, PAGE)).next or after
        return [
            Question(name, "desk", lambda: store.page(wanted, "", PAGE)),
            Question(f"{name}, deep", "desk", lambda: store.page(wanted, after, PAGE)),
            Question(f"{name}, count", "desk", lambda: store.count(wanted)),
        ]

    async def _of_notify(self) -> list[Question]:
        store, now = self._notify, datetime.now(UTC).timestamp()
        first = await store.waiting("unreachable", "", PAGE)
        after = first[-1]["_id"] if first else ""
        return [
            Question("debts that are due", "notify", lambda: store.due("N", range(8), now, 1000)),
            Question("debts for a person", "notify", lambda: store.waiting("unreachable", "", PAGE)),
            Question("debts for a person, next", "notify", lambda: store.waiting("unreachable", after, PAGE)),
            Question("debts counted", "notify", store.counts),
        ]

    def _of_sla(self) -> list[Question]:
        store, now = self._sla, datetime.now(UTC)
        return [
            Question("timers that are due", "sla", lambda: store.due("N", [*range(8)], now, 500)),
            Question("timers that are due, one partition", "sla", lambda: store.due("N", [3], now, 500)),
            Question("the next timers", "sla", lambda: store.due("N", [*range(8)], now + timedelta(days=9999), PAGE)),
        ]

    def _of_reports(self, moment: datetime) -> list[Question]:
        store, hour = self._reports, timedelta(hours=1)
        day = day_of(moment)
        return [
            Question("figures of a day's cases", "reports", lambda: store.tally(Days(day, day))),
            Question("urgent cases of a day", "reports", lambda: store.urgent(day)),
            Question("texts of two hours", "reports", lambda: store.texts(moment - hour, moment + hour, 500)),
            Question("opened in an hour", "reports", lambda: store.opened(moment - hour, moment)),
            Question("repeated in an hour", "reports", lambda: store.repeated(moment - hour, moment)),
            Question("gaps", "reports", store.gaps),
        ]

    def _parked(self) -> list[Question]:
        return [_parked(name, self.databases[name].cases) for name in SERVICES if name != "dispatch"]


def _parked(service: str, collection: Any) -> Question:
    return Question(f"parked by {service}", service, lambda: parked_cases(collection))
