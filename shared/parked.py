"""What a reader has parked: folding it again at each start, and the operator's routes for it."""

import base64
from typing import Any, Protocol

import structlog
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from shared.documents import Document
from shared.mongo import reachable
from shared.reader import CaseReader, Change
from shared.service import Problem, operator
from shared.settings import Settings

log = structlog.get_logger()
PAGE = 1000
_ANY = {"parked.0.origin": {"$gt": ""}}


class Redrive(BaseModel):
    """`replace`: origin → base64 of other bytes; `discard`: origins that nobody needs. Both empty: as it is."""

    replace: dict[str, str] = Field(default_factory=dict)
    discard: list[str] = Field(default_factory=list)


class Unparks(Protocol):
    """What folds a case's parked events again: a CaseReader, or what stands for the one of the moment."""

    async def unpark(self, case: str, replaced: dict[str, bytes | None] | None = None) -> Change[Any] | None: ...


async def index_parked(collection: Any) -> None:
    """An index of the cases with parked events alone, so that a start does not read all the others."""
    await collection.create_index("parked.0.origin", partialFilterExpression=_ANY)


async def parked_cases(collection: Any) -> list[Document]:
    """Cases with parked events (`_id` and `parked`), at most a thousand."""
    with reachable():
        found: list[Document] = await collection.find(_ANY, {"parked": 1}).limit(PAGE).to_list(None)
    return found


async def unpark(reader: Unparks, case: str, replaced: dict[str, bytes | None]) -> list[str]:
    """Fold what the case has parked, as often as somebody else writes first; returns the origins that stay parked."""
    while True:
        change = await reader.unpark(case, replaced)
        if change is not None:
            return [entry["origin"] for entry in change.parked]


async def unpark_all(reader: CaseReader[Any], collection: Any) -> None:
    """At each start: whoever mended the reader has started it again."""
    for document in await parked_cases(collection):
        left = await unpark(reader, document["_id"], {})
        log.info("parked events folded again", reader=reader.view.name, case=document["_id"], left=len(left))


def parked_router(settings: Settings, reader: Unparks, collection: Any) -> APIRouter:
    """GET /parked and POST /parked/{case}/redrive, for the role operator."""
    router = APIRouter(tags=["operator"])

    @router.get("/parked")
    async def listed(request: Request) -> dict[str, Any]:
        operator(request, settings, "parked events")
        rows = await parked_cases(collection)
        return {"items": [{"case": row["_id"], "origins": [one["origin"] for one in row["parked"]]} for row in rows]}

    @router.post("/parked/{case}/redrive")
    async def redrive(request: Request, case: str, body: Redrive) -> dict[str, int]:
        """Fold again; 409 when what was to be mended, or everything, still cannot be read.

        `left` are events behind another one that cannot be read; that one has its own dead letter.
        """
        operator(request, settings, "parked events")
        replaced = _replaced(body)
        left = await unpark(reader, case, replaced)
        if left and (not replaced or left[0] in replaced):
            raise Problem(409, "still_unreadable", f"{left[0]} cannot be read; {len(left)} events of {case} are parked")
        return {"left": len(left)}

    return router


def _replaced(body: Redrive) -> dict[str, bytes | None]:
    try:
        given = {origin: base64.b64decode(text, validate=True) for origin, text in body.replace.items()}
    except ValueError as error:
        raise Problem(422, "invalid", f"replace: not base64: {error}") from error
    return {**given, **dict.fromkeys(body.discard)}
