"""How far the platform is, cheaply: cases by state from the database, lag by group from the broker."""

from typing import Any, get_args

import structlog
from aiokafka.errors import KafkaError
from motor.motor_asyncio import AsyncIOMotorClient
from msgspec import Struct, field
from pymongo.errors import PyMongoError

from shared.groups import Groups
from shared.settings import Settings
from shared.states import OVER, CaseState

log = structlog.get_logger()
OPEN_STATES = tuple(state for state in get_args(CaseState) if state not in OVER and state != "UNKNOWN")


class Status(Struct, frozen=True, kw_only=True):
    """`cases` in dispatch's database, those that are open by state, waiting commands, and records behind by group."""

    cases: int = 0
    states: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    lag: dict[str, int] = field(default_factory=dict)
    known: bool = False
    """Broker and database answered."""

    @property
    def open(self) -> int:
        return sum(self.states.values())

    @property
    def at_rest(self) -> bool:
        return self.known and not self.open and not self.waiting and not any(self.lag.values())


class Monitor:
    """Looks at one city."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Any = AsyncIOMotorClient(settings.mongo, serverSelectionTimeoutMS=1500, socketTimeoutMS=5000)
        self._groups = Groups(settings.kafka, settings.city)
        self._last = Status()

    async def look(self) -> Status:
        """The present status, or the last one, marked unknown, while a server is away."""
        try:
            self._last = await self._read()
        except (PyMongoError, KafkaError, OSError, TimeoutError) as error:
            log.debug("status unknown", error=repr(error))
            self._last = Status(cases=self._last.cases, states=self._last.states, lag=self._last.lag)
        return self._last

    async def _read(self) -> Status:
        dispatch = self._client[self._settings.database("dispatch")]
        return Status(
            cases=await _count(dispatch.cases),
            states=await _by_state(dispatch.cases),
            waiting=await _count(dispatch.waiting),
            lag=await self._groups.lag(),
            known=True,
        )

    async def stuck(self, limit: int = 10) -> list[str]:
        """Some open cases with their states, for the person who asks why nothing moves."""
        dispatch = self._client[self._settings.database("dispatch")]
        try:
            rows = await dispatch.cases.find({"state": {"$in": OPEN_STATES}}, {"state": 1}).limit(limit).to_list(None)
        except PyMongoError as error:
            return [f"the database does not answer: {error!r}"]
        return [f"{row['_id']} {row['state']}" for row in rows]

    async def close(self) -> None:
        self._client.close()
        await self._groups.close()


async def _by_state(collection: Any) -> dict[str, int]:
    """How many open cases are in each state, in the order of the states."""
    steps = [{"$match": {"state": {"$in": OPEN_STATES}}}, {"$group": {"_id": "$state", "n": {"$sum": 1}}}]
    found = {row["_id"]: row["n"] for row in await collection.aggregate(steps).to_list(None)}
    return {state: found[state] for state in OPEN_STATES if state in found}


async def _count(collection: Any) -> int:
    """Counted by the index: the collection's own estimate is wrong after the database was killed."""
    return int(await collection.count_documents({}, hint="_id_"))
