"""The people of the centre and the city behind the agents: dispatcher, auditor, supervisor, follow-up callers."""

from hotline.surge.rounds import Actor, Item


class Dispatcher(Actor):
    """Sends out the cases that no rule of the policy could route; some are another city's, or 120's."""

    async def round(self) -> None:
        await self.each(self._send, state="PENDING_DISPATCH")

    async def _send(self, item: Item) -> None:
        case, partners = str(item["id"]), self.world.partners
        elsewhere = bool(partners) and self.draw("elsewhere", case) < self.world.mix.transferred
        if elsewhere and not self.tries("ask_transfer", case):
            await self._transfer(case, partners[self.world.chance.pick(len(partners), "partner", case)])
        else:
            await self._assign(item)

    async def _transfer(self, case: str, partner: str) -> None:
        body = {
            "target": partner,
            "reason": "事项不属本地职责。",
            "asked_action": "请协助办理并反馈结果。",
            "consent": True,
        }
        await self.command(case, "ask_transfer", case, body)

    async def _assign(self, item: Item) -> None:
        case, units = str(item["id"]), self.world.units
        first = self.world.chance.pick(len(units), "lead", case)
        several = self.draw("several", case) < self.world.mix.several_units
        supporting = [units[(first + 1) % len(units)]] if several else []
        await self.command(case, "assign", case, {"lead": units[first], "supporting": supporting})


class Auditor(Actor):
    """Reads the departments' answers before the citizen hears them; sends some back."""

    async def round(self) -> None:
        await self.each(self._audit, state="PENDING_AUDIT")

    async def _audit(self, item: Item) -> None:
        for order in item["orders"]:
            if order["state"] == "FED_BACK":
                await self._judge_answer(str(item["id"]), str(order["id"]))

    async def _judge_answer(self, case: str, order: str) -> None:
        share = self.world.mix.departments.sent_back
        passed = self.draw("sent back", order, self.tries("audit", order)) >= share
        reason = "" if passed else "答复未说明办理结果，请补充。"
        await self.command(case, "audit", order, {"order": order, "passed": passed, "reason": reason})


class Supervisor(Actor):
    """Judges the departments' returns and the callers' wishes to reopen."""

    async def round(self) -> None:
        for unit in self.world.units:
            await self.each(self._judge_returns, unit=unit, state="RETURN_ASKED")
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
        await self.command(case, "judge_return", order, body)

    async def _judge_reopening(self, item: Item) -> None:
        case = str(item["id"])
        if self.draw("reopen", case) < self.world.mix.reopened and not self.tries("reopen", case):
            await self.command(case, "reopen", case, {"reason": "来电人反映问题仍未解决。"})
        else:
            await self.command(case, "close", case, {"reason": "已向来电人说明办理结果。"})


class FollowUpCaller(Actor):
    """Calls the citizen back: is it solved?"""

    async def round(self) -> None:
        await self.each(self._call, state="PENDING_CALLBACK")

    async def _call(self, item: Item) -> None:
        case = str(item["id"])
        turn = self.tries("follow_up", case)
        solved = self.draw("solved", case, turn) >= self.world.mix.follow_up_unsolved
        satisfaction = 3 + self.world.chance.pick(3, "satisfaction", case, turn) if solved else 1
        await self.command(case, "follow_up", case, {"solved": solved, "satisfaction": satisfaction})
