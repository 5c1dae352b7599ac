"""The people of the centre behind the agents: dispatcher, auditor, follow-up callers."""

from hotline.surge.rounds import Actor, Item


class Dispatcher(Actor):
    """Sends out the cases that no rule of the policy could route; some are another city's, or 120's."""

    async def round(self) -> None:
        await self.each(self._send, state="PENDING_DISPATCH")

    async def _send(self, item: Item) -> None:
        case, partners = str(item["id"]), self.world.partners
        if case in self.world.wall.to_link:
            return
        ours = not partners or case == self.world.wall.event_case
        elsewhere = not ours and self.draw("elsewhere", case) < self.world.mix.transferred
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
        """A disputed order waits for the ruling, and an answer to many for its moment."""
        wall, event = self.world.wall, self.world.mix.event_case
        if item["arbitration"] or (item["id"] == wall.event_case and wall.served < event.answered):
            return
        for order in item["orders"]:
            if order["state"] == "FED_BACK":
                await self._judge_answer(str(item["id"]), str(order["id"]))

    async def _judge_answer(self, case: str, order: str) -> None:
        share = self.world.mix.departments.sent_back
        passed = self.draw("sent back", order, self.tries("audit", order)) >= share
        reason = "" if passed else "答复未说明办理结果，请补充。"
        await self.command(case, "audit", order, {"order": order, "passed": passed, "reason": reason})


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
