"""dispatch's door from HTTP: commands to a case, a case, lists of cases."""

from collections.abc import Collection
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Header, Request, Response
from msgspec import Meta, Struct

from services.dispatch.desk import RIGHTS, Desk
from services.dispatch.domain.context import Rules
from services.dispatch.keepers import Handover, Keepers
from services.dispatch.store import MongoStore, read_case, read_log
from services.dispatch.views import summary, timeline, whole
from shared.auth import Identity
from shared.bodies import described_body, read_body
from shared.documents import Document
from shared.events.commands import VERBS
from shared.events.topics import Topics, is_case_id, lane_of
from shared.plain import Busy, PlainRouter, answer, own_key, query_of
from shared.service import Problem, caller
from shared.settings import Settings
from shared.states import ENDED, CaseState, OrderState

READERS = frozenset({"agent", "dispatcher", "auditor", "supervisor", "operator", "service", "unit"})
_AT_WORK = sorted(set(get_args(OrderState)) - ENDED)
"""States of the orders that a case is listed by."""


class ListQuery(Struct, frozen=True, kw_only=True):
    """Which cases a list shows, and how many at once."""

    unit: str = ""
    state: str = ""
    order_state: str = ""
    """Of an open order of any unit."""
    keeper: str = ""
    unkept: bool = False
    after: str = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class CasesApi:
    """The routes under /cases of one dispatch process, and the handing over of a keeper's cases."""

    def __init__(self, settings: Settings, store: MongoStore, desk: Desk, rules: Rules) -> None:
        self._settings = settings
        self._store = store
        self._desk = desk
        self._rules = rules
        self._topics = Topics(settings.city)
        self._keepers = Keepers(store, desk)

    def router(self) -> APIRouter:
        plain = PlainRouter("cases")
        plain.read("/cases/{case}/commands/{command}", self.outcome)
        plain.read("/cases/{case}", self.one)
        plain.read("/cases", self.many, ListQuery)
        for verb in RIGHTS:
            plain.command(f"/cases/{{case}}/commands/{verb}", self.command, VERBS[verb])
        router = APIRouter()
        router.include_router(plain)
        router.add_api_route(
            "/keepers/{keeper}/handover", self.hand_over, methods=["POST"], tags=["cases"],
            openapi_extra=described_body(Handover), responses={422: {"description": "Wrong body"}},
        )  # fmt: skip
        return router

    def busy(self) -> Busy:
        """What the life of a case asks for; the router would try forty routes one after the other."""
        return {
            ("POST", "/cases/{case}/commands/{verb}"): self.command,
            ("GET", "/cases/{case}/commands/{command}"): self.outcome,
            ("GET", "/cases/{case}"): self.one,
            ("GET", "/cases"): self.many,
        }

    async def command(self, request: Request) -> Response:
        """200 with the event, 409 with the reason, 202 when the outcome is later than two seconds."""
        who, trace = caller(request, self._settings), request.headers.get("traceparent", "")
        case, verb = request.path_params["case"], request.scope["path"].rpartition("/")[2]
        body = await read_body(request, dict[str, Any])
        status, outcome = await self._desk.command(case, verb, body, own_key(request), who, trace)
        return answer(outcome, status)

    async def outcome(self, request: Request) -> Response:
        """What became of a command."""
        _reader(caller(request, self._settings))
        status, outcome = await self._desk.outcome(request.path_params["case"], request.path_params["command"])
        return answer(outcome, status)

    async def one(self, request: Request) -> Response:
        """A case with its whole timeline, by id or by number; a unit reads there what concerns it."""
        who = _reader(caller(request, self._settings))
        document = await _find(self._store, request.path_params["case"])
        _check_unit(who, document)
        happened = timeline(read_log(document), self._topics.cases(lane_of(str(document["_id"]))))
        return answer(whole(document, happened, self._rules, who.unit), 200)

    async def many(self, request: Request) -> Response:
        """Cases by state, by unit and state of its order, by the state of any unit's order (`order_state`), or the open
        ones by keeper or without one (`unkept`).

        The next page starts `after` the last id.
        """
        who = _reader(caller(request, self._settings))
        asked = query_of(request, ListQuery)
        if who.unit and asked.unit != who.unit:
            raise Problem(403, "forbidden", f"{who.role} lists its own cases only: unit={who.unit}")
        _check_state(asked.state, get_args(OrderState if asked.unit else CaseState))
        _check_state(asked.order_state, _AT_WORK)
        found = await self._store.page(wanted(asked, self._rules.units), asked.after, asked.limit)
        rows = [summary(document, self._rules) for document in found]
        return answer({"items": rows, "next": found[-1]["_id"] if found else None}, 200)

    async def hand_over(
        self, request: Request, keeper: str, idempotency_key: Annotated[str, Header(min_length=1, max_length=200)]
    ) -> dict[str, Any]:
        """All open cases of a keeper to another one, with a note."""
        who = caller(request, self._settings)
        return await self._keepers.hand_over(keeper, await read_body(request, Handover), idempotency_key, who)


def _reader(who: Identity) -> Identity:
    if who.role.split(":")[0] not in READERS:
        raise Problem(403, "forbidden", f"{who.role} may not read cases")
    return who


def _check_state(state: str, states: Collection[str]) -> None:
    if state and state not in states:
        raise Problem(422, "invalid", f"state: {state[:40]!r} is no state; there are {', '.join(states)}")


async def _find(store: MongoStore, case: str) -> Document:
    found = [*(await store.cases.load([case])).values()] if is_case_id(case) else await store.by_number(case)
    if not found:
        raise Problem(404, "no_such_case", f"there is no case {case}")
    return found[0]


def _check_unit(who: Identity, document: Document) -> None:
    if who.unit and all(order.unit != who.unit for order in read_case(document).orders):
        raise Problem(403, "forbidden", "this unit has no order on the case")


def wanted(asked: ListQuery, units: Collection[str]) -> Document:
    """What the list of cases asks of the store; every state or unit is named, so that the index keeps the order."""
    if asked.unit:
        return {"work": {"$elemMatch": {"unit": asked.unit, "state": asked.state or {"$in": _AT_WORK}}}}
    if asked.order_state:
        return {"work": {"$elemMatch": {"unit": {"$in": sorted(units)}, "state": asked.order_state}}}
    query: Document = {"state": asked.state} if asked.state else {}
    if asked.keeper:
        query["keeper"] = asked.keeper
    if asked.unkept:
        query["keeper"] = ""
    return query
