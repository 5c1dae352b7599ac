"""How a department works on an order, and the departments that work through dispatch's API."""

from datetime import datetime, timedelta
from typing import Any, Literal

from hotline.surge.door import Door
from hotline.surge.journal import Journal
from hotline.surge.rounds import Actor, Item, World

Plan = Literal["sign", "return", "silent"]
PUBLIC_ANSWER = "您反映的问题已办理：工作人员已联系处理并说明了有关政策，感谢您的来电。"


def plan_of(world: World, case: str, order: str, issued: datetime) -> Plan:
    """What the department does first with an order: sign it, ask it back, or, in the first days, nothing at all."""
    shares = world.mix.departments
    if world.chance.yes(shares.disputed, "disputed", case):
        return "return"
    drawn = world.chance.draw("department", order)
    if drawn < shares.silent:
        return "silent" if issued < world.began + timedelta(days=shares.silent_days) else "sign"
    return "return" if drawn < shares.silent + shares.returned else "sign"


def extension_of(world: World, order: str, issued: datetime) -> dict[str, Any] | None:
    """More time than it has, where the department asks for it at all."""
    shares = world.mix.departments
    if not world.chance.yes(shares.extended, "extension", order):
        return None
    until = issued + timedelta(days=shares.extended_days)
    return {"order": order, "until": until.isoformat(), "reason": "涉及多个单位，需现场勘查。", "plan": "已排定勘查。"}


def return_of(order: str) -> dict[str, Any]:
    return {"order": order, "reason": "not_ours", "basis": "三定方案"}


def answer_of(order: str) -> dict[str, Any]:
    return {"order": order, "public_answer": PUBLIC_ANSWER, "internal": "已现场核实。", "solved": True}


class HttpDepartment(Actor):
    """A department that reads its list and posts its commands; there are forty of them, so each looks less often."""

    busy_s, idle_s = 1.0, (2.0, 6.0)

    def __init__(self, world: World, door: Door, journal: Journal, unit: str, parallel: int = 32) -> None:
        super().__init__(world, door, journal, parallel)
        self._unit = unit

    async def round(self) -> None:
        await self.each(self._go_on, unit=self._unit)

    async def _go_on(self, item: Item) -> None:
        acts = {"WAIT_SIGN": self._take, "HANDLING": self._handle}
        for order in item["orders"]:
            if order["unit"] == self._unit and order["state"] in acts:
                await acts[order["state"]](str(item["id"]), order)

    async def _take(self, case: str, mine: Item) -> None:
        if case in self.world.wall.to_link:
            return
        order = str(mine["id"])
        plan = plan_of(self.world, case, order, datetime.fromisoformat(mine["issued_at"]))
        if plan == "return" and not self.tries("ask_return", order):
            await self.command(case, "ask_return", order, return_of(order))
        elif plan != "silent":
            await self.command(case, "sign", order, {"order": order})

    async def _handle(self, case: str, mine: Item) -> None:
        order = str(mine["id"])
        longer = extension_of(self.world, order, datetime.fromisoformat(mine["issued_at"]))
        if longer and not self.tries("ask_extension", order):
            await self.command(case, "ask_extension", order, longer)
        else:
            await self.command(case, "answer", order, answer_of(order))
