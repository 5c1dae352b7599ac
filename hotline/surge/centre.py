"""Callers and agents: the telephone system's events, the agents' cases and notes, over intake's API."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from itertools import islice
from typing import Any

from hotline.surge.calls import Call, Round
from hotline.surge.door import Door
from hotline.surge.journal import Attached, Journal, Registered, Touches
from hotline.surge.wall import Wall

GROUP = 50
"""Calls whose events the telephone system sends in one array."""
GROUPS_IN_FLIGHT = 5
TICK_S = 0.05
NUMBER_S = 5.0
"""An agent waits at most so long for a case's number before the caller hangs up."""
LOOK_S = 0.5
AGAIN_IN_FLIGHT = 8
DESK_ANSWER = "已在通话中答复：请以市政府当日公告为准，如有变化将另行通知。"


class Counts:
    """How far the callers are."""

    def __init__(self) -> None:
        self.offered = self.ended = self.registered = self.attached = self.again = 0
        self.started = self.finished = 0.0


class Centre:
    """Plays a round. `rate` in calls per second; 0: as fast as the agents get numbers for their cases.

    A hall has a bounded number of seats, and an agent tells the caller the case's number before the next call. One case
    of each group is looked up for that, at `dispatch`. Where a rate is asked for, calls come whatever becomes of them.
    """

    def __init__(
        self, plan: Round, pbx: Door, agents: Sequence[Door], journal: Journal, rate: float, dispatch: Door, wall: Wall
    ) -> None:
        self.counts = Counts()
        self._plan = plan
        self._pbx = pbx
        self._agents = agents
        self._journal = journal
        self._rate = rate
        self._dispatch = dispatch
        self._wall = wall
        self._groups = asyncio.Semaphore(GROUPS_IN_FLIGHT)
        self._again = asyncio.Semaphore(AGAIN_IN_FLIGHT)

    async def run(self) -> None:
        """Returns when every call, and every later one, has ended. Those about the one cause come beside the rate."""
        self.counts.started = time.time()
        size = GROUP if not self._rate else max(1, min(GROUP, int(self._rate * TICK_S)))
        calls, begun = self._plan.calls(), 0
        async with asyncio.TaskGroup() as tasks:
            while group := list(islice(calls, size)):
                await self._pace(begun)
                await self._groups.acquire()
                tasks.create_task(self._released(group, tasks))
                begun += sum(call.kind != "event" for call in group)
        self.counts.finished = time.time()

    async def _pace(self, begun: int) -> None:
        if self._rate:
            await asyncio.sleep(max(0.0, self.counts.started + begun / self._rate - time.time()))

    async def _released(self, group: Sequence[Call], tasks: asyncio.TaskGroup) -> None:
        try:
            await self._serve(group, tasks)
        finally:
            self._groups.release()

    async def _serve(self, group: Sequence[Call], tasks: asyncio.TaskGroup) -> None:
        contacts = await self._send([event for call in group for event in call.opening()])
        self.counts.offered += len(group)
        matters = [self._matter(call, contacts[call.id], tasks) for call in group if call.kind != "ivr"]
        cases = [case for case in await asyncio.gather(*matters) if case]
        if cases and not self._rate:
            await self._numbered(cases[-1])
        closing = [event for call in group for event in call.closing()]
        if closing:
            await self._send(closing)
        self.counts.ended += len(group)
        self._wall.served += sum(call.kind != "event" for call in group) / self._plan.count

    async def _numbered(self, case: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(NUMBER_S):
                while True:
                    answer = await self._dispatch.get(f"/cases/{case}")
                    if answer.status != 404:
                        return
                    await asyncio.sleep(LOOK_S)

    async def _send(self, events: list[dict[str, Any]]) -> dict[str, str]:
        """Contact id by call id; a refusal is journaled and gives empty ids."""
        answer = await self._pbx.post("/calls/events", events)
        if answer.status != 202:
            self._journal.refused("calls/events", answer.status, answer.body)
            return {event["call_id"]: "" for event in events}
        contacts = {call: known["contact_id"] for call, known in answer.body["calls"].items()}
        items = tuple((contacts[event["call_id"]], event["number"], event["type"]) for event in events)
        self._journal.write(Touches(time.time(), items))
        return contacts

    async def _matter(self, call: Call, contact: str, tasks: asyncio.TaskGroup) -> str:
        """The case that the call opened, or empty."""
        if not contact:
            return ""
        if call.kind == "again":
            await self._attach(call, contact)
            return ""
        case = await self._register(call, contact)
        for later in self._later(call, case):
            tasks.create_task(self._call_again(later, tasks))
        return case

    def _later(self, call: Call, case: str) -> list[Call]:
        """Calls that follow from a case that departments work on."""
        if not case or call.kind not in ("dispatched", "event"):
            return []
        if call.kind == "event":
            self._wall.reported(case)
        neighbour = self._plan.neighbour(call)
        return [later for later in (self._plan.again(call, case), neighbour) if later is not None]

    async def _register(self, call: Call, contact: str) -> str:
        """The case's id, empty where intake refused."""
        asked, agent = time.time(), self._agents[call.index % len(self._agents)]
        answer = await agent.post(f"/contacts/{contact}/cases", self._case(call))
        if answer.status != 202:
            self._journal.refused("cases", answer.status, answer.body)
            return ""
        case, command = str(answer.body["case_id"]), str(answer.body["command_id"])
        answered = call.kind == "desk"
        self._journal.write(Registered(asked, time.time(), contact, 1, case, command, answered))
        self.counts.registered += 1
        return case

    def _case(self, call: Call) -> dict[str, Any]:
        body: dict[str, Any] = {"matter": 1, "title": call.message.headline, "text": call.message.text}
        if call.caller:
            body["caller"] = call.caller
        if call.kind == "desk":
            return {**body, "request_type": "ZX", "answer": DESK_ANSWER}
        topic = self._plan.mix.event_case.topic if call.kind == "event" else ""
        return {
            **body, "request_type": self._request_type(call), "topic": topic, "urgent": call.urgent, "key": call.key
        }  # fmt: skip

    def _request_type(self, call: Call) -> str:
        """Who calls about the one cause asks for help: a confidential report could not be linked to it."""
        if call.kind == "event":
            return "QZ"
        drawn = self._plan.chance.draw("type", call.index)
        for name, share in self._plan.mix.request_types.items():
            drawn -= share
            if drawn < 0:
                return name
        return "QZ"

    async def _call_again(self, call: Call, tasks: asyncio.TaskGroup) -> None:
        within = self._plan.mix.calls_again_within_s
        await asyncio.sleep(within * self._plan.chance.draw("again after", call.index))
        async with self._again:
            await self._serve([call], tasks)
            self.counts.again += 1

    async def _attach(self, call: Call, contact: str) -> None:
        body = {"case_id": call.case, "text": "再次来电询问办理进展。", "caller": call.caller}
        agent = self._agents[call.index % len(self._agents)]
        answer = await agent.post(f"/contacts/{contact}/attachments", body)
        if answer.status != 202:
            self._journal.refused("attachments", answer.status, answer.body)
            return
        command = str(answer.body.get("command_id", ""))
        self._journal.write(Attached(time.time(), contact, call.case, command))
        self.counts.attached += 1
