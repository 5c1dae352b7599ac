"""intake's door to its own spools: what waits in them, and what the broker has refused for good."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from fastapi import APIRouter, Request, Response
from msgspec.json import Decoder

from services.intake.asking import sender_of
from services.intake.bodies import SettleBody
from services.intake.spool import Refusal, Spool
from shared.clock import CHINA
from shared.events.topics import Lane
from shared.plain import PlainRouter, answer, body_of
from shared.records import Record
from shared.service import Problem
from shared.settings import Settings

log = structlog.get_logger()
LOOKERS = frozenset({"operator", "supervisor", "service"})
OPERATOR = frozenset({"operator"})
MOST = 20
"""Refused requests of a lane that are shown at once, whole; those behind them follow as the first are settled."""
_NUMBER = re.compile(r"[0-9]{1,18}")
_settle = Decoder(SettleBody)


class Place(NamedTuple):
    """Where a refused request lies: `intake.1/normal/7`. Numbers repeat from spool to spool."""

    replica: str
    lane: str
    number: str

    def __str__(self) -> str:
        return "/".join(self)


class SpoolApi:
    """The routes under /spool of one intake process."""

    def __init__(self, settings: Settings, spools: Mapping[Lane, Spool]) -> None:
        self._settings = settings
        self._spools = spools

    def router(self) -> APIRouter:
        router = PlainRouter("operator")
        router.read("/spool", self.counts)
        router.read("/spool/refused", self.refused)
        router.change("/spool/refused/{replica}/{lane}/{number}/settled", self.settle, SettleBody)
        return router

    async def counts(self, request: Request) -> Response:
        """Requests that wait for the broker, and refused ones that nobody has settled, per lane."""
        sender_of(request, self._settings, LOOKERS)
        spools = self._spools.values()
        return answer({one.lane: {"entries": one.entries, "refused": one.refused} for one in spools}, 200)

    async def refused(self, request: Request) -> Response:
        """What the broker refused for good at this replica and nobody has settled: the oldest 20 of each lane."""
        sender_of(request, self._settings, OPERATOR)
        name, items = self._settings.name, []
        for lane, spool in self._spools.items():
            items += [_shown(Place(name, lane, str(one.number)), one) for one in await spool.refusals(MOST)]
        return answer({"replica": name, "items": items}, 200)

    async def settle(self, request: Request) -> Response:
        """Somebody has seen to it: it stays on disk, with who and why, and is no alarm any more."""
        who = sender_of(request, self._settings, OPERATOR).identity
        place = Place(**request.path_params)
        spool, why = self._spool(place), (await body_of(request, _settle)).why
        if not _NUMBER.fullmatch(place.number) or not await spool.settle(int(place.number), who.actor, why):
            raise Problem(404, "no_such_request", f"the broker refused no request {place}")
        log.warning("a refused request is settled", by=who.actor, entry=str(place), why=why)
        return answer({"settled": str(place)}, 200)

    def _spool(self, place: Place) -> Spool:
        """Of this process; another replica's is not reached from here. Raises Problem."""
        if place.replica != self._settings.name:
            words = f"{place} lies at {place.replica}; this is {self._settings.name}"
            raise Problem(404, "other_replica", words)
        for lane, spool in self._spools.items():
            if lane == place.lane:
                return spool
        raise Problem(404, "no_such_request", f"{place.lane!r} is no lane; there are {', '.join(self._spools)}")


def _shown(place: Place, one: Refusal) -> dict[str, Any]:
    at = datetime.fromtimestamp(one.at, CHINA).isoformat(timespec="seconds")
    records = [_plain(record) for record in one.records()]
    return {"entry": str(place), "at": at, "reason": one.reason, "records": records}


def _plain(record: Record) -> dict[str, str]:
    """Callers in it are sealed and masked, as on the bus."""
    key, value = (part.decode(errors="replace") for part in (record.key, record.value))
    return {"topic": record.topic, "key": key, "value": value}
