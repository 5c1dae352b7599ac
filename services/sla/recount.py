"""After a change of policy: every case whose clocks run is counted anew, a page at a time, beside the timers."""

import asyncio

import msgspec
import structlog

from services.sla.domain.clocks import Clocks
from services.sla.domain.schedule import Schedule
from services.sla.store import Store
from services.sla.timers import aside, write_of
from shared import names
from shared.away import AWAY
from shared.clock import Clock as WallClock
from shared.documents import Document, Write

log = structlog.get_logger()
PAGE = 500
WAIT_S = 2.0


async def recount(store: Store, schedule: Schedule, clock: WallClock) -> int:
    """Until no running case is left that was counted under another version; returns how many there were.

    A write whose guard fails was folded meanwhile by its reader, under this version; other replicas may share the work.
    """
    total = 0
    while True:
        try:
            done = await _page(store, schedule, clock)
        except AWAY as error:
            log.warning("counting anew waits", error=repr(error))
            await clock.sleep(WAIT_S)
            continue
        total += done
        if not done:
            if total:
                log.info("deadlines were counted anew", cases=total, version=schedule.version)
            return total
        await asyncio.sleep(0)


async def _page(store: Store, schedule: Schedule, clock: WallClock) -> int:
    found = await store.outdated(schedule.version, PAGE)
    await store.cases.save([_counted(document, schedule, clock) for document in found])
    names.TIMERS_RECOUNTED.inc(len(found))
    return len(found)


def _counted(document: Document, schedule: Schedule, clock: WallClock) -> Write:
    """One that cannot be counted is left to the timers, which try it again."""
    try:
        state = msgspec.convert(document["state"], Clocks)
        schedule.renew(state)
        return write_of(document, state)
    except Exception as error:
        return aside(document, error, clock.now(), schedule.version)
