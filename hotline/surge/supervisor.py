"""The supervisor, who judges what departments and callers ask, arbitrates, parks cases and resumes them."""

from datetime import datetime, timedelta

from hotline.surge.door import Door
from hotline.surge.journal import Journal
from hotline.surge.rounds import Actor, Item, World
from shared.states import OVER

REVIEW = timedelta(days=60)
"""After the first order's issue: any run is over by then."""
ANSWERED = OVER | {"PENDING_REPLY", "PENDING_CALLBACK"}


class Supervisor(Actor):
    """Judges the departments' returns and extensions, arbitrates, and judges the callers' wishes to reopen."""

    busy_s, idle_s = 2.0, (2.0, 4.0)

    def __init__(self, world: World, door: Door, journal: Journal) -> None:
        super().__init__(world, door, journal)
        self._disputes: dict[str, None] = {}

    async def round(self) -> None:
        await self.each(self._judge_returns, order_state="RETURN_ASKED")
        await self.each(self._judge_extensions, order_state="EXTENSION_ASKED")
        await self.all(self._arbitrate, list(self._disputes))
        await self.each(self._resume, state="PARKED")
        await self.each(self._judge_reopening, state="REOPEN_REQUESTED")

    async def _judge_returns(self, item: Item) -> None:
        for order in item["orders"]:
            if order["state"] == "RETURN_ASKED":
                await self._judge_return(item, str(order["id"]))

    async def _judge_return(self, item: Item, order: str) -> None:
        case, taken = str(item["id"]), {other["unit"] for other in item["orders"]}
        free = [unit for unit in self.world.units if unit not in taken]
        tries = self.tries("judge_return", order)
        approve = not tries and bool(free) and self.draw("approve", order) < self.world.mix.departments.return_approved
        body: Item = {"order": order, "approve": approve, "reason": "" if approve else "职责明确，请继续办理。"}
        if approve:
            body["unit"] = free[self.world.chance.pick(len(free), "instead", order)]
            self._disputes[case] = None
        await self.command(case, "judge_return", order, body)

    async def _arbitrate(self, case: str) -> None:
        """After the last allowed return: who serves the citizen meanwhile is in charge, or another unit."""
        item: Item = (await self.door.get(f"/cases/{case}")).body
        if item["state"] in ANSWERED:
            del self._disputes[case]
        for order in item["orders"]:
            if order["disputed"] and order["state"] in ("HANDLING", "EXTENSION_ASKED", "FED_BACK"):
                await self._rule(item, order)

    async def _rule(self, item: Item, order: Item) -> None:
        taken = {other["unit"] for other in item["orders"]}
        free = [unit for unit in self.world.units if unit not in taken]
        another = bool(free) and not self.tries("arbitrate", order["id"]) and self.draw("another", order["id"]) < 0.5
        unit = free[self.world.chance.pick(len(free), "ruled", order["id"])] if another else order["unit"]
        body = {"order": order["id"], "unit": unit, "reason": "经会商，由该单位负责办理。"}
        await self.command(str(item["id"]), "arbitrate", str(order["id"]), body)

    async def _judge_extensions(self, item: Item) -> None:
        """Some matters take so long that they are parked first; the request is judged after that."""
        case, parked = str(item["id"]), self.world.mix.departments.parked
        if item["state"] == "PARKED":
            return
        if self.draw("parked", case) < parked and not self.tries("park", case):
            await self._park(item)
            return
        for order in item["orders"]:
            if order["state"] == "EXTENSION_ASKED":
                await self._judge_extension(case, str(order["id"]))

    async def _judge_extension(self, case: str, order: str) -> None:
        share = self.world.mix.departments.extension_approved
        approve = not self.tries("judge_extension", order) and self.draw("extend", order) < share
        body = {"order": order, "approve": approve, "reason": "情况属实。" if approve else "请按原时限办理。"}
        await self.command(case, "judge_extension", order, body)

    async def _park(self, item: Item) -> None:
        case = str(item["id"])
        review = min(datetime.fromisoformat(order["issued_at"]) for order in item["orders"]) + REVIEW
        await self.command(case, "park", case, {"reason": "需列入年度计划。", "review_at": review.isoformat()})

    async def _resume(self, item: Item) -> None:
        await self.command(str(item["id"]), "resume", str(item["id"]), {"reason": "条件已具备，恢复办理。"})

    async def _judge_reopening(self, item: Item) -> None:
        case = str(item["id"])
        if self.draw("reopen", case) < self.world.mix.reopened and not self.tries("reopen", case):
            await self.command(case, "reopen", case, {"reason": "来电人反映问题仍未解决。"})
        else:
            await self.command(case, "close", case, {"reason": "已向来电人说明办理结果。"})
