"""After a change of policy: every case whose clocks run is counted anew, a page at a time, beside the timers."""

import asyncio

import msgspec
import structlog

from services.sla.domain.clocks import Clocks
from services.sla.domain.schedule import Schedule
from services.sla.store import Store
from services.sla.timers import write_of
from shared import names
from shared.away import AWAY
from shared.clock import Clock as WallClock

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
            done = await _page(store, schedule)
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


async def _page(store: Store, schedule: Schedule) -> int:
    found = await store.outdated(schedule.version, PAGE)
    writes = []
    for document in found:
        state = msgspec.convert(document["state"], Clocks)
        schedule.renew(state)
        writes.append(write_of(document, state))
    await store.cases.save(writes)
    names.TIMERS_RECOUNTED.inc(len(found))
    return len(found)
