"""dispatch's door from HTTP: commands to a case, a case, lists of cases."""

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse

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
from shared.service import Problem, caller
from shared.settings import Settings
from shared.states import ENDED, OrderState

READERS = frozenset({"agent", "dispatcher", "auditor", "supervisor", "operator", "service", "unit"})
_AT_WORK = sorted(set(get_args(OrderState)) - ENDED)
"""States of the orders that a case is listed by."""


def cases_router(settings: Settings, store: MongoStore, desk: Desk, rules: Rules) -> APIRouter:
    """Routes under /cases."""
    router = APIRouter(tags=["cases"])
    topics = Topics(settings.city)
    keepers = Keepers(store, desk)

    async def send(request: Request, case: str, verb: str, key: str) -> JSONResponse:
        who = caller(request, settings)
        trace = request.headers.get("traceparent", "")
        status, answer = await desk.command(case, verb, await read_body(request, dict[str, Any]), key, who, trace)
        return JSONResponse(answer, status_code=status)

    @router.get("/cases/{case}/commands/{command}")
    async def outcome(request: Request, case: str, command: str) -> JSONResponse:
        """What became of a command."""
        _reader(caller(request, settings))
        status, answer = await desk.outcome(case, command)
        return JSONResponse(answer, status_code=status)

    @router.get("/cases/{case}")
    async def one(request: Request, case: str) -> dict[str, Any]:
        """A case with its whole timeline, by id or by number."""
        who = _reader(caller(request, settings))
        document = await _find(store, case)
        _check_unit(who, document)
        case_id = str(document["_id"])
        return whole(document, timeline(read_log(document), topics.cases(lane_of(case_id))), rules)

    @router.get("/cases")
    async def many(
        request: Request, unit: str = "", state: str = "", keeper: str = "", unkept: bool = False, after: str = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:  # fmt: skip
        """Cases by state, by unit and state of its order, or the open ones by keeper or without one (`unkept`).

        The next page starts `after` the last id.
        """
        who = _reader(caller(request, settings))
        if who.unit and unit != who.unit:
            raise Problem(403, "forbidden", f"{who.role} lists its own cases only: unit={who.unit}")
        found = await store.page(query_of(unit, state, keeper, unkept), after, limit)
        return {"items": [summary(document, rules) for document in found], "next": found[-1]["_id"] if found else None}

    # After the few that read: routes are tried one by one.
    for name in RIGHTS:
        router.add_api_route(
            f"/cases/{{case}}/commands/{name}",
            _door(name, send),
            methods=["POST"],
            name=name,
            openapi_extra=described_body(VERBS[name]),
            responses={202: {"description": "Taken; the outcome comes later"}},
        )

    @router.post(
        "/keepers/{keeper}/handover",
        openapi_extra=described_body(Handover),
        responses={422: {"description": "Wrong body"}},
    )
    async def hand_over(
        request: Request, keeper: str, idempotency_key: Annotated[str, Header(min_length=1, max_length=200)]
    ) -> dict[str, Any]:
        """All open cases of a keeper to another one, with a note."""
        who = caller(request, settings)
        body = await read_body(request, Handover)
        return await keepers.hand_over(keeper, body, idempotency_key, who)

    return router


def _door(verb: str, send: Any) -> Any:
    async def command(
        request: Request, case: str, idempotency_key: Annotated[str, Header(min_length=1, max_length=200)]
    ) -> JSONResponse:
        return await send(request, case, verb, idempotency_key)  # type: ignore[no-any-return]

    return command


def _reader(who: Identity) -> Identity:
    if who.role.split(":")[0] not in READERS:
        raise Problem(403, "forbidden", f"{who.role} may not read cases")
    return who


async def _find(store: MongoStore, case: str) -> Document:
    found = [*(await store.cases.load([case])).values()] if is_case_id(case) else await store.by_number(case)
    if not found:
        raise Problem(404, "no_such_case", f"there is no case {case}")
    return found[0]


def _check_unit(who: Identity, document: Document) -> None:
    if who.unit and all(order.unit != who.unit for order in read_case(document).orders):
        raise Problem(403, "forbidden", "this unit has no order on the case")


def query_of(unit: str, state: str, keeper: str = "", unkept: bool = False) -> Document:
    """What the list of cases asks of the store."""
    if unit:
        # Every state is named, so that the index keeps the order and nothing is sorted.
        return {"work": {"$elemMatch": {"unit": unit, "state": state or {"$in": _AT_WORK}}}}
    query: Document = {"state": state} if state else {}
    if keeper:
        query["keeper"] = keeper
    if unkept:
        query["unkept"] = {"$type": "date"}
    return query
