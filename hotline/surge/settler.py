"""The person who settles what the gateway left open: replies unknown or unreachable (design.md §3.12)."""

import asyncio
import time
from typing import Any

from hotline.surge.door import Door
from hotline.surge.journal import Journal, Settled

PERIOD_S = 1.0


class Settler:
    """Looks at notify's lists and telephones the citizen himself."""

    def __init__(self, door: Door, journal: Journal) -> None:
        self.acted = 0
        self._door = door
        self._journal = journal
        self._settled: set[str] = set()

    async def run(self) -> None:
        while True:
            for state in ("unknown", "unreachable"):
                await self._round(state)
            await asyncio.sleep(PERIOD_S)

    async def _round(self, state: str) -> None:
        answer = await self._door.get(f"/obligations?state={state}&limit=1000")
        if answer.status != 200:
            self._journal.refused(f"obligations?state={state}", answer.status, answer.body)
            return
        items: list[dict[str, Any]] = answer.body["items"]
        for item in items:
            await self._settle(str(item["case"]), str(item["obligation"]))

    async def _settle(self, case: str, obligation: str) -> None:
        if obligation in self._settled:
            return
        body = {"how": "person", "proof": f"回拨电话 {obligation[:8]}"}
        answer = await self._door.post(f"/obligations/{case}/{obligation}/settle", body, f"settle:{obligation}")
        if answer.status in (200, 202):
            self._settled.add(obligation)
            self._journal.write(Settled(time.time(), case, obligation))
            self.acted += 1
        elif answer.status not in (404, 409):
            self._journal.refused(f"settle {case}", answer.status, answer.body)
